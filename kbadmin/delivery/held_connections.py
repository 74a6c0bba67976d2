"""A lane's open connection with all that belongs to it, and how one is opened: route, token, sign-in, journal."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kbadmin import config, logs
from kbadmin.database import db, stop_reading
from kbadmin.delivery import servers
from kbadmin.delivery.contents import Contents
from kbadmin.delivery.decisions import Action, Failure, decide_for_service
from kbadmin.delivery.journals import Accepted, Journal
from kbadmin.delivery.lanes import Terms
from kbadmin.delivery.service_troubles import ServiceGone, ServiceTrouble
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.platform import platform_sender
from kbadmin.sealing import ring
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.smtp.deadlines import Budget
from kbadmin.smtp.transport import Connection, MailServer, SubmissionFailed
from kbadmin.tenancy import enter

log = logs.get(__name__)

FIRST_BATCH = 20
BATCH_SECONDS = 0.25
QUIET_SECONDS = 5.0  # After so long without a word we ask whether the server is still there.


@dataclass
class HeldConnection:
    """A signed-in connection, its place in the lane, its journal, and who its messages are from."""

    lane_id: uuid.UUID
    number: int
    token: int
    connection: Connection
    journal: Journal
    contents: Contents
    envelope_from: str
    is_oauth: bool
    configuration: tuple[int, datetime | None]
    used_at: float = field(default_factory=time.monotonic)
    unrecorded: list[Accepted] = field(default_factory=list)  # in the journal, not yet in the database
    recorded_at: float = field(default_factory=time.monotonic)
    has_worked: bool = False  # It has carried a message before.
    batch: int = FIRST_BATCH  # how many messages to claim next

    def note_pace(self, messages: int, seconds: float) -> None:
        """Claim next what it carries in a moment: the rest is for others, and something urgent may come."""
        if messages:
            self.batch = max(FIRST_BATCH, int(messages / max(seconds, 0.001) * BATCH_SECONDS))

    def forget_recorded(self) -> None:
        """Every acceptance is in the database now."""
        if self.unrecorded:
            self.journal.clear()
            self.unrecorded.clear()
        self.recorded_at = time.monotonic()

    def fits(self, terms: Terms) -> bool:
        """Whether it was opened with the settings that hold now, and may still be one of the lane's."""
        return self.configuration == terms.configuration and self.number <= terms.connections

    @property
    def is_usable(self) -> bool:
        """Whether it can take another message."""
        return self.connection.is_open and self.connection.has_time

    def is_ready(self) -> bool:
        """The same, asked of the server if nothing was said for some seconds."""
        is_quiet = time.monotonic() - self.used_at > QUIET_SECONDS
        self.used_at = time.monotonic()
        return self.is_usable and (not is_quiet or self.connection.is_alive())

    def close(self) -> None:
        """Say goodbye. The journal goes, unless something in it is not recorded yet."""
        self.connection.close()
        self.journal.close(keep=bool(self.unrecorded))


class Opener:
    """Opens connections for the worker process whose journals lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, terms: Terms, number: int, token: int, worker_id: uuid.UUID) -> HeldConnection:
        """Connect and sign in. Raises :class:`ServiceTrouble`, or :class:`ServiceGone` if there is nothing to open."""
        if terms.account_id is None:
            connection, sender, is_oauth = _platform_connection()
        else:
            connection, sender, is_oauth = _service_connection(terms.account_id, terms.lane_id)
        return HeldConnection(
            lane_id=terms.lane_id,
            number=number,
            token=token,
            connection=connection,
            journal=Journal.open(self.folder, worker_id),
            contents=Contents(ring(), sender),
            envelope_from=sender.address,
            is_oauth=is_oauth,
            configuration=terms.configuration,
        )


def _platform_connection() -> tuple[Connection, Sender, bool]:
    platform = platform_sender()
    if platform is None:
        raise ServiceGone
    try:
        return _connect(servers.platform_server(platform)), platform.sender, False
    except SubmissionFailed as failed:
        raise ServiceTrouble.of(Failure.of(failed), is_oauth=False) from failed


def _service_connection(account_id: uuid.UUID, service_id: uuid.UUID) -> tuple[Connection, Sender, bool]:
    enter(account_id)
    route = servers.find_route(service_id)
    if route is None:
        stop_reading()
        raise ServiceGone
    refused: int | None = None
    while True:
        try:
            server, version = servers.signed_in_server(route, refused_version=refused)
        except (TokenUnavailable, LookupError) as error:
            raise ServiceTrouble.without_token(error) from error
        finally:
            db.session.rollback()
        try:
            return _connect(server), route.sender, route.needs_token
        except SubmissionFailed as failed:
            failure = Failure.of(failed)
            has_refreshed = refused is not None
            decision = decide_for_service(failure, is_oauth=route.needs_token, has_refreshed=has_refreshed)
            if decision.action is not Action.REFRESH or version is None:
                raise ServiceTrouble(failure, decision) from failed
            refused = version  # One forced refresh: the token may have been revoked before its time.


def _connect(server: MailServer) -> Connection:
    settings = config.current()
    limits = settings.limits
    budget = Budget(
        dns=min(5.0, limits.reply_seconds),
        connect=min(10.0, limits.reply_seconds),
        hello=limits.reply_seconds,
        sign_in=limits.reply_seconds,
        envelope=limits.reply_seconds,
        data=2 * limits.reply_seconds,
        final_reply=limits.final_reply_seconds,
        session=limits.connection_seconds,
    )
    try:
        return Connection.open(server, policy=servers.network_policy(), budget=budget, ca_file=settings.smtp_ca_file)
    except SubmissionFailed as failed:
        log.info("no connection", host=server.host, stage=failed.stage, reason=failed.reason, detail=failed.detail)
        raise
