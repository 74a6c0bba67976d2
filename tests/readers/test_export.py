"""Readers as a file: what is found, in the order of the list, safe in a spreadsheet, and holding nothing open."""

import csv
import io

import pytest

from kbadmin.database import begin_writing, db
from kbadmin.readers import exporting
from kbadmin.readers.listing import Wanted
from tests.databases import both_databases
from tests.factories import inside, open_account
from tests.readers.people import add, add_group, add_many
from tests.readers.test_fields import add_field


def exported(browser, query=""):
    page = browser.open(f"/readers/export{query}")
    assert page.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment; filename=" in page.response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(page.response.get_data().decode("utf-8"), newline="")))


@both_databases
def test_what_is_found_is_exported_with_all_that_is_known(app, account, owner_browser, knowledge_base, clock):
    add_field(owner_browser, "Department")
    groups = [add_group(app, account, name) for name in ("Partners", "Staff")]
    add(app, account, "zoe@example.org", "Zoë", "Adam", fields={"field_1": "Sales"}, groups=groups)
    named = {"reads_everything": False, "knowledge_bases": frozenset([knowledge_base])}
    add(app, account, "bert@example.org", "Bert", "Berg, junior", **named)
    add(app, account, "carl@example.com")
    add(app, open_account(app, "Globex"), "theirs@example.org")
    rows = exported(owner_browser, "?q=example.org")
    assert rows == [
        {
            "E-mail Address": "zoe@example.org", "First Name": "Zoë", "Last Name": "Adam", "Department": "Sales",
            "Status": "active", "Groups": "Partners, Staff", "May Open": "everything",
            "Added At": "2026-03-02T09:00:00Z", "Last Signed In At": "",
        },
        {
            "E-mail Address": "bert@example.org", "First Name": "Bert", "Last Name": "Berg, junior", "Department": "",
            "Status": "active", "Groups": "", "May Open": "Customer Help",
            "Added At": "2026-03-02T09:00:00Z", "Last Signed In At": "",
        },
    ]  # fmt: skip


@both_databases
def test_a_long_list_comes_in_pieces_and_lets_others_write_meanwhile(app, account):
    add_many(app, account, 2_500)
    for sort in ("name", "newest"):
        with inside(app, account):
            lines = exporting.rows(db.engine, account.id, Wanted(sort=sort), {})
            pieces = [next(lines), next(lines)]
            begin_writing()  # On SQLite this would wait for anybody who writes.
            db.session.rollback()
            pieces += list(lines)
        assert [piece.count("\r\n") for piece in pieces] == [1, 1_000, 1_000, 500]
        assert len(set("".join(pieces).splitlines())) == 2_501


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x",
        '=HYPERLINK("http://evil.example","x")',
    ],
)  # fmt: skip
def test_what_could_begin_a_formula_is_text(cell):
    written = exporting.lines([[cell, f"a{cell}"]])
    assert list(csv.reader(io.StringIO(written, newline=""))) == [[f"'{cell}", f"a{cell}"]]
