"""Readers from a file: checked first, shown, then imported in the background; nothing half, and nothing twice."""

import pytest
from sqlalchemy import func, select

from kbadmin.database import db
from kbadmin.readers import operations, welcomers
from kbadmin.readers.import_models import ReaderImport, ReaderImportRow
from kbadmin.readers.importing import move_import
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember
from tests.databases import both_databases
from tests.factories import inside, open_account, signed_in
from tests.readers.people import add, add_group, names, row_of
from tests.readers.test_fields import add_field
from tests.users.pages import actions

SKIPPED = "Skipped, as you had them already"
HEADER = "E-mail Address,First Name,Last Name\n"


@pytest.fixture
def upload(owner_browser, worker):
    """``upload(b"…")`` chooses a file, has it checked, and answers the page that says what would happen."""

    def send(content, *, update=False, status=None, fill=lambda form: form, browser=owner_browser):
        content = content.encode() if isinstance(content, str) else content
        form = browser.open("/readers/import").form("Check the File").attach("File", content, "people.csv")
        page = fill(form.choose("Update them") if update else form).press(status=status)
        if page.status == 422:
            page.response.request.environ["wsgi.input"].close()  # What the test's client made of a large file.
            return page
        worker.drain()
        return browser.open(page.path)

    return send


def run(page, worker):
    """Start what was checked, and have it done."""
    button = next(words for words in page.buttons if words.startswith("Import "))
    page = page.press(button)
    worker.drain()
    return page.browser.open(page.path)


def everybody(app, account):
    with inside(app, account):
        query = select(Reader.email, Reader.first_name, Reader.last_name).order_by(Reader.email)
        return [tuple(row) for row in db.session.execute(query)]


def facts(page):
    return {found.dt.get_text(): found.dd.get_text() for found in page.soup.select("dl.facts > div")}


def problems(page):
    table = page.soup.find("caption", string="Rows with a problem")
    rows = table.find_parent("table").select("tbody tr") if table else []
    return {int(row.th.get_text()): row.select("td")[-1].get_text() for row in rows}


@both_databases
def test_a_file_is_checked_shown_and_imported(app, account, owner_browser, upload, worker, knowledge_base):
    chosen = add_group(app, account, "Customers")
    joining = add_group(app, account, "Partners", "example.org")
    add(app, account, "known@example.com", "Known")

    def fill(form):
        return form.tick("Customers").choose("These only").tick("Customer Help")

    page = upload(
        HEADER + "anna@EXAMPLE.org,Anna,Berg\nknown@example.com,Other,Name\nnonsense,X,Y\n\nbert@example.com,Bert,\n",
        fill=fill,
    )
    assert page.title == "Import of people.csv"
    assert facts(page) == {
        "New readers": "2", "Updated": "0", "Skipped, as you have them already": "1", "With a problem, left out": "1",
    }  # fmt: skip
    assert problems(page) == {4: "Enter an e-mail address such as support@example.com."}
    assert len(everybody(app, account)) == 1  # Nothing was imported yet.
    page = run(page, worker)
    assert facts(page) == {"Created": "2", "Updated": "0", SKIPPED: "1", "With a problem, left out": "1"}
    assert everybody(app, account) == [
        ("anna@example.org", "Anna", "Berg"), ("bert@example.com", "Bert", ""), ("known@example.com", "Known", ""),
    ]  # fmt: skip
    with inside(app, account):
        anna = operations.find_by_address("anna@example.org").id
        query = select(ReaderGroupMember.group_id).filter_by(reader_id=anna)
        assert set(db.session.scalars(query)) == {chosen, joining}
        assert db.session.scalars(select(ReaderAccess.knowledge_base_id)).all() == [knowledge_base] * 2
        assert db.session.scalar(select(func.count()).select_from(ReaderImportRow)) == 1  # The problem, for the report.
        assert db.session.scalar(select(ReaderImport.content)) is None
    assert actions(owner_browser)[:3] == ["Readers imported", "Readers import started", "Readers import prepared"]
    assert names(page.click("Show readers, newest first"))[:2] != []


@both_databases
def test_readers_one_has_already_are_updated_if_one_says_so(app, account, owner_browser, upload, worker):
    add_field(owner_browser, "Department")
    group = add_group(app, account, "Customers")
    known = add(app, account, "Known@example.com", "Old", "Name", fields={"field_1": "Sales"}, reads_everything=False)
    page = upload(
        "Department;e-mail;First Name\n;KNOWN@example.com;New\n", update=True, fill=lambda form: form.tick("Customers")
    )
    assert facts(page)["Updated"] == "1"
    run(page, worker)
    row = row_of(app, account, known)
    assert (row.email, row.first_name, row.last_name, row.field_1) == ("Known@example.com", "New", "Name", "Sales")
    assert row.sort_key == "name new"
    assert not row.reads_everything
    with inside(app, account):
        assert db.session.scalars(select(ReaderGroupMember.group_id)).all() == [group]


def test_importing_a_file_again_doubles_nobody(app, account, upload, worker):
    content = HEADER + "".join(f"r{n}@example.org,R{n},\n" for n in range(300))
    run(upload(content), worker)
    before = everybody(app, account)
    page = upload(content)
    assert facts(page)["Skipped, as you have them already"] == "300"
    assert "There is nothing to import." in page.text
    assert not [words for words in page.buttons if words.startswith("Import ")]
    page = run(upload(content + "new@example.org,N,\n"), worker)
    assert facts(page)[SKIPPED] == "300"
    before.insert(0, ("new@example.org", "N", ""))
    assert everybody(app, account) == before


def test_both_marks_and_line_ends_are_understood(app, account, upload, worker):
    rows = 'zoe@example.org;x;Zoë\r\n"a@example.org";;"Quo""ted; name"\r\n'
    run(upload("\ufeffE-Mail;First name;LASTNAME\r\n" + rows), worker)
    assert everybody(app, account) == [("a@example.org", "", 'Quo"ted; name'), ("zoe@example.org", "x", "Zoë")]


def test_columns_that_are_not_known_are_named(upload):
    assert (
        "Columns we do not know are left out: Vorname, Shoe size."
        in upload("E-mail Address,Vorname,Shoe size\na@example.org,A,42\n").text
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "The first line must name the columns"),
        (b"Name,Phone\nA,1\n", "one of them E-mail Address"),
        (HEADER.encode(), "There is no reader in this file"),
        ("E-mail Address\nä@example.org\n".encode("utf-16"), "This file is not UTF-8"),
        ("E-mail Address,Straße\na@example.org,x\n".encode("latin-1"), "The first line cannot be read"),
        (b"E-mail Address\0\na@example.org\n", "The first line cannot be read"),
        (b"E-mail Address,email\na@example.org,b\n", "The column email stands there twice"),
        (b'E-mail Address\na@example.org\n"b@example.org\nc@example.org\n', "in row 3 (line 3 of the file)"),
        (b'E-mail Address\n"a"b@example.org\n', "quotation marks in row 2"),
        (b"E-mail Address\n" + b"a@example.org\n" * 60_000, "more than 50,000 rows"),
        (b"E-mail Address\n" + b"a" * (5 * 1024 * 1024), "at most 5 MiB"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\n\x00", "The first line cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_a_way_out(app, account, upload, content, error):
    page = upload(content, status=422)
    assert error in page.form("Check the File").error("File")
    with inside(app, account):
        assert db.session.scalars(select(ReaderImport)).all() == []


def test_without_a_file_one_is_asked_for(owner_browser):
    page = owner_browser.open("/readers/import").form("Check the File").press(status=422)
    assert page.errors == ["Choose the file with your readers."]


@both_databases
def test_what_is_wrong_with_a_row_is_said_of_that_row_alone(app, account, upload, worker, owner_browser):
    add_field(owner_browser, "Department", required=True)
    rows = [
        b"ok@example.org,Fine,Person,Sales",
        b",No,Address,Sales",
        b"OK@example.org,Again,Person,Sales",
        b"latin@example.org,Zo\xeb,Latin,Sales",
        b"nul@example.org,N\0ul,Person,Sales",
        b"long@example.org," + b"x" * 300 * 1024 + b",Person,Sales",
        b"line@example.org,Li\xe2\x80\xa8ne,Person,Sales",
        b"more@example.org,More,Cells,Sales,and,more",
        b"none@example.org,No,Department,",
        b"few@example.org",
        b"a" * 70 + b"@example.org,Long,Address,Sales",
        b"A Name <x@example.org>,X,Y,Sales",
        b"field@example.org,X,Y," + b"d" * 201,
    ]
    page = upload(b"E-mail Address,First Name,Last Name,Department\n" + b"\n".join(rows) + b"\n")
    assert problems(page) == {
        3: "E-mail Address is empty.",
        4: "The same address stands in row 2.",
        5: "This row is not UTF-8. Save the file as “CSV UTF-8”.",
        6: "First Name: Remove the line break or invisible character.",
        7: "First Name: Shorten this to 80 characters or fewer.",
        8: "First Name: Remove the line break or invisible character.",
        9: "There are more cells than columns: a comma or semicolon too many, or quotation marks are missing.",
        10: "Department must be filled in.",
        11: "Department must be filled in.",
        12: "The part before @ is too long: it has at most 64 characters.",
        13: "Enter the address only, such as support@example.com, without a name.",
        14: "Department: Shorten this to 200 characters or fewer.",
    }
    page = run(page, worker)
    assert facts(page) == {"Created": "1", "Updated": "0", SKIPPED: "0", "With a problem, left out": "12"}
    assert everybody(app, account) == [("ok@example.org", "Fine", "Person")]


def test_an_address_that_stands_far_below_again_is_noticed(upload):
    content = HEADER + "".join(f"r{n}@example.org,,\n" for n in range(400)) + "R7@example.org,,\n"
    assert problems(upload(content)) == {402: "The same address stands in row 9."}


@pytest.mark.parametrize(
    "cell", ["=1+1", "+49 30 123", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", "=cmd|' /C calc'!A0"]
)
def test_formulas_are_text_here_and_in_every_file_we_write(app, account, owner_browser, upload, worker, cell):
    run(upload(HEADER + f'a@example.org,"{cell}",\n'), worker)
    assert everybody(app, account) == [("a@example.org", cell, "")]
    written = owner_browser.open("/readers/export").response.get_data().decode()
    assert f",'{cell}," in written
    run(upload(written, update=True), worker)  # Back in, it is what it was.
    assert everybody(app, account) == [("a@example.org", cell, "")]


def test_problems_are_shown_a_page_at_a_time(upload):
    page = upload(HEADER + "bad\n" * 250)
    assert len(problems(page)) == 100
    page = page.click("More problems").click("More problems")
    assert list(problems(page)) == list(range(202, 252))
    assert "Import" not in [words.split()[0] for words in page.buttons]


def test_the_template_has_the_accounts_columns(owner_browser):
    add_field(owner_browser, "=Department")
    page = owner_browser.open("/readers/import").click("Download the template")
    assert page.response.get_data().decode() == "E-mail Address,First Name,Last Name,'=Department\r\n"


@both_databases
def test_a_crash_in_the_middle_leaves_whole_rows_and_is_gone_on_from(app, account, upload, worker, clock):
    welcomed = []

    def break_once(reader):
        welcomed.append(reader.email)
        if len(welcomed) == 300:
            raise ConnectionError("the machine went down")

    breaking = welcomers.Welcomer(can_send=lambda: True, send=break_once)
    welcomers.WELCOMERS.append(breaking)
    try:
        content = HEADER + "".join(f"r{n:03}@example.org,R,\n" for n in range(600))
        page = upload(content, fill=lambda form: form.tick("Send a welcome e-mail to each new reader"))
        with pytest.raises(ConnectionError):
            run(page, worker)
        assert len(everybody(app, account)) == 250
        page = page.browser.open(page.path)
        assert "Gone through: 250 of 600 rows" in page.text
        assert "So far 250 created, 0 updated, 0 skipped, 0 with a problem." in page.text
        clock.advance(seconds=30)
        worker.sweep()
        worker.drain()
    finally:
        welcomers.WELCOMERS.remove(breaking)
    page = page.browser.open(page.path)
    assert facts(page)["Created"] == "600"
    assert len(set(everybody(app, account))) == len(everybody(app, account)) == 600


def test_a_second_wake_up_does_no_harm(app, account, owner_browser, upload, worker):
    page = upload(HEADER + "a@example.org,A,\n")
    import_id = page.path.rpartition("/")[2]
    with app.app_context():
        move_import(str(account.id), import_id)
    page = run(page, worker)
    with app.app_context():
        move_import(str(account.id), import_id)
    assert facts(page)["Created"] == "1"
    assert len(everybody(app, account)) == 1


def test_what_changes_between_check_and_start_is_seen(app, account, owner_browser, upload, worker):
    group = add_group(app, account, "Customers")
    page = upload(HEADER + "a@example.org,A,\nb@example.org,B,\n", fill=lambda form: form.tick("Customers"))
    add(app, account, "a@example.org", "Came first")
    owner_browser.open(f"/readers/groups/{group}/delete").press("Delete")
    page = run(page, worker)
    assert facts(page)["Created"] == facts(page)[SKIPPED] == "1"
    assert everybody(app, account) == [("a@example.org", "Came first", ""), ("b@example.org", "B", "")]


def test_only_what_is_imported_is_said_to_be_and_the_numbers_add_up(app, account, owner_browser, upload, worker):
    add(app, account, "known@example.org", "Known")
    content = HEADER + "a@example.org,A,\nb@example.org,B,\nknown@example.org,K,\nnonsense,,\n"
    page = upload(content)
    assert "This would happen with its 4 rows" in page.text
    page = page.press("Import 2 rows")  # Not the one that is skipped.
    assert "Gone through: 1 of 4 rows" in page.text
    assert "So far 0 created, 0 updated, 0 skipped, 1 with a problem." in page.text
    worker.drain()
    page = owner_browser.open(page.path)
    assert "What became of its 4 rows:" in page.text
    assert facts(page) == {"Created": "2", "Updated": "0", SKIPPED: "1", "With a problem, left out": "1"}
    page = upload(HEADER + "c@example.org,C,\nknown@example.org,K,\nnonsense,,\n").press("Import 1 row")
    page = page.click("Stop").press("Stop the import")
    assert facts(page) == {
        "Created": "0", "Updated": "0", SKIPPED: "0", "With a problem, left out": "1", "Not imported any more": "2",
    }  # fmt: skip
    listed = owner_browser.open("/readers/import").text
    assert "0 created, 0 updated, 0 skipped, 1 with a problem, 2 not imported any more" in listed
    assert "2 created, 0 updated, 1 skipped, 1 with a problem" in listed


def test_an_import_can_be_discarded_and_is_not_started_then(app, account, owner_browser, upload, worker):
    page = upload(HEADER + "a@example.org,A,\n")
    stopped = page.click("Discard").press("Stop the import")
    assert stopped.messages == ["The import is stopped."]
    again = page.press("Import 1 row")
    assert again.messages == ["That has been decided already. See where the import stands."]
    assert worker.drain() == 0
    assert everybody(app, account) == []
    with inside(app, account):
        assert db.session.scalars(select(ReaderImportRow)).all() == []


def test_a_welcome_is_offered_only_where_somebody_sends_it(owner_browser):
    assert "Send a welcome" not in owner_browser.open("/readers/import").text


def test_a_page_that_moves_asks_for_itself_again_with_and_without_scripts(owner_browser):
    form = (
        owner_browser.open("/readers/import")
        .form("Check the File")
        .attach("File", (HEADER + "a@b.example,,\n").encode(), "x.csv")
    )
    page = form.press()
    assert page.soup.select_one("#import")["hx-get"] == page.path
    assert page.soup.select_one("noscript meta[http-equiv=refresh]")
    assert page.click("Show how far it is").title == "Import of x.csv"
    assert "Being checked" in owner_browser.fragment(page.path).text


def test_what_is_left_of_old_imports_is_forgotten(app, account, owner_browser, upload, worker, clock):
    upload(HEADER + "a@example.org,A,\nbad,,\n")
    clock.advance(days=31)
    worker.sweep()
    with inside(app, account):
        assert db.session.scalars(select(ReaderImport)).all() == []
        assert db.session.scalars(select(ReaderImportRow)).all() == []


def test_a_deleted_reader_is_not_left_in_a_file_that_waits(app, account, owner_browser, upload):
    reader_id = add(app, account, "rita@example.org")
    upload(HEADER + "rita@example.org,Rita,\n")
    owner_browser.open(f"/readers/{reader_id}/delete").press("Delete")
    with inside(app, account):
        assert db.session.scalars(select(ReaderImportRow)).all() == []


@both_databases
def test_two_accounts_import_the_same_people_each_for_itself(app, account, upload, worker):
    globex = open_account(app, "Globex")
    theirs = signed_in(app, globex.owner)
    page = run(upload(HEADER + "a@example.org,Ours,\n"), worker)
    other = run(upload(HEADER + "a@example.org,Theirs,\n", browser=theirs), worker)
    assert everybody(app, account) == [("a@example.org", "Ours", "")]
    assert everybody(app, globex) == [("a@example.org", "Theirs", "")]
    theirs.open(page.path, status=404)
    theirs.open(f"{page.path}/stop", status=404)
    assert other.path != page.path
