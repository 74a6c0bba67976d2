"""New keys for old: nothing is lost, whatever happens in between."""

import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from kbadmin import key_rotation, starting
from kbadmin.config import Settings
from kbadmin.database import db, unit_of_work
from kbadmin.encryption import Secret
from kbadmin.key_settings import MasterKey, new_key_line, read_keys
from kbadmin.outbox.models import PRIORITY, Kind, OutboxMessage
from kbadmin.sealing import SEALED
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from tests.cli.machine import Machine
from tests.databases import both_databases
from tests.factories import OpenedAccount, inside, open_account
from tests.installation import KEYS

OLD = KEYS[0]
SECRETS_OF_A_SERVICE = ("password", "client_secret", "access_token", "refresh_token")
KILLS = 10
SEED = 20_260_302


def fresh_key(kid: str) -> MasterKey:
    return read_keys(new_key_line(kid), None)[0]


def secret_of(name: str, number: int) -> Secret:
    return Secret(f"{name}-{number:04d}-" + "x" * 20)


def fill(app: Flask, account: OpenedAccount, *, services: int, messages: int) -> None:
    """Services with four secrets each, and messages with one."""
    with inside(app, account), unit_of_work():
        for number in range(services):
            service = SmtpService(
                friendly_name=f"Service {number:04d}",
                friendly_name_key=f"service {number:04d}",
                host="smtp.example.com",
                port=587,
                security=Security.STARTTLS,
                send_from_address="kb@example.com",
                authentication=Authentication.OAUTH2,
                username="kb@example.com",
                provider="microsoft",
                cloud="global",
                login_email="kb@example.com",
                client_id="client",
            )
            for name in SECRETS_OF_A_SERVICE:
                setattr(service, name, secret_of(name, number))
            db.session.add(service)
        for number in range(messages):
            message = OutboxMessage(
                kind=Kind.WELCOME,
                priority=PRIORITY[Kind.WELCOME],
                deduplication_key=f"welcome:{number}",
                recipient="reader@example.com",
                subject="Welcome",
                message_id=f"<{number}@example.com>",
            )
            message.content = secret_of("content", number)
            db.session.add(message)


def all_services(app: Flask, account: OpenedAccount) -> list[dict[str, str]]:
    """What every service's secrets open to, in the order in which they were made."""
    with inside(app, account):
        services = db.session.scalars(select(SmtpService).order_by(SmtpService.friendly_name))
        rows = [{name: getattr(service, name).reveal() for name in SECRETS_OF_A_SERVICE} for service in services]
        db.session.rollback()
    return rows


@contextmanager
def in_context(app: Flask) -> Iterator[None]:
    with app.app_context():
        starting.require_ready()
        yield


def kids_in_use(app: Flask) -> set[str]:
    with app.app_context():
        return {holding.kid for holding in key_rotation.holdings()}


@pytest.fixture
def with_keys(settings: Settings, make_app: Callable[[Settings], Flask]) -> Callable[..., Flask]:
    """An application on the same database whose first key is the current one."""
    return lambda *keys: make_app(replace(settings, keys=keys))


def test_a_thousand_secrets_survive_a_rotation_that_is_killed_again_and_again(
    machine: Machine, with_keys: Callable[..., Flask]
) -> None:
    new = fresh_key("new")
    web = with_keys(OLD, new)  # Runs all the time; still seals under the old key, as it was started before.
    account = open_account(web)
    fill(web, account, services=230, messages=120)
    with in_context(web):
        assert sum(holding.rows for holding in key_rotation.holdings()) == 230 * 4 + 120 + 1
    machine.set_keys(new, OLD)

    refresher = Refresher(web, account)
    chance, killed = random.Random(SEED), 0
    while killed < KILLS:
        # Batches so small that much is left even if we pause before we kill: there is a mark for each.
        rotation = machine.forked("secrets", "rotate", "--batch", str(chance.choice([1, 1, 2])))
        rotation.wait_for_errors("…", times=chance.randint(1, 20))
        time.sleep(chance.uniform(0, 0.005))
        assert rotation.kill() == -signal.SIGKILL, "the rotation was over before it was killed"
        killed += 1
    refreshed = refresher.stop()

    with web.app_context():
        assert key_rotation.verify().unreadable == []
    done = machine.kbadmin("secrets", "rotate")
    assert done.status == 0, done.errors
    assert kids_in_use(web) == {"new"}
    with_new_key_only = with_keys(new)
    with with_new_key_only.app_context():
        assert key_rotation.verify() == key_rotation.Verification(opened=230 * 4 + 120 + 1)
    expected = [{name: secret_of(name, number).reveal() for name in SECRETS_OF_A_SERVICE} for number in range(230)]
    for number, token in refreshed.items():
        expected[number]["refresh_token"] = token
    assert len(refreshed) > 5
    assert all_services(with_new_key_only, account) == expected


class Refresher:
    """Somebody who renews refresh tokens while keys are rotated, and remembers what was committed."""

    def __init__(self, app: Flask, account: OpenedAccount) -> None:
        self.app, self.account = app, account
        self.committed: dict[int, str] = {}
        self.is_stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)  # A test that fails must end, too.
        self.thread.start()

    def run(self) -> None:
        with inside(self.app, self.account):
            ids = list(db.session.scalars(select(SmtpService.id).order_by(SmtpService.friendly_name)))
            db.session.rollback()
        chance, turn = random.Random(SEED), 0
        while not self.is_stopping.wait(0.02):
            turn += 1
            number = chance.randrange(len(ids))
            self.refresh(ids[number], token := f"fresh-token-{number}-{turn}")
            self.committed[number] = token

    def refresh(self, service_id: uuid.UUID, token: str) -> None:
        with inside(self.app, self.account), unit_of_work():
            service = db.session.get_one(SmtpService, service_id)
            assert service.refresh_token is not None  # Opens what it finds, under whichever key.
            service.refresh_token = Secret(token)

    def stop(self) -> dict[int, str]:
        self.is_stopping.set()
        self.thread.join(60)
        return self.committed


@both_databases
def test_a_token_that_was_refreshed_in_between_stays_as_it_is(with_keys: Callable[..., Flask]) -> None:
    new = fresh_key("new")
    app = with_keys(new, OLD)
    before = with_keys(OLD, new)
    account = open_account(before)
    fill(before, account, services=2, messages=0)
    column = next(found for found in SEALED if found.attribute.name == "refresh_token")
    with in_context(app):
        (batch,) = key_rotation.stale(column)
    with inside(before, account), unit_of_work():
        first = db.session.scalars(select(SmtpService).order_by(SmtpService.friendly_name)).first()
        assert first is not None
        first.refresh_token = Secret("refreshed in between")
    with app.app_context():
        assert key_rotation.write(batch.reseals) == 1
        assert key_rotation.rotate().left == 0
    assert [row["refresh_token"] for row in all_services(app, account)] == [
        "refreshed in between",
        secret_of("refresh_token", 1).reveal(),
    ]
    assert kids_in_use(app) == {"new"}


@both_databases
def test_status_rotate_and_verify_tell_what_is_there(machine: Machine, with_keys: Callable[..., Flask]) -> None:
    before = with_keys(OLD)
    account = open_account(before)
    fill(before, account, services=3, messages=2)
    new = fresh_key("new")
    machine.set_keys(new, OLD)

    status = machine.kbadmin("secrets", "status").output
    assert "new (current): 0" in status
    assert "test (opens only): 14" in status
    assert "2  outbox_messages.content" in status
    assert "Run `kbadmin secrets rotate`" in status

    dry = machine.kbadmin("secrets", "rotate", "--dry-run")
    assert dry.output == "14 secrets would be sealed under new.\n"
    assert kids_in_use(before) == {"test"}
    assert machine.kbadmin("secrets", "rotate", "--batch", "2").output == "14 secrets sealed under new.\n"
    assert "The other keys may go" in machine.kbadmin("secrets", "status").output
    machine.set_keys(new)
    verified = machine.kbadmin("secrets", "verify")
    assert (verified.status, verified.output) == (0, "15 open, 0 unreadable.\n")


def test_a_secret_moved_to_another_row_is_found_and_left_alone(
    machine: Machine, with_keys: Callable[..., Flask]
) -> None:
    app = with_keys(OLD)
    account = open_account(app)
    fill(app, account, services=2, messages=0)
    with app.app_context():
        starting.require_ready()
    with inside(app, account), unit_of_work():
        one, other = db.session.scalars(select(SmtpService).order_by(SmtpService.friendly_name))
        one.password_sealed = moved = other.password_sealed
        one_id = one.id
    verified = machine.kbadmin("secrets", "verify")
    assert verified.status == 1
    assert "8 open, 1 unreadable" in verified.output
    assert f"smtp_services.password of row {one_id}" in verified.errors

    machine.set_keys(fresh_key("new"), OLD)
    rotated = machine.kbadmin("secrets", "rotate")
    assert rotated.status == 1
    assert rotated.output == "7 secrets sealed under new.\n"
    assert f"smtp_services.password of row {one_id}" in rotated.errors
    with inside(app, account):
        assert db.session.get_one(SmtpService, one_id).password_sealed == moved
        db.session.rollback()


def test_a_key_that_only_a_row_still_needs_is_missed(machine: Machine, with_keys: Callable[..., Flask]) -> None:
    new = fresh_key("new")
    account = open_account(with_keys(OLD))
    with in_context(with_keys(new, OLD)):
        pass  # The canary is under the new key.
    fill(with_keys(OLD, new), account, services=1, messages=0)
    machine.set_keys(new)
    ended = machine.kbadmin("work")
    assert ended.status == 78
    assert "holds secrets under 'test', which your keys do not include" in ended.errors


def test_keys_are_tried_on_the_rows_themselves_where_no_canary_was_planted(
    machine: Machine, with_keys: Callable[..., Flask]
) -> None:
    app = with_keys(OLD)
    fill(app, open_account(app), services=1, messages=0)
    machine.write_keys(new_key_line(OLD.kid))
    ended = machine.kbadmin("work")
    assert ended.status == 78
    assert "The encryption keys are not those of this database" in ended.errors
    assert "canary" not in machine.kbadmin("secrets", "status").output


def test_a_new_key_is_random_named_and_accepted(machine: Machine) -> None:
    machine.environ.clear()
    first, second = machine.kbadmin("secrets", "new-key", "k2"), machine.kbadmin("secrets", "new-key", "k2")
    assert first.status == 0
    assert first.output != second.output
    assert read_keys(first.output.strip(), None)[0].kid == "k2"
    assert machine.kbadmin("secrets", "new-key").output.startswith("k20")
    bad = machine.kbadmin("secrets", "new-key", "a b")
    assert bad.status == 2
    assert "Use 1 to 32 letters" in bad.errors
