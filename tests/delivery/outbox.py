"""What tests of the pipeline set up: a service of an account, messages in its lane, and where they stand."""

import uuid
from datetime import timedelta

from kbadmin import clock
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.contents import Broken, Contents
from kbadmin.delivery.leases import Claimed
from kbadmin.outbox.fan_out import Addressed, Run, enqueue_many
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from kbadmin.outbox.operations import compile_body, enqueue
from kbadmin.outbox.platform import platform_sender
from kbadmin.outbox.skeletons import slot
from kbadmin.sealing import ring
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from tests.factories import inside

SENDER = Sender("kb@example.com", "Knowledge Base")


def make_service(app, account, *, port, host="localhost", name="Relay", **values) -> uuid.UUID:
    """An unauthenticated service without limits of ours, unless ``values`` say otherwise."""
    columns = {
        "max_connections": 1, "messages_per_minute": None, "recipients_per_day": None,
        "security": Security.NONE, "authentication": Authentication.UNAUTHENTICATED,
        "send_from_address": SENDER.address, "send_from_name": SENDER.name,
    }  # fmt: skip
    with inside(app, account), unit_of_work():
        service = SmtpService(
            friendly_name=name, friendly_name_key=name.casefold(), host=host, port=port, **columns | values
        )  # fmt: skip
        db.session.add(service)
        db.session.flush()
        return service.id


def queue_digests(app, account, service_id, count, *, prefix="reader", kind=Kind.DIGEST) -> None:
    """So many digests of one run, to reader0@example.org and so on."""
    with inside(app, account):
        with unit_of_work():
            body_id = compile_body(
                SENDER,
                subject="What is new",
                text=f"Hello {slot('name')},\n\nthere is news.\n",
                html=f"<p>Hello {slot('name')}, there is news.</p>",
                headers={},
            )
        run = Run(kind, body_id, "What is new", "example.com", service_id)
        people = (Addressed(f"{prefix}{n}@example.org", f"{prefix}:{n}", {"name": f"Reader {n}"}) for n in range(count))
        list(enqueue_many(run, people))


def queue_one(app, account, service_id, *, recipient="reader@example.org", kind=Kind.WELCOME, minutes=None) -> None:
    """One message with content of its own."""
    expires_at = None if minutes is None else clock.now() + timedelta(minutes=minutes)
    with inside(app, account), unit_of_work():
        enqueue(
            kind=kind, recipient=recipient, subject="Hello", text="secret-link\n", html="<p>secret-link</p>",
            deduplication_key=f"{kind}:{recipient}", smtp_service_id=service_id, sender=SENDER, expires_at=expires_at,
        )  # fmt: skip


def messages_of(app, account) -> list[OutboxMessage]:
    """All messages of the account, oldest first, as plain values."""
    with inside(app, account):
        found = db.session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        db.session.expunge_all()
        return found


def counts_of(app, account) -> dict[Status, int]:
    """How many of its messages stand where."""
    found = messages_of(app, account)
    return {status: count for status in Status if (count := sum(one.status == status for one in found))}


def service_of(app, account, service_id) -> SmtpService:
    """The service's row as it is now."""
    with inside(app, account):
        service = db.session.get(SmtpService, service_id)
        db.session.expunge(service)
        return service


def as_sent(message: OutboxMessage) -> str:
    """What would leave now, as its lines; a link that is made at sending is made, and kept. Nothing once it ended."""
    if message.content_sealed is None:
        return ""
    claimed = Claimed(**{name: getattr(message, name) for name in Claimed._fields})
    broken: list[Broken] = []
    with unit_of_work():
        contents = Contents(ring(), platform_sender().sender if message.smtp_service_id is None else SENDER)
        contents.load(db.session(), [claimed])
    [made] = contents.made([claimed], broken)
    assert broken == []
    return made.content.data.decode("ascii").replace("=\r\n", "")
