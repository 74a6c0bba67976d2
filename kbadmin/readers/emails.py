"""The letters to readers about their password, and the addresses of their links.

They leave the way that the account, or the reader's knowledge base, chose (:mod:`kbadmin.readers.email_settings`), if
there is one, in the words that somebody there wrote (:mod:`kbadmin.readers.wordings`). Their links are made when they
leave.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from kbadmin import clock, config
from kbadmin.accounts.models import Account
from kbadmin.database import db, new_id
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.links import Purpose
from kbadmin.outbox.link_later import LINK, LinkLater
from kbadmin.outbox.models import Kind, OutboxMessage
from kbadmin.outbox.operations import enqueue
from kbadmin.outbox.rendering import letter
from kbadmin.readers import email_settings, letters, wordings
from kbadmin.readers.email_settings import Way
from kbadmin.readers.models import Reader, ReaderAccess
from kbadmin.readers.template_models import TemplateKind
from kbadmin.tenancy import current_account

KINDS = {TemplateKind.WELCOME: Kind.WELCOME, TemplateKind.RESET: Kind.READER_RESET}


def portal_address(*parts: str) -> str:
    """An address in the present account's portal, for letters."""
    slug = db.session.get_one(Account, current_account()).slug
    return "/".join((config.current().base_url, "kb", slug, *parts))


def set_password_address(token: str) -> str:
    """Where a link to set a password leads."""
    return portal_address("set-password", token)


def send_link(
    kind: TemplateKind,
    reader: Reader,
    *,
    lifetime: timedelta,
    expires_at: datetime,
    knowledge_base_id: uuid.UUID | None = None,
) -> OutboxMessage | None:
    """Queue a letter with a link to set a password, to the stored address; nothing if nobody can send it.

    Without a knowledge base it is the reader's only one, if there is only one. The link's life begins when the letter
    leaves, which it does before ``expires_at`` or not at all.
    """
    found = open_to(reader)
    home = _home_among(found, knowledge_base_id)
    home_id = home.id if home else None
    way = email_settings.way(home_id)
    if way is None:
        return None
    wording = wordings.wording(kind, home_id)
    said = letters.write(wording, values_of(reader, [home] if home else found, lifetime=lifetime, link=LINK))
    return enqueue(
        kind=KINDS[kind],
        recipient=reader.email,
        subject=said.subject,
        text=said.text,
        html=said.html,
        deduplication_key=f"reader {kind} {new_id()}",
        smtp_service_id=way.smtp_service_id,
        sender=way.sender,
        from_name=wording.from_name,
        reply_to=wording.reply_to,
        knowledge_base_id=home_id,
        link=LinkLater(Purpose.READER_PASSWORD, reader.id, lifetime, set_password_address("")),
        expires_at=expires_at,
    )


def way_to(reader: Reader) -> Way | None:
    """Which way a letter to this reader leaves now; none if nobody can send it."""
    home = _home_among(open_to(reader))
    return email_settings.way(home.id if home else None)


def values_of(reader: Reader, found: Sequence[KnowledgeBase], *, lifetime: timedelta, link: str) -> dict[str, str]:
    """What the merge fields stand for in a letter to this reader about these knowledge bases."""
    return {
        "first_name": reader.first_name or reader.email,
        "last_name": reader.last_name,
        "email": reader.email,
        "company": account_name(),
        "knowledge_base": _listed([one.name for one in found]) or "its knowledge base",
        "knowledge_base_link": portal_address(found[0].slug) if len(found) == 1 else portal_address(),
        "set_password_link": link,
        "link_lifetime": letters.in_words(lifetime),
    }


def tell_password_changed(reader: Reader) -> None:
    """Tell a reader that their password has changed, so that a stranger's change does not stay unseen."""
    way = way_to(reader)
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


def open_to(reader: Reader) -> list[KnowledgeBase]:
    """The knowledge bases that this reader may open."""
    named = set(db.session.scalars(select(ReaderAccess.knowledge_base_id).where(ReaderAccess.reader_id == reader.id)))
    return [
        one
        for one in knowledge_bases.all_of_account()
        if not one.is_archived and (reader.reads_everything or one.id in named)
    ]


def account_name() -> str:
    """What readers know the account as."""
    return db.session.get_one(Account, current_account()).name


def _home_among(found: Sequence[KnowledgeBase], wanted: uuid.UUID | None = None) -> KnowledgeBase | None:
    """The knowledge base that a letter is about: the one that was meant, or the only one there is."""
    return next((one for one in found if one.id == wanted), found[0] if len(found) == 1 else None)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
