"""The verbs of the reader e-mail settings: choose a service, and decide which way a message leaves now."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.operations import subject_of
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.platform import platform_sender
from kbadmin.readers.email_models import ReaderEmailSettings, WhenStopped
from kbadmin.readers.template_models import ServiceOverride
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService, State
from kbadmin.tenancy import current_account

CHANGED = "reader e-mail settings changed"
SHOWN = ("smtp_service_id", "when_stopped", "welcome_hours")
SENDING = (State.READY, State.UNTESTED, State.DEGRADED)


class NotChoosable(ValueError):
    """The service cannot be used now, or is none of the account."""


@dataclass(frozen=True)
class Way:
    """Which way a message leaves: a service's, or the platform's. One that ``waits`` stays in the queue at first."""

    smtp_service_id: uuid.UUID | None
    sender: Sender
    waits: bool = False


def stored() -> ReaderEmailSettings | None:
    """The settings of the account, if they were ever saved."""
    return db.session.scalar(select(ReaderEmailSettings))


def shown(settings: ReaderEmailSettings | None) -> Values:
    """What the form of the settings shows of them; nothing as long as they were never saved."""
    return {name: getattr(settings, name) for name in SHOWN} if settings else {}


def change(
    *,
    smtp_service_id: uuid.UUID | None,
    when_stopped: WhenStopped,
    welcome_hours: int,
    seen: Seen | None = None,
    actor: Actor,
) -> ReaderEmailSettings:
    """Save the settings. Raises :class:`NotChoosable` for a service that was not chosen before and cannot be used.

    Raises :class:`kbadmin.seen.ChangedMeanwhile` as well.
    """
    begin_writing()
    made = ReaderEmailSettings(when_stopped=WhenStopped.WAIT, welcome_hours=72)
    settings = _locked() or added(made, _locked)
    wanted = dict(zip(SHOWN, (smtp_service_id, when_stopped, welcome_hours), strict=True))
    now = shown(settings) if settings is not made else {}
    require_unchanged(seen, now=now, wanted=wanted, trail=Trail(_subject(), (CHANGED,)))
    before = _described(settings)
    if smtp_service_id != settings.smtp_service_id:
        _require_choosable(smtp_service_id)
    settings.smtp_service_id = smtp_service_id
    settings.when_stopped, settings.welcome_hours = when_stopped, welcome_hours
    settings.updated_at = clock.now()
    db.session.flush()
    changed: dict[str, Any] = {
        name: f"{before[name]} → {value}" for name, value in _described(settings).items() if before[name] != value
    }
    if changed:
        record(CHANGED, actor=actor, subject=_subject(), **changed)
    return settings


def way(knowledge_base_id: uuid.UUID | None = None) -> Way | None:
    """Which way an e-mail to a reader of this knowledge base leaves if it is queued now; none if nobody can send it."""
    settings = stored()
    service, platform = chosen_service(knowledge_base_id), platform_sender()
    if service is None:
        return Way(None, platform.sender) if platform else None
    is_sending = service.state in SENDING
    if not is_sending and settings and settings.when_stopped == WhenStopped.PLATFORM and platform:
        return Way(None, platform.sender)
    sender = Sender(service.send_from_address, service.send_from_name, service.reply_to_address)
    return Way(service.id, sender, waits=not is_sending)


def can_send() -> bool:
    """Whether there is a way for readers of the account, or of any knowledge base that chose a service of its own."""
    return way() is not None or bool(own_services())


def welcome_lifetime() -> timedelta:
    """How long the link of a welcome e-mail works."""
    settings = stored()
    return timedelta(hours=settings.welcome_hours if settings else 72)


def chosen_service(knowledge_base_id: uuid.UUID | None = None) -> SmtpService | None:
    """The service that reader e-mails leave through: the knowledge base’s own, else the account’s, if there is one."""
    chosen = own_service_id(knowledge_base_id) if knowledge_base_id else None
    settings = stored()
    chosen = chosen or (settings.smtp_service_id if settings else None)
    return smtp.find(chosen) if chosen else None


def own_service_id(knowledge_base_id: uuid.UUID) -> uuid.UUID | None:
    """The service that a knowledge base chose for its readers' e-mails, if it did."""
    query = select(ServiceOverride.smtp_service_id).where(ServiceOverride.knowledge_base_id == knowledge_base_id)
    return db.session.scalar(query)


def own_services() -> dict[uuid.UUID, uuid.UUID]:
    """The services of all knowledge bases that chose one, by knowledge base."""
    query = select(ServiceOverride.knowledge_base_id, ServiceOverride.smtp_service_id)
    return {row.knowledge_base_id: row.smtp_service_id for row in db.session.execute(query)}


def choose_for(
    knowledge_base: KnowledgeBase, smtp_service_id: uuid.UUID | None, *, seen: Seen | None = None, actor: Actor
) -> None:
    """Let the e-mails to readers of one knowledge base leave through this service; none: as the account's do.

    Raises :class:`NotChoosable` for a service that was not chosen before and cannot be used, and
    :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    row = _locked_override(knowledge_base.id)
    now, wanted = {"smtp_service_id": row.smtp_service_id if row else None}, {"smtp_service_id": smtp_service_id}
    require_unchanged(seen, now=now, wanted=wanted, trail=Trail(subject_of(knowledge_base), (CHANGED,)))
    if now == wanted:
        return
    _require_choosable(smtp_service_id)
    before = _named(row.smtp_service_id if row else None)
    if row is None:
        made = ServiceOverride(knowledge_base_id=knowledge_base.id, smtp_service_id=smtp_service_id)
        if added(made, lambda: _locked_override(knowledge_base.id)) is not made:
            choose_for(knowledge_base, smtp_service_id, seen=seen, actor=actor)  # Over what somebody chose just now.
            return
    elif smtp_service_id is None:
        db.session.delete(row)
    else:
        row.smtp_service_id = smtp_service_id
    said = f"{before} → {_named(smtp_service_id)}"
    record(CHANGED, actor=actor, subject=subject_of(knowledge_base), service=said)


def _locked() -> ReaderEmailSettings | None:
    return db.session.scalar(select(ReaderEmailSettings).with_for_update())


def _locked_override(knowledge_base_id: uuid.UUID) -> ServiceOverride | None:
    query = select(ServiceOverride).where(ServiceOverride.knowledge_base_id == knowledge_base_id)
    return db.session.scalar(query.with_for_update())


def _named(service_id: uuid.UUID | None) -> str:
    service = smtp.find(service_id) if service_id else None
    return service.friendly_name if service else "as the account"


def _require_choosable(service_id: uuid.UUID | None) -> None:
    if service_id is None:
        return
    service = smtp.find(service_id)
    if service is None or not service.is_choosable:
        raise NotChoosable(service_id)


def _described(settings: ReaderEmailSettings) -> dict[str, Any]:
    service = smtp.find(settings.smtp_service_id) if settings.smtp_service_id else None
    return {
        "service": service.friendly_name if service else "platform sender",
        "when_stopped": settings.when_stopped,
        "welcome_hours": settings.welcome_hours,
    }


def _subject() -> Subject:
    return Subject("reader e-mail settings", current_account(), "Reader e-mails")
