"""An account in which everything can be seen: services in each state, test e-mails of each outcome, people.

Made as a person would make it, through the product's pages, except for what only time or a provider can bring about.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from kbadmin import clock
from kbadmin.accounts.models import Account
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.decisions import Failure
from kbadmin.delivery.models import ServiceIncident
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.standing import trouble_of
from tests.browser import Browser, Page
from tests.factories import OpenedAccount, Person, Worker, add_person, inside, open_account, signed_in
from tests.smtp.services import (
    create_oauth_service,
    create_password_service,
    create_relay_service,
    send_test,
)
from tests.world import MAILBOX, World

MANY = 500
SMTP_AUTH_OFF = Failure(
    stage="sign_in",
    kind="refused",
    code=535,
    enhanced="5.7.139",
    text="Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
).as_facts()
TOO_SLOW = Failure(stage="greeting", kind="timed_out").as_facts()


@dataclass(frozen=True)
class Showcase:
    """Where to look: paths of services by their state, of test e-mails by their outcome; people by what they may do."""

    account: OpenedAccount
    services: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)


def furnish(app: Flask, account: OpenedAccount, world: World) -> Showcase:
    """Fill an account. Its background work must not run yet: it is done here, in this thread."""
    shown = Showcase(account)
    shown.people.update(
        editor=add_person(app, account, "editor", email="emil@example.com", name="Emil Editor"),
        it=add_person(app, account, "none", email="ines@example.com", name="Ines from IT", manages_smtp=True),
        long=add_person(
            app, account, "writer", email="willem@example.com", name="Willem van der Langenaamhuizen-Schrijver"
        ),
    )
    browser, worker = signed_in(app, account.owner), Worker(app)
    _make_services(shown, browser, world)
    _test_services(shown, browser, worker, world)
    _let_time_pass(app, shown)
    browser.open(shown.services["disabled"] + "/disable").press("Disable")
    return shown


def _make_services(shown: Showcase, browser: Browser, world: World) -> None:
    made = {
        "needs authorizing": create_oauth_service(browser, world, name="Newsletter"),
        "failed authorization": create_oauth_service(browser, world, name="Support in Germany"),
        "untested": create_oauth_service(browser, world, name="Partner mail"),
        "ready": create_oauth_service(browser, world, name="Microsoft 365", **{"Send From Name": "Acme Support"}),
        "paused": create_oauth_service(browser, world, name="Digests"),
        "degraded": create_password_service(browser, world, name="Slow server"),
        "password": create_password_service(browser, world, name="Company mail server"),
        "disabled": create_relay_service(browser, world, name="Old relay"),
    }
    for name in ("untested", "ready", "paused"):
        _authorize(browser, made[name], world)
    _authorize(browser, made["failed authorization"], world, misbehaviour="wrong_secret")
    shown.services.update({name: page.path for name, page in made.items()})


def _authorize(browser: Browser, page: Page, world: World, *, misbehaviour: str | None = None) -> None:
    there = page.press("Authorize").location
    assert there is not None
    back = urlsplit(world.provider.sign_in(there, MAILBOX, misbehaviour=misbehaviour))
    browser.open(f"{back.path}?{back.query}")


def _test_services(shown: Showcase, browser: Browser, worker: Worker, world: World) -> None:
    for name in ("paused", "ready"):
        shown.runs["accepted"] = send_test(browser, browser.open(shown.services[name]), worker).path
    world.troubles.give(MAILBOX, "smtp_auth_off_mailbox")
    shown.runs["failed"] = send_test(browser, browser.open(shown.services["password"]), worker).path
    world.troubles.end()


def _let_time_pass(app: Flask, shown: Showcase) -> None:
    with inside(app, shown.account), unit_of_work():
        for service in db.session.query(SmtpService):
            if service.friendly_name == "Digests":
                service.paused_at = clock.now()
                service.pause_reason = "535 5.7.139"
                service.submission_failure = SMTP_AUTH_OFF | {"at": clock.now().isoformat(timespec="seconds")}
                db.session.add(ServiceIncident(smtp_service_id=service.id, state="paused", facts=_told(service)))
            if service.friendly_name == "Slow server":
                service.degraded_at = clock.now()
                service.submission_failure = TOO_SLOW | {"at": clock.now().isoformat(timespec="seconds")}
            if service.friendly_name == "Partner mail":
                service.secret_expires_on = clock.now().date()


def _told(service: SmtpService) -> dict[str, Any]:
    trouble = trouble_of(service)
    assert trouble is not None
    return {"what": trouble.explanation.what, "who": trouble.explanation.who_label, "do": []}


def account_with_many_services(app: Flask) -> OpenedAccount:
    """An account with 500 services, more than anybody has."""
    account = open_account(app, "Globex")
    with inside(app, account), unit_of_work():
        assert db.session.get(Account, account.id) is not None
        for number in range(MANY):
            db.session.add(
                SmtpService(
                    friendly_name=f"Service {number}",
                    friendly_name_key=f"service {number}",
                    host="localhost",
                    port=25,
                    security="none",
                    authentication="unauthenticated",
                    send_from_address=f"support-{number}@a-rather-long-department-name.example.com",
                )
            )
    return account
