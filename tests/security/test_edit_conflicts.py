"""Two people have one form open: nobody writes over what the other has saved without having seen it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kbadmin.database import unit_of_work
from kbadmin.readers import bulk, fields
from kbadmin.readers.bulk_orders import Deed, Order
from kbadmin.readers.listing import Wanted
from tests.articles.conftest import Shelves
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside
from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base, picture
from tests.readers import people

__all__ = ["knowledge_base", "make_knowledge_base"]


@dataclass(frozen=True)
class Place:
    """A form, and a field of it that two people fill differently."""

    path: str
    label: str
    theirs: str = "Theirs"
    mine: str = "Mine"


def _field(app, account):
    with inside(app, account), unit_of_work():
        return fields.create(label="Department", is_required=False, actor=people.OLIVE).id


def _category(app, account):
    shelves = Shelves(app, account, name="Shelves")
    return f"{shelves.path}/categories/{shelves.category()}"


def _texts(here):
    return Place(f"/readers/settings/texts/welcome{here}", "Subject")


PLACES: dict[str, Callable[..., Place]] = {
    "account": lambda app, account, here: Place("/account", "Account Name"),
    "settings": lambda app, account, here: Place(f"/knowledge-bases/{here}/settings", "Description"),
    "address": lambda app, account, here: Place(f"/knowledge-bases/{here}/settings", "Address", "theirs", "mine"),
    "subscriptions": lambda app, account, here: Place(f"/knowledge-bases/{here}/settings/subscriptions", "Subject"),
    "time of day": lambda app, account, here: Place(
        f"/knowledge-bases/{here}/settings/subscriptions", "Time", "10:00", "11:30"
    ),
    "reader e-mails": lambda app, account, here: Place("/readers/settings", "Welcome Links Work For", "24", "48"),
    "text of the account": lambda app, account, here: _texts(""),
    "text of a knowledge base": lambda app, account, here: _texts(f"?knowledge_base={here}"),
    "reader": lambda app, account, here: Place(f"/readers/{people.add(app, account)}", "First Name"),
    "group": lambda app, account, here: Place(f"/readers/groups/{people.add_group(app, account)}", "Description"),
    "domains": lambda app, account, here: Place(
        f"/readers/groups/{people.add_group(app, account)}", "E-mail Domains", "theirs.example", "mine.example"
    ),
    "field": lambda app, account, here: Place(f"/readers/fields/{_field(app, account)}", "Label"),
    "service": lambda app, account, here: Place(f"/smtp/{make_service(app, account, port=2525)}", "Send From Name"),
    "category": lambda app, account, here: Place(_category(app, account), "Description"),
}


@pytest.fixture
def place(request, app, account, knowledge_base):
    return PLACES[request.param](app, account, knowledge_base)


@pytest.fixture
def colleague(browser_as):
    return browser_as("owner")


def form_on(browser, place):
    return browser.open(place.path).form("Save")


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("is_saved_before", [True, False], ids=["saved before", "first save"])
def test_whoever_saves_second_gets_their_form_back_and_may_save_again(owner_browser, colleague, place, is_saved_before):
    if is_saved_before:
        form_on(owner_browser, place).press()
    mine = form_on(owner_browser, place).fill(place.label, place.mine)
    form_on(colleague, place).fill(place.label, place.theirs).press()

    page = mine.press(status=409)

    [said] = page.messages
    assert said.startswith("Owner Person (")
    assert ") saved this while you had it open" in said
    assert "Nothing of yours is saved yet, and nothing is lost" in said
    assert f"{place.label} {place.theirs}" in said
    assert page.form("Save").value(place.label) == place.mine
    assert form_on(owner_browser, place).value(place.label) == place.theirs

    page = page.press("Save", status=200)
    assert "saved" in " ".join(page.messages).lower()
    assert form_on(owner_browser, place).value(place.label) == place.mine


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_same_form_may_be_sent_twice(owner_browser, place):
    form = form_on(owner_browser, place).fill(place.label, place.mine)
    for _ in range(2):
        form.press(status=200)
    assert form_on(owner_browser, place).value(place.label) == place.mine


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_form_that_does_not_say_what_it_showed_writes_over_nothing(owner_browser, place):
    form_on(owner_browser, place).fill(place.label, place.theirs).press()
    for stamp in ("", "0", "x", "99999999999999999999 name:0"):
        form_on(owner_browser, place).fill(place.label, place.mine).forge("stamp", stamp).press(status=409)
    assert form_on(owner_browser, place).value(place.label) == place.theirs


# --- What is said


def test_a_change_of_ones_own_in_another_window_is_said_to_be_that(owner_browser, app, account):
    place = Place(f"/readers/groups/{people.add_group(app, account)}", "Description")
    first, second = (form_on(owner_browser, place).fill(place.label, text) for text in ("First", "Second"))
    first.press()
    assert "You saved this in another window while you had it open" in second.press(status=409).text


@both_databases
def test_groups_that_many_were_put_into_are_not_taken_away_unseen(owner_browser, app, account):
    reader, group = people.add(app, account, "zoe@example.com"), people.add_group(app, account, "Partners")
    form = owner_browser.open(f"/readers/{reader}").form("Save").fill("First Name", "Zoë")
    with inside(app, account), unit_of_work():
        order = Order(Deed.ADD_TO_GROUP, Wanted(), reader, (reader,), str(group))
        bulk.do(order, actor=people.OLIVE, facts={})

    page = form.press(status=409)

    [said] = page.messages
    assert said.startswith("This changed while you had it open")
    assert said.endswith("Saved now Groups Partners")
    page = page.form("Save").tick("Partners").press()
    assert page.messages == ["Reader Zoë saved."]


def test_who_saved_before_the_form_was_opened_is_not_named(owner_browser, colleague, clock, app, account):
    reader, group = people.add(app, account, "zoe@example.com"), people.add_group(app, account, "Partners")
    colleague.open(f"/readers/{reader}").form("Save").fill("First Name", "Zoë").press()
    clock.advance(seconds=5)
    form = owner_browser.open(f"/readers/{reader}").form("Save").fill("Last Name", "Meyer")
    with inside(app, account), unit_of_work():
        bulk.do(Order(Deed.ADD_TO_GROUP, Wanted(), reader, (reader,), str(group)), actor=people.OLIVE, facts={})
    [said] = form.press(status=409).messages
    assert said.startswith("This changed while you had it open")


def test_choices_are_said_in_their_words(owner_browser, colleague, app, account, knowledge_base):
    path = f"/knowledge-bases/{knowledge_base}/settings"
    mine = owner_browser.open(path).form("Save").fill("Name", "Help of Ours")
    theirs = colleague.open(path).form("Save").choose("Everybody").select("Time Zone", "Lisbon")
    theirs.fill("Allowed Domains", "a.example\nb.example").press()
    page = mine.press(status=409)
    [said] = page.messages
    assert "Time Zone Lisbon Who May Read Everybody Allowed Domains a.example b.example" in said
    assert " Name" not in said


def test_a_service_for_one_knowledge_base_is_not_changed_unseen(owner_browser, colleague, app, account, knowledge_base):
    for name in ("One relay", "Other relay"):
        make_service(app, account, port=2500, name=name)
    path = f"/readers/settings/texts?knowledge_base={knowledge_base}"
    words = owner_browser.open(path).form("Save").options("Custom SMTP")
    one, other = (next(word for word in words if word.startswith(name)) for name in ("One relay", "Other relay"))
    mine = owner_browser.open(path).form("Save").select("Custom SMTP", one)
    colleague.open(path).form("Save").select("Custom SMTP", other).press()
    page = mine.press(status=409)
    assert f"Custom SMTP {other}" in page.messages[0]
    assert page.form("Save").value("Custom SMTP") == one
    assert page.press("Save", status=200).messages == ["Reader e-mail settings saved."]


def test_a_text_that_was_set_back_meanwhile_is_written_again_only_on_purpose(owner_browser, colleague):
    path = "/readers/settings/texts/welcome"
    owner_browser.open(path).form("Save").fill("Subject", "Ours").press()
    mine = owner_browser.open(path).form("Save").fill("Subject", "Mine")
    colleague.open(f"{path}/default").press("Delete My Text")
    page = mine.press(status=409)
    assert ") saved this while you had it open" in page.messages[0]
    assert "Subject Welcome to" in page.messages[0]
    page.press("Save", status=200)
    assert owner_browser.open(path).form("Save").value("Subject") == "Mine"


def test_another_logo_is_not_written_over_unseen_but_keeps_nobody_from_the_rest(
    owner_browser, colleague, knowledge_base
):
    path = f"/knowledge-bases/{knowledge_base}/settings"
    rest, logo = (owner_browser.open(path).form("Save") for _ in range(2))
    colleague.open(path).form("Save").attach("Logo", picture(), "logo.png").press()
    assert rest.fill("Description", "Mine").press(status=200).messages[0].endswith("saved.")
    page = logo.fill("Description", "Mine").attach("Logo", picture(size=(30, 10)), "logo.png").press(status=409)
    [said] = page.messages
    assert said.startswith("Owner Person (")
    assert "Logo changed" in said
    assert "Description" not in said


def test_the_same_logo_may_be_sent_twice(owner_browser, knowledge_base):
    form = owner_browser.open(f"/knowledge-bases/{knowledge_base}/settings").form("Save")
    form.attach("Logo", picture(), "logo.png")
    for _ in range(2):
        form.press(status=200)


def test_a_logo_that_somebody_took_away_is_not_said_to_be_another(owner_browser, colleague, knowledge_base):
    path = f"/knowledge-bases/{knowledge_base}/settings"
    owner_browser.open(path).form("Save").attach("Logo", picture(), "a.png").press(status=200)
    mine = owner_browser.open(path).form("Save").attach("Logo", picture(size=(30, 30)), "b.png")
    theirs = colleague.open(path).form("Save")
    theirs.tick(next(label for label in theirs.labels if "Remove" in label)).press(status=200)
    [said] = mine.press(status=409).messages
    assert "Logo changed" in said
