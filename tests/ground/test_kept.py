"""Markup that is kept for the next page: never out of date, never somebody else's."""

import pytest
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from kbadmin import notices
from kbadmin.database import db, unit_of_work
from kbadmin.templating import Kept, addresses_of, few
from kbadmin.users.models import Membership, User
from tests.factories import add_person, inside, open_account, signed_in
from tests.readers.people import add, add_group


class Asked(Form):
    """A form of two questions."""

    name = StringField("Name", [Length(max=5)])
    colour = SelectField("Colour", choices=[SelectChoice("r", "Red")], validate_choice=False)


class Drawer:
    """Draws something new at each call."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return f"drawing {self.calls}"


@pytest.fixture
def drawn(app):
    """``drawn("name", …)``: the block, and whether it was drawn anew."""
    kept, drawer = Kept(most=4), Drawer()

    def ask(name, *values, below=""):
        before = drawer.calls
        with app.test_request_context("/", base_url=f"http://localhost{below}"):
            markup = kept.block(name, *values, caller=drawer)
        return markup, drawer.calls > before

    return ask


def test_the_same_is_drawn_once(drawn):
    assert drawn("bar", "Acme", (1, 2)) == ("drawing 1", True)
    assert drawn("bar", "Acme", (1, 2)) == ("drawing 1", False)


def test_what_differs_in_anything_is_drawn_for_itself(drawn):
    first, *others = [("bar", "Acme", 1), ("bar", "Globex", 1), ("bar", "Acme", 2), ("other", "Acme", 1)]
    drawn(*first)
    assert all(drawn(*other)[1] for other in others)
    assert drawn(*first) == ("drawing 1", False)
    assert drawn(*first, below="/below")[1], "addresses begin with another path"


def test_a_form_is_kept_for_what_its_fields_show(drawn):
    def form(data, choices=(("r", "Red"),)):
        made = Asked(data=data)
        made.colour.choices = [SelectChoice(*one) for one in choices]
        return made

    assert drawn("form", form({"name": "Anna"}))[1]
    assert not drawn("form", form({"name": "Anna"}))[1]
    assert drawn("form", form({"name": "Bert"}))[1]
    assert drawn("form", form({"name": "Anna"}, [("r", "Red"), ("g", "Secret green")]))[1]
    wrong = form({"name": "Annabel"})
    assert drawn("form", wrong)[1]
    wrong.validate()
    assert drawn("form", wrong)[1], "the same, with an error"


def test_no_more_than_so_much_is_kept(drawn):
    for number in range(5):
        drawn("bar", number)
    assert not drawn("bar", 4)[1]
    assert drawn("bar", 0)[1]


def test_the_bar_follows_rights_names_and_accounts_at_once(app, account):
    person = add_person(app, account, "owner", name="Ann Smith")
    browser = signed_in(app, person)
    assert "Readers" in browser.open("/").links
    assert "Ann Smith" in browser.open("/").text
    with inside(app, account), unit_of_work():
        db.session.get_one(Membership, person.membership_id).role = "writer"
        db.session.get_one(User, person.id).name = "Ann Jones"
    page = browser.open("/")
    assert "Readers" not in page.links
    assert "Ann Jones" in page.text
    assert "Ann Smith" not in page.text
    with inside(app, account), unit_of_work():
        db.session.get_one(Membership, person.membership_id).manages_readers = True
    assert "Readers" in browser.open("/").links
    globex = open_account(app, "Globex")
    foreign = signed_in(app, globex.owner).open("/").text
    assert "Globex" in foreign
    assert "Acme" not in foreign
    assert "Ann" not in foreign


def test_a_filter_follows_what_may_be_chosen_and_is_each_accounts_own(app, account, owner_browser):
    add(app, account, "anna@example.com")
    globex = open_account(app, "Globex")
    add(app, globex, "gustav@example.com")
    their_browser = signed_in(app, globex.owner)
    assert owner_browser.open("/readers").text.count("Partners") == their_browser.open("/readers").text.count(
        "Partners"
    )
    add_group(app, account, "Our partners")
    assert "Our partners" in owner_browser.open("/readers").text
    assert "Our partners" not in their_browser.open("/readers").text


def test_addresses_of_a_list_are_those_of_url_for(app):
    with app.test_request_context("/", base_url="http://localhost/below"):
        address = addresses_of("readers.edit", "reader_id")
        assert address("01a2186e-eded-7669-a1c9-73b434f5cb38") == "/below/readers/01a2186e-eded-7669-a1c9-73b434f5cb38"


def test_a_few_names_say_how_many_there_are_besides():
    names = ["Anna", "Bert", "Carl", "Dora", "Emil"]
    assert [few(names[:number]) for number in (0, 1, 3, 5)] == [
        "",
        "Anna",
        "Anna, Bert, Carl",
        "Anna, Bert, Carl and 2 more",
    ]


def test_what_the_bell_counts_is_the_same_statement_for_everybody_at_any_time(app, clock):
    # It is put into words once. What depends on who looks, on the day or on a setting is a named parameter.
    def words():
        return [(str(built), built.params) for built in (asked.counted().compile() for asked in notices.NOTICES)]

    first = words()  # Outside a request there is nobody who looks, outside an application no setting.
    clock.advance(days=400)
    assert words() == first


def test_the_bell_follows_rights_and_settings_at_once(app, account):
    person = add_person(app, account, "none", manages_readers=True)
    browser = signed_in(app, person)
    assert not bell(browser)
    add(app, account, "waits@example.com", status="pending")
    assert bell(browser) == "1"
    with inside(app, account), unit_of_work():
        db.session.get_one(Membership, person.membership_id).manages_readers = False
        db.session.get_one(Membership, person.membership_id).role = "editor"
    assert not bell(browser)


def bell(browser):
    found = browser.open("/").soup.select_one(".bell-count")
    return found and found.text
