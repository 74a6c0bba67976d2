"""The verbs of a knowledge base's subscription settings: save, turn on and off, pause, go on."""

import uuid
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import select

from kbadmin import clock
from kbadmin.adding import added
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.seen import Seen, Trail, Values, require_unchanged
from kbadmin.smtp import operations as smtp
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import planning, set_up, weekdays
from kbadmin.subscriptions.models import SubscriptionSettings

#: What may be long is named in the audit log, not repeated there.
LONG = ("intro", "footer")


class NotChoosable(ValueError):
    """The service cannot be used now, or is none of the account."""


class ServiceNeeded(ValueError):
    """Subscriptions are on, and nothing can be sent without a service."""


class NotReady(RuntimeError):
    """Subscriptions cannot be turned on. ``str()`` is a sentence that says what is missing."""


@dataclass(frozen=True)
class Wanted:
    """What an editor decides about the digests of a knowledge base."""

    smtp_service_id: uuid.UUID | None
    weekdays: int
    minute: int
    subject: str
    intro: str = ""
    footer: str = ""
    shows_logo: bool = True
    allows_weekly: bool = False
    allows_immediate: bool = False
    is_public: bool = False


def stored(knowledge_base_id: uuid.UUID) -> SubscriptionSettings | None:
    """The settings of a knowledge base, if they were ever saved."""
    return db.session.scalar(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base_id))


def service_of(settings: SubscriptionSettings | None) -> SmtpService | None:
    """The service that digests leave through, if one was chosen."""
    return smtp.find(settings.smtp_service_id) if settings and settings.smtp_service_id else None


def users_of(service_id: uuid.UUID) -> list[KnowledgeBase]:
    """The knowledge bases whose digests leave through a service, by name."""
    query = (
        select(KnowledgeBase)
        .join(SubscriptionSettings, SubscriptionSettings.knowledge_base_id == KnowledgeBase.id)
        .where(SubscriptionSettings.smtp_service_id == service_id, KnowledgeBase.deleted_at.is_(None))
    )
    return list(db.session.scalars(query.order_by(KnowledgeBase.name_key)))


def shown(settings: SubscriptionSettings | None) -> Values:
    """What the form of the settings shows of them; nothing as long as they were never saved."""
    return {one.name: getattr(settings, one.name) for one in fields(Wanted)} if settings else {}


def change(
    knowledge_base_id: uuid.UUID, wanted: Wanted, *, seen: Seen | None = None, actor: Actor
) -> SubscriptionSettings:
    """Save the settings. Strangers are let in only where everybody may read.

    Raises LookupError, :class:`NotChoosable` for another service that cannot be used, :class:`ServiceNeeded` and
    :class:`kbadmin.seen.ChangedMeanwhile`.
    """
    begin_writing()
    knowledge_base = knowledge_bases.held(knowledge_base_id)  # Before its settings, as planning does.
    made = SubscriptionSettings(knowledge_base_id=knowledge_base_id, **_FIRST)
    settings = _locked(knowledge_base_id) or added(made, lambda: _locked(knowledge_base_id))
    if knowledge_base.audience != Audience.PUBLIC:
        wanted = replace(wanted, is_public=settings.is_public)
    trail = Trail(knowledge_bases.subject_of(knowledge_base), ("subscription settings changed",))
    now = shown(settings) if settings is not made else {}
    require_unchanged(seen, now=now, wanted=vars(wanted), trail=trail)
    _require_service(settings, wanted)
    if settings.is_public and not wanted.is_public:
        knowledge_base.visibility_version += 1  # What waits for strangers is decided on again.
    said = _changes(settings, wanted)
    for name, value in asdict(wanted).items():
        setattr(settings, name, value)
    if said:
        _finish(knowledge_base, settings, "subscription settings changed", actor, **said)
    db.session.flush()
    return settings


def turn_on(knowledge_base_id: uuid.UUID, *, actor: Actor) -> SubscriptionSettings:
    """Digests leave from now on. Raises LookupError, and :class:`NotReady` as long as a step before is not done."""
    begin_writing()
    knowledge_base, settings = _found(knowledge_base_id), stored(knowledge_base_id)
    missing = set_up.missing(settings, service_of(settings))
    if knowledge_base.is_archived:
        missing = "Bring the knowledge base back first: nothing is sent for one that is archived."
    if settings is None or missing:
        raise NotReady(missing)
    if not settings.is_on:
        settings.is_on, settings.paused_at = True, None
        _finish(knowledge_base, settings, "subscriptions turned on", actor)
    return settings


def turn_off(knowledge_base_id: uuid.UUID, *, actor: Actor) -> None:
    """No digest is made any more; subscribers and settings are kept. Raises LookupError."""
    begin_writing()
    knowledge_base, settings = _found(knowledge_base_id), stored(knowledge_base_id)
    if settings is not None and settings.is_on:
        settings.is_on, settings.paused_at = False, None
        _finish(knowledge_base, settings, "subscriptions turned off", actor)


def pause(knowledge_base_id: uuid.UUID, *, actor: Actor) -> None:
    """No digest is made until :func:`resume`; readers may subscribe all the while. Raises LookupError."""
    begin_writing()
    knowledge_base, settings = _found(knowledge_base_id), stored(knowledge_base_id)
    if settings is not None and settings.is_sending:
        settings.paused_at = clock.now()
        _finish(knowledge_base, settings, "subscriptions paused", actor)


def resume(knowledge_base_id: uuid.UUID, *, actor: Actor) -> None:
    """Digests are made again, from the next time of the schedule on. Raises LookupError."""
    begin_writing()
    knowledge_base, settings = _found(knowledge_base_id), stored(knowledge_base_id)
    if settings is not None and settings.paused_at is not None:
        settings.paused_at = None
        _finish(knowledge_base, settings, "subscriptions resumed", actor)


_FIRST: dict[str, Any] = {
    "smtp_service_id": None, "weekdays": 0, "minute": 0, "subject": "", "intro": "", "footer": "", "shows_logo": True,
    "allows_weekly": False, "allows_immediate": False, "is_public": False, "is_on": False,
}  # fmt: skip


def _found(knowledge_base_id: uuid.UUID) -> KnowledgeBase:
    found = knowledge_bases.find(knowledge_base_id)
    if found is None:
        raise LookupError(knowledge_base_id)
    return found


def _locked(knowledge_base_id: uuid.UUID) -> SubscriptionSettings | None:
    query = select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base_id)
    return db.session.scalar(query.with_for_update())


def _require_service(settings: SubscriptionSettings, wanted: Wanted) -> None:
    if wanted.smtp_service_id is None and settings.is_on:
        raise ServiceNeeded(settings.knowledge_base_id)
    if wanted.smtp_service_id in (None, settings.smtp_service_id):
        return
    service = smtp.find(wanted.smtp_service_id)
    if service is None or not service.is_choosable:
        raise NotChoosable(wanted.smtp_service_id)


def _finish(
    knowledge_base: KnowledgeBase, settings: SubscriptionSettings, phrase: str, actor: Actor, **said: Any
) -> None:
    settings.updated_at, settings.updated_by = clock.now(), actor.label
    planning.replan(settings, knowledge_base)
    record(phrase, actor=actor, subject=knowledge_bases.subject_of(knowledge_base), **said)


def _changes(settings: SubscriptionSettings, wanted: Wanted) -> dict[str, Any]:
    """What the audit log says of a change."""
    before, after = _described(settings), _described(wanted)
    return {
        name: "changed" if name in LONG else f"{before[name] or 'none'} → {value or 'none'}"
        for name, value in after.items()
        if before[name] != value
    }


def _described(row: SubscriptionSettings | Wanted) -> dict[str, str]:
    service = smtp.find(row.smtp_service_id) if row.smtp_service_id else None
    return {
        "service": service.friendly_name if service else "",
        "schedule": f"{weekdays.in_words(row.weekdays)}, {weekdays.clock_time(row.minute)}" if row.weekdays else "",
        "subject_line": row.subject,
        "intro": row.intro,
        "footer": row.footer,
        "logo": _word(row.shows_logo),
        "weekly": _word(row.allows_weekly),
        "immediately": _word(row.allows_immediate),
        "public": _word(row.is_public),
    }


def _word(value: bool) -> str:
    return "yes" if value else "no"
