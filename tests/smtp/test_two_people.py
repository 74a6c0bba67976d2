"""Two people at the same moment: the second one hears a sentence, not an error page."""

import threading

from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import commit
from kbadmin.smtp import operations
from kbadmin.smtp.operations import NameTaken, NewSecrets
from kbadmin.tenancy import enter
from tests.databases import on_postgresql
from tests.smtp.services import create_oauth_service

VALUES = {
    "friendly_name": "One name", "host": "smtp.example.com", "port": 587, "security": "starttls",
    "send_from_address": "a@example.com", "authentication": "unauthenticated",
}  # fmt: skip


@on_postgresql
def test_of_two_services_with_one_name_made_at_once_one_is_refused_with_a_sentence(app, account):
    outcomes = []
    start = threading.Barrier(2)

    def create() -> None:
        with app.app_context():
            enter(account.id)
            operations.all_services()
            start.wait()
            try:
                operations.create_service(dict(VALUES), NewSecrets(), actor=COMMAND_LINE)
                commit()
                outcomes.append("created")
            except NameTaken:
                outcomes.append("taken")

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["created", "taken"]


def test_the_registration_is_not_written_over_unseen_and_a_secret_is_asked_for_again(owner_browser, browser_as, world):
    here = create_oauth_service(owner_browser, world).click("Update OAuth2 Settings").path
    mine, theirs = (one.open(here).form("Save") for one in (owner_browser, browser_as("none", manages_smtp=True)))
    theirs.fill("Secret Expires On", "2031-05-03").press()

    page = mine.fill("Client Secret", "another~secret.Value-1").press(status=409)

    [said] = [one for one in page.messages if "while you had it open" in one]
    assert said.startswith("None Person (")
    assert "Enter this again: Client Secret." in said
    assert "Secret Expires On 2031-05-03" in said
    form = page.form("Save")
    assert (form.value("Client Secret"), form.value("Secret Expires On")) == ("", "")
    assert form.fill("Secret Expires On", "2031-05-03").press().messages == ["Saved."]
