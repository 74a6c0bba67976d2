"""Mail of a service: queued as features queue it, carried by the worker, counted by status."""

import uuid
from collections import Counter

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import ServiceIncident
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.operations import enqueue
from kbadmin.smtp.models import SmtpService
from tests.factories import inside
from tests.world import MAILBOX


def id_of(page) -> uuid.UUID:
    """The service whose page this is."""
    return uuid.UUID(page.path.partition("?")[0].split("/")[2])


def queue(app, account, service_id, *recipients, key="digest") -> None:
    """One message to each of these addresses."""
    with inside(app, account), unit_of_work():
        for recipient in recipients:
            enqueue(
                kind=Kind.WELCOME, recipient=recipient, subject="News", text="News\n", html="<p>News</p>",
                deduplication_key=f"{key} {recipient}", smtp_service_id=service_id, sender=Sender(MAILBOX),
            )  # fmt: skip


def readers(count: int, name: str = "reader") -> list[str]:
    """Addresses that the demo's mail server takes."""
    return [f"{name}{number}@example.org" for number in range(count)]


def work(worker, times: int = 1) -> None:
    """What the worker does in some seconds."""
    for _ in range(times):
        worker.sweep()
        worker.drain()


def statuses(app, account, service_id) -> Counter[Status]:
    """How many of the service's messages stand where; test e-mails left out."""
    with inside(app, account):
        query = db.session.query(OutboxMessage).filter_by(lane_id=service_id).filter(OutboxMessage.kind != Kind.TEST)
        return Counter(Status(message.status) for message in query)


def letters(app, account) -> list[tuple[str, str]]:
    """Recipient and subject of each notice of the platform's own sender, oldest first."""
    with inside(app, account):
        query = db.session.query(OutboxMessage).filter_by(kind=Kind.NOTICE, smtp_service_id=None)
        return [(message.recipient, message.subject) for message in query.order_by(OutboxMessage.id)]


def incidents(app, account) -> list[ServiceIncident]:
    """The account's incidents, oldest first."""
    with inside(app, account):
        found = db.session.query(ServiceIncident).order_by(ServiceIncident.began_at).all()
        db.session.expunge_all()
        return found


def row_of(app, account, service_id) -> SmtpService:
    """The service as it is stored now."""
    with inside(app, account):
        service = db.session.get(SmtpService, service_id)
        db.session.expunge(service)
        return service


def stop_clock_now() -> None:
    """The certificates of the world are of today, so a clock for them is stopped at the present moment."""
    house_clock.set_to(None)
    house_clock.set_to(house_clock.now())
