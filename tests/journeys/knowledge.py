"""Knowledge bases, articles and readers of an account in which everything can be seen, and the paths to them."""

from flask import Flask

from kbadmin.access import Role
from kbadmin.audit.operations import Actor
from kbadmin.database import commit, unit_of_work
from kbadmin.delivery import test_runs
from kbadmin.knowledge_bases import operations, roles
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers import email_settings
from kbadmin.readers.email_models import WhenStopped
from kbadmin.smtp import operations as smtp
from tests.factories import OpenedAccount, add_person, inside


def furnish_knowledge(app: Flask, account: OpenedAccount) -> dict[str, str]:
    """Two knowledge bases, one of them archived; somebody who works in one only; a service for reader e-mails."""
    actor = Actor(account.owner.id, account.owner.name)
    wanda = add_person(app, account, "writer", name="Wanda Writer")
    with inside(app, account), unit_of_work():
        help_ = operations.create(
            name="Customer Help", time_zone="Europe/Berlin", audience=Audience.PUBLIC, actor=actor
        )
        old = operations.create(name="Handbook 2019", time_zone="UTC", audience=Audience.READERS, actor=actor)
        operations.archive(old.id, actor=actor)
        roles.narrow(wanda.membership_id, {help_.id: Role.WRITER}, actor=actor)
        ids = help_.id, old.id
    paths = {
        "list": "/knowledge-bases",
        "create": "/knowledge-bases/new",
        "overview": f"/knowledge-bases/{ids[0]}",
        "settings": f"/knowledge-bases/{ids[0]}/settings",
        "archive": f"/knowledge-bases/{ids[0]}/archive",
        "archived": f"/knowledge-bases/{ids[1]}",
        "bring back": f"/knowledge-bases/{ids[1]}/archive",
        "people": "/knowledge-bases/people",
        "person": f"/knowledge-bases/people/{wanda.membership_id}",
        "reader e-mails": "/readers/settings",
    }
    return paths | _test_of_reader_emails(app, account, actor)


def _test_of_reader_emails(app: Flask, account: OpenedAccount, actor: Actor) -> dict[str, str]:
    """Choose the first service that can be chosen, and ask for a test through it."""
    with inside(app, account):
        service = next((one for one in smtp.all_services() if one.is_choosable), None)
        if service is None:
            return {}
        with unit_of_work():
            email_settings.change(
                smtp_service_id=service.id, when_stopped=WhenStopped.WAIT, welcome_hours=72, actor=actor
            )
        run_id = test_runs.request_test(service, recipient=account.owner.email, is_member=True, actor=actor).id
        commit()
    return {
        "test of reader e-mails": "/readers/settings/test-email",
        "its result": f"/readers/settings/test-runs/{run_id}",
    }
