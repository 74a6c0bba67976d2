"""The account's own fields of readers: up to five, with labels, asked for or not."""

from sqlalchemy import select

from kbadmin.database import db, unit_of_work
from kbadmin.readers import fields
from kbadmin.readers.fields import LabelTaken
from kbadmin.readers.models import ReaderField
from tests.at_once import second_meets_first
from tests.databases import both_databases
from tests.factories import inside, open_account
from tests.readers.people import OLIVE, add, row_of
from tests.users.pages import actions


def add_field(browser, label, *, required=False):
    form = browser.open("/readers/fields/new").form("Add Field").fill("Label", label)
    return form.tick("Must be filled in", on=required).press()


def id_of(app, account, label):
    with inside(app, account):
        return db.session.scalars(select(ReaderField.id).filter_by(label=label)).one()


@both_databases
def test_a_field_stands_on_every_reader(app, account, owner_browser):
    assert add_field(owner_browser, "Department").messages == ["Field Department added."]
    add_field(owner_browser, "Customer number", required=True)
    form = owner_browser.open("/readers/new").form("Add Reader").fill("E-mail Address", "rita@example.org")
    page = form.fill("Department", "Sales").press(status=422)
    assert page.form("Add Reader").error("Customer number") == "Enter something under Customer number."
    assert page.form("Add Reader").value("Department") == "Sales"
    page = page.form("Add Reader").fill("Customer number", "4711").press()
    reader_id = page.links["rita@example.org"].rpartition("/")[2]
    form = owner_browser.open(f"/readers/{reader_id}").form("Save")
    assert (form.value("Department"), form.value("Customer number")) == ("Sales", "4711")


def test_there_are_five_at_most_each_with_a_label_of_its_own(owner_browser):
    for label in ("One", "Two", "Three", "Four"):
        add_field(owner_browser, label)
    page = owner_browser.open("/readers/fields/new").form("Add Field").fill("Label", "ONE").press(status=422)
    assert page.errors == ["Another field has this label already. Choose a label of its own."]
    page = add_field(owner_browser, "Five")
    assert "Add Field" not in page.links
    page = owner_browser.open("/readers/fields/new").form("Add Field").fill("Label", "Six").press(status=422)
    assert page.errors == ["There are 5 fields already. Delete or rename one of them."]


def test_no_label_is_that_of_a_column_which_files_have_anyway(owner_browser):
    add_field(owner_browser, "Department")
    path = owner_browser.open("/readers/fields").links["Department"]
    for label in ("first  name", "E-MAIL", "Surname", "Groups"):
        for page, button in (("/readers/fields/new", "Add Field"), (path, "Save")):
            refused = owner_browser.open(page).form(button).fill("Label", label).press(status=422)
            assert refused.errors == ["Files of readers have a column of this name already. Choose another label."]
            assert refused.form(button).value("Label") == label


def test_labels_that_files_cannot_tell_apart_are_one(owner_browser):
    add_field(owner_browser, "Team A")
    page = owner_browser.open("/readers/fields/new").form("Add Field").fill("Label", "team\u2003 A").press(status=422)
    assert page.errors == ["Another field has this label already. Choose a label of its own."]


def test_a_field_from_before_the_rule_keeps_its_label(app, account, owner_browser):
    with inside(app, account), unit_of_work():
        db.session.add(ReaderField(number=1, label="Status"))
    path = owner_browser.open("/readers/fields").links["Status"]
    page = owner_browser.open(path).form("Save").tick("Must be filled in").press()
    assert page.messages == ["Field Status saved."]


@both_databases
def test_a_deleted_field_takes_its_values_along_and_its_place_is_free(app, account, owner_browser):
    add_field(owner_browser, "Department")
    add_field(owner_browser, "City")
    reader_id = add(app, account, fields={"field_1": "Sales", "field_2": "Bern"})
    globex = open_account(app, "Globex")
    foreign = add(app, globex, fields={"field_1": "Theirs"})
    page = owner_browser.open("/readers/fields").click("Delete Department")
    assert "is wiped, and cannot be brought back" in page.text
    assert page.press("Delete").messages == ["Field Department deleted."]
    row = row_of(app, account, reader_id)
    assert (row.field_1, row.field_2) == ("", "Bern")
    add_field(owner_browser, "Country")
    with inside(app, account):
        assert [(field.number, field.label) for field in fields.all_fields()] == [(1, "Country"), (2, "City")]
    assert actions(owner_browser)[1] == "Reader field deleted: Department"
    assert row_of(app, globex, foreign).field_1 == "Theirs"


def test_a_field_is_renamed(app, account, owner_browser):
    add_field(owner_browser, "Department")
    field_id = id_of(app, account, "Department")
    page = owner_browser.open(f"/readers/fields/{field_id}").form("Save").fill("Label", "Team").press()
    assert page.messages == ["Field Team saved."]
    assert actions(owner_browser)[0] == "Reader field changed: Team"


@both_databases
def test_of_two_who_give_two_fields_one_label_at_once_the_second_is_refused(app, account):
    with inside(app, account), unit_of_work():
        one, two = (fields.create(label=label, is_required=False, actor=OLIVE).id for label in ("One", "Two"))

    def rename(field_id, label):
        return lambda: fields.change(field_id, label=label, is_required=False, actor=OLIVE)

    assert second_meets_first(app, account, rename(one, "Team"), rename(two, "TEAM")) is LabelTaken
    with inside(app, account):
        assert [field.label for field in fields.all_fields()] == ["Team", "Two"]


@both_databases
def test_a_label_is_added_and_given_to_another_field_at_once_and_the_second_is_refused(app, account):
    with inside(app, account), unit_of_work():
        one = fields.create(label="One", is_required=False, actor=OLIVE).id

    def rename():
        fields.change(one, label="Team", is_required=False, actor=OLIVE)

    def create():
        fields.create(label="team", is_required=False, actor=OLIVE)

    assert second_meets_first(app, account, create, rename) is LabelTaken


def test_the_fields_of_another_account_do_not_exist_here(app, account, owner_browser):
    globex = open_account(app, "Globex")
    with inside(app, globex), unit_of_work():
        field_id = fields.create(label="Theirs", is_required=True, actor=OLIVE).id
    for path in ("", "/delete"):
        owner_browser.open(f"/readers/fields/{field_id}{path}", status=404)
    assert "Theirs" not in owner_browser.open("/readers/new").text
