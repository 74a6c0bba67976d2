"""Two change what one person may do, or is called: nobody writes over what the other has saved unseen."""

import pytest

from tests import factories
from tests.knowledge_bases.conftest import make_knowledge_base
from tests.portal.library import Library

__all__ = ["make_knowledge_base"]

OPENED = "while you had it open"


@pytest.fixture
def edna(app, account):
    return factories.add_person(app, account, "editor", name="Edna Editor")


@pytest.fixture
def colleague(browser_as):
    return browser_as("owner")


# --- What somebody may do in the account


def test_a_role_that_another_owner_took_away_is_given_back_only_on_purpose(owner_browser, colleague, edna):
    path = f"/team/{edna.membership_id}"
    mine = owner_browser.open(path).form("Save").tick("Manage readers")
    colleague.open(path).form("Save").choose("Writer").press()

    page = mine.press(status=409)

    [said] = page.messages
    assert said.startswith("Owner Person (")
    assert f") saved this {OPENED}" in said
    assert said.endswith(" UTC Role Writer")
    assert page.form("Save").chosen("Role") == "Editor"
    assert owner_browser.open(path).form("Save").chosen("Role") == "Writer"
    assert page.press("Save", status=200).messages == ["Access of Edna Editor saved."]
    assert owner_browser.open(path).form("Save").chosen("Role") == "Editor"


def test_a_grant_that_another_owner_gave_is_not_taken_away_unseen(owner_browser, colleague, edna):
    path = f"/team/{edna.membership_id}"
    mine = owner_browser.open(path).form("Save").choose("Writer")
    colleague.open(path).form("Save").tick("Manage SMTP services").press()
    assert mine.press(status=409).messages[0].endswith(" UTC Manage SMTP services yes")


# --- Where somebody works


def test_where_somebody_works_is_not_written_over_unseen(owner_browser, colleague, edna, make_knowledge_base):
    make_knowledge_base("One"), make_knowledge_base("Two")
    path = f"/knowledge-bases/people/{edna.membership_id}"
    mine = owner_browser.open(path).form("Save").choose("These only").select("One", "Writer")
    colleague.open(path).form("Save").choose("These only").select("Two", "Editor").press()

    page = mine.press(status=409)

    [said] = page.messages
    assert said.startswith("Owner Person (")
    assert said.endswith(" UTC Two Editor")
    form = page.form("Save")
    assert (form.value("One"), form.value("Two")) == ("Writer", "Nothing")
    page = form.press(status=200)
    assert page.messages == ["What Edna Editor works in is saved."]
    assert "One as writer" in page.text
    assert "Two as" not in page.text


def test_somebody_who_was_narrowed_is_let_in_everywhere_only_on_purpose(
    owner_browser, colleague, edna, make_knowledge_base
):
    make_knowledge_base("One")
    path = f"/knowledge-bases/people/{edna.membership_id}"
    mine = owner_browser.open(path).form("Save")
    colleague.open(path).form("Save").choose("These only").select("One", "Writer").press()
    page = mine.press(status=409)
    assert page.messages[0].endswith(" UTC Works In These only One Writer")
    assert page.form("Save").chosen("Works In") == "All knowledge bases"


def test_a_knowledge_base_created_meanwhile_stops_nobody(owner_browser, edna, make_knowledge_base):
    make_knowledge_base("One")
    mine = owner_browser.open(f"/knowledge-bases/people/{edna.membership_id}").form("Save")
    mine.choose("These only").select("One", "Writer")
    make_knowledge_base("Two")
    assert "One as writer" in mine.press(status=200).text


# --- What a reader is called


def test_a_reader_sees_that_their_name_changed_but_not_who_works_there(owner_browser, app, account):
    library = Library(app, account)
    library.knowledge_base("Help")
    rita = library.reader("rita@example.com", first_name="Rita")
    browser = library.signed_in(rita)
    mine = browser.open(f"{library.home}/profile").form("Save").fill("First Name", "Margarita")
    owner_browser.open(f"/readers/{rita.id}").form("Save").fill("First Name", "Marga").press()

    page = mine.press(status=409)

    [said] = page.messages
    assert said.startswith(f"This changed {OPENED}")
    assert said.endswith(" UTC First Name Marga")
    assert "Olive" not in page.text
    assert page.form("Save").value("First Name") == "Margarita"
    assert page.press("Save", status=200).messages == ["Profile saved."]


def test_a_reader_is_told_of_another_window_of_their_own(app, account):
    library = Library(app, account)
    library.knowledge_base("Help")
    browser = library.signed_in(library.reader("rita@example.com"))
    one, two = (browser.open(f"{library.home}/profile").form("Save").fill("Last Name", name) for name in ("One", "Two"))
    one.press(status=200)
    assert f"You saved this in another window {OPENED}" in two.press(status=409).text


# --- What they share


@pytest.mark.parametrize("where", ["access", "knowledge bases", "profile"])
def test_the_same_form_may_be_sent_twice_and_one_without_a_stamp_writes_over_nothing(
    app, account, owner_browser, edna, make_knowledge_base, where
):
    make_knowledge_base("One")
    library = Library(app, account)
    reader = library.signed_in(library.reader("rita@example.com"))
    browser, path, fill = {
        "access": (owner_browser, f"/team/{edna.membership_id}", lambda form: form.choose("Writer")),
        "knowledge bases": (
            owner_browser,
            f"/knowledge-bases/people/{edna.membership_id}",
            lambda form: form.choose("These only").select("One", "Writer"),
        ),
        "profile": (reader, f"{library.home}/profile", lambda form: form.fill("First Name", "Rita")),
    }[where]
    form = fill(browser.open(path).form("Save"))
    for _ in range(2):
        form.press(status=200)
    changed = browser.open(path).form("Save").forge("stamp", "")
    match where:
        case "access":
            changed.choose("Editor")
        case "knowledge bases":
            changed.choose("All knowledge bases")
        case _:
            changed.fill("First Name", "Other")
    changed.press(status=409)
