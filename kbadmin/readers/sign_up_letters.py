"""The letters about signing up: confirm the address, you are a reader already, you have been let in.

What was typed at sign-up is not repeated in them: a stranger may have typed it.
"""

import uuid
from datetime import datetime
from typing import Any

from kbadmin import clock
from kbadmin.encryption import fingerprint
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import Kind, OutboxMessage
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.rendering import letter
from kbadmin.readers import email_settings, emails
from kbadmin.readers.models import Reader
from kbadmin.readers.sign_up_models import ReaderSignUp


def send_link(sign_up: ReaderSignUp, knowledge_base: KnowledgeBase, token: str) -> None:
    """Mail the link that confirms an address, in the caller's write section."""
    _send(
        "reader_sign_up",
        kind=Kind.READER_SIGN_UP,
        recipient=sign_up.email,
        key=f"reader sign-up {fingerprint(token)}",
        expires_at=sign_up.expires_at,
        home=knowledge_base,
        knowledge_base=knowledge_base.name,
        address=emails.portal_address(knowledge_base.slug, "sign-up", "confirm", token),
    )


def say_known(reader: Reader, knowledge_base: KnowledgeBase, *, sign_up_id: uuid.UUID) -> None:
    """Tell a reader that somebody, perhaps they, asked to sign up with their address once more."""
    _send(
        "reader_known",
        kind=Kind.READER_SIGN_UP,
        recipient=reader.email,
        key=f"reader sign-up {sign_up_id}",
        home=knowledge_base,
        status=reader.status,
        knowledge_base=knowledge_base.name,
        sign_in=emails.portal_address("sign-in"),
        forgot=emails.portal_address("forgot-password"),
    )


def say_let_in(reader: Reader) -> None:
    """Tell a reader that the waiting is over. It is their welcome: should it fail, their page and the list say so."""
    found = emails.open_to(reader)
    home = found[0] if len(found) == 1 else None
    message = _send(
        "reader_let_in",
        kind=Kind.WELCOME,
        recipient=reader.email,
        key=f"reader let in {reader.id} {clock.now().isoformat()}",
        home=home,
        first_name=reader.first_name,
        knowledge_base=home.name if home else "",
        address=emails.portal_address(home.slug) if home else emails.portal_address(),
        forgot=emails.portal_address("forgot-password"),
    )
    if message is not None:
        reader.welcome_message_id, reader.welcomed_at, reader.welcome_cleared_at = message.id, clock.now(), None


def _send(
    name: str,
    *,
    kind: Kind,
    recipient: str,
    key: str,
    home: KnowledgeBase | None,
    expires_at: datetime | None = None,
    **values: Any,
) -> OutboxMessage | None:
    """Queue a letter the way that e-mails to readers of this knowledge base leave; nothing if nobody can send it."""
    home_id = home.id if home else None
    way = email_settings.way(home_id)
    if way is None:
        return None
    said = letter(name, account=emails.account_name(), email=recipient, expires_at=expires_at, **values)
    return enqueue(
        kind=kind,
        recipient=recipient,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=key,
        smtp_service_id=way.smtp_service_id,
        sender=way.sender,
        knowledge_base_id=home_id,
        expires_at=expires_at,
    )
