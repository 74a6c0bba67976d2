"""The letters to readers about their password, and the addresses of their links.

They leave the way that the account chose (:mod:`kbadmin.readers.email_settings`), if there is one.
"""

from datetime import datetime

from kbadmin import clock, config
from kbadmin.accounts.models import Account
from kbadmin.database import db
from kbadmin.encryption import fingerprint
from kbadmin.outbox.models import Kind
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.rendering import letter
from kbadmin.readers import email_settings
from kbadmin.readers.models import Reader
from kbadmin.tenancy import current_account


def portal_address(*parts: str) -> str:
    """An address in the present account's portal, for letters."""
    slug = db.session.get_one(Account, current_account()).slug
    return "/".join((config.current().base_url, "kb", slug, *parts))


def set_password_address(token: str) -> str:
    """Where a link to set a password leads."""
    return portal_address("set-password", token)


def send_reset_link(reader: Reader, token: str, *, expires_at: datetime) -> bool:
    """Mail a link to set a new password to the stored address; False if nobody can send it."""
    way = email_settings.way()
    if way is None:
        return False
    said = letter(
        "reader_reset",
        account=account_name(),
        address=set_password_address(token),
        expires_at=expires_at,
        email=reader.email,
    )
    enqueue(
        kind=Kind.READER_RESET,
        recipient=reader.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"reader reset {fingerprint(token)}",
        smtp_service_id=way.smtp_service_id,
        sender=way.sender,
        expires_at=expires_at,
    )
    return True


def tell_password_changed(reader: Reader) -> None:
    """Tell a reader that their password has changed, so that a stranger's change does not stay unseen."""
    way = email_settings.way()
    if way is None:
        return
    at = clock.now()
    said = letter(
        "reader_password_changed",
        account=account_name(),
        at=at,
        email=reader.email,
        forgot=portal_address("forgot-password"),
    )
    enqueue(
        kind=Kind.PASSWORD_CHANGED,
        recipient=reader.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"reader password changed {reader.id} {at.isoformat()}",
        smtp_service_id=way.smtp_service_id,
        sender=way.sender,
    )


def account_name() -> str:
    """What readers know the account as."""
    return db.session.get_one(Account, current_account()).name
