"""Two people at the same moment: the second one hears a sentence, not an error page."""

import threading

from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import commit
from kbadmin.smtp import operations
from kbadmin.smtp.operations import NameTaken, NewSecrets
from kbadmin.tenancy import enter
from tests.databases import on_postgresql

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
