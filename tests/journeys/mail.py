"""A delivery log with something of everything, for the account in which everything can be seen."""

from datetime import timedelta

from flask import Flask

from kbadmin import clock
from kbadmin.database import db
from kbadmin.outbox.models import Kind, Status
from kbadmin.smtp.models import SmtpService
from tests.delivery.log_rows import put, suppress
from tests.factories import OpenedAccount, inside

LONG = "a.rather.long.name.of.somebody@documentation-department.a-very-long-company-name.example.org"


def furnish_mail(app: Flask, account: OpenedAccount) -> dict[str, str]:
    """Messages in every state, an address that is suppressed; answers the paths of the pages, by what they show."""
    with inside(app, account):
        services = {service.friendly_name: service.id for service in db.session.query(SmtpService)}
    ready, paused = services["Microsoft 365"], services["Digests"]
    digest = {"kind": Kind.DIGEST, "subject": "What is new in the Handbook this week", "smtp_service_id": ready}
    again = clock.now() + timedelta(minutes=20)
    accepted = {"status": Status.ACCEPTED, "last_reply": "250 2.0.0 OK <ab12@mail.example.com> queued as 4WzK"}
    refused = {"status": Status.FAILED, "last_reply": "550 5.1.1 <gone@example.org>: Recipient address rejected"}
    held = {"status": Status.HELD, "last_reply": "The connection ended before the server's answer."}
    put(app, account, 48, **digest | accepted)
    found = {
        "accepted": put(app, account, recipient="anna@example.org", **digest | accepted),
        "held": put(app, account, recipient="bert@example.org", **digest | held),
        "failed": put(app, account, recipient="gone@example.org", attempts=[("retry", again), ("fail_recipient", None)],
                      smtp_service_id=ready, **refused),
        "cancelled": put(app, account, recipient="carl@example.org", **digest | {"status": Status.CANCELLED}),
        "expired": put(app, account, kind=Kind.READER_RESET, subject="Set a new password", status=Status.EXPIRED),
        "deferred": put(app, account, recipient=LONG, not_before_at=again, attempts=[("retry", again)], **digest),
        "paused": put(app, account, kind=Kind.DIGEST, subject="x" * 200, smtp_service_id=paused),
        "queued": put(app, account, recipient="dora@example.org", smtp_service_id=paused),
    }  # fmt: skip
    put(app, account, 3, status=Status.SENDING, **digest)
    [suppressed, *_] = suppress(app, account, "gone@example.org", LONG)
    paths = {name: f"/deliveries/{ids[0]}" for name, ids in found.items()}
    return {
        **paths,
        "all": "/deliveries",
        "some": "/deliveries?state=failed&recipient=go",
        "none": "/deliveries?state=failed&recipient=nobody",
        "wrong days": "/deliveries?first_day=2026-03-03&last_day=2026-03-01",
        "ask to send again": f"{paths['held']}/send-again",
        "ask to cancel": f"{paths['queued']}/cancel",
        "ask to send all again": "/deliveries/send-again?state=failed",
        "ask to cancel all": "/deliveries/cancel",
        "nothing to cancel": "/deliveries/cancel?recipient=nobody",
        "suppressed": "/deliveries/suppressed",
        "no such suppressed": "/deliveries/suppressed?q=nobody",
        "ask to clear": f"/deliveries/suppressed/{suppressed}/clear",
    }
