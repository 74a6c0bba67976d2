"""The verbs of an account's SMTP services: create, change, duplicate, disable, delete, find, choose."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kbadmin import clock
from kbadmin.audit.operations import Actor, Subject, record
from kbadmin.database import abandon, begin_writing, db
from kbadmin.encryption import Secret
from kbadmin.names import folded
from kbadmin.seen import Seen, Trail, require_unchanged
from kbadmin.smtp import flows
from kbadmin.smtp.changes import COPIED, VERSIONED, Dropped, changed_fields, dropped_by, shown
from kbadmin.smtp.limits import keep_within
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.pauses import put_right
from kbadmin.smtp.security import Authentication
from kbadmin.smtp.usages import ServiceInUse, usages


class NameTaken(ValueError):
    """Another service of the account has this Friendly Name already, perhaps in other letters."""


class WouldDrop(RuntimeError):
    """Saving would drop stored secrets and nobody has agreed to that; ``dropped`` says which."""

    def __init__(self, dropped: Dropped) -> None:
        super().__init__("saving would drop stored secrets")
        self.dropped = dropped


@dataclass(frozen=True)
class NewSecrets:
    """What was typed into the write-only fields; none means «keep»."""

    password: Secret | None = None
    client_secret: Secret | None = None


def all_services() -> list[SmtpService]:
    """The account's services by name, deleted ones left out."""
    query = select(SmtpService).where(SmtpService.deleted_at.is_(None)).order_by(SmtpService.friendly_name_key)
    return list(db.session.scalars(query))


def matches(service: SmtpService, asked: str) -> bool:
    """Whether a service's name, host or From address holds the folded words of a search."""
    return any(asked in folded(text) for text in (service.friendly_name, service.host, service.send_from_address))


def find(service_id: uuid.UUID, *, for_update: bool = False) -> SmtpService | None:
    """One service of the account, or nothing if it is another's, deleted, or none at all."""
    query = select(SmtpService).where(SmtpService.id == service_id, SmtpService.deleted_at.is_(None))
    return db.session.scalar(query.with_for_update() if for_update else query)


def create_service(values: dict[str, Any], secrets: NewSecrets, *, actor: Actor) -> SmtpService:
    """A new service from validated values (names of columns). Raises :class:`NameTaken`."""
    begin_writing()
    _require_free_name(values["friendly_name"])
    service = SmtpService(**values, created_by=actor.label)
    service.friendly_name_key = folded(service.friendly_name)
    keep_within(service)
    _store(service, secrets)
    db.session.add(service)
    _flush(service.friendly_name)
    record("smtp service created", actor=actor, subject=_subject(service), authentication=service.authentication)
    return service


def change_service(
    service_id: uuid.UUID,
    values: dict[str, Any],
    secrets: NewSecrets,
    *,
    may_drop: bool,
    seen: Seen | None = None,
    actor: Actor,
) -> tuple[SmtpService, Dropped]:
    """Save validated values over a service and answer what was dropped.

    Raises LookupError for no such service, :class:`NameTaken`, :class:`kbadmin.seen.ChangedMeanwhile`, and
    :class:`WouldDrop` unless ``may_drop``.
    """
    begin_writing()
    service = find(service_id, for_update=True)
    if service is None:
        raise LookupError(service_id)
    trail = Trail(_subject(service), ("smtp service changed",))
    require_unchanged(seen, now=shown(service), wanted=values, trail=trail)
    if "friendly_name" in values:
        _require_free_name(values["friendly_name"], but=service.id)
    dropped = dropped_by(
        service,
        values,
        new_password=secrets.password is not None,
        new_client_secret=secrets.client_secret is not None,
    )
    if dropped and not may_drop:
        raise WouldDrop(dropped)
    changed = changed_fields(service, values)
    _apply(service, values, secrets, dropped)
    replaced = [name for name in ("password", "client_secret") if getattr(secrets, name) is not None]
    _flush(values.get("friendly_name", ""))
    _after_change(service, {*changed, *replaced})
    if changed or replaced:
        record(
            "smtp service changed",
            actor=actor,
            subject=_subject(service),
            changed=sorted(changed),
            replaced=replaced,
            dropped=list(dropped.things),
        )
    return service, dropped


def duplicate_service(service_id: uuid.UUID, *, friendly_name: str, actor: Actor) -> SmtpService:
    """A copy under another name, without any secret, grant or identity."""
    begin_writing()
    original = find(service_id)
    if original is None:
        raise LookupError(service_id)
    values = {name: getattr(original, name) for name in COPIED}
    return create_service({**values, "friendly_name": friendly_name}, NewSecrets(), actor=actor)


def free_copy_name(name: str) -> str:
    """«Name (copy)», numbered until it is free."""
    taken = {service.friendly_name_key for service in all_services()}
    for number in range(1, 1000):
        suffix = " (copy)" if number == 1 else f" (copy {number})"
        proposal = name[: 120 - len(suffix)] + suffix
        if folded(proposal) not in taken:
            return proposal
    raise NameTaken(name)


def set_enabled(service_id: uuid.UUID, *, enabled: bool, actor: Actor) -> SmtpService:
    """Switch a service off (mail waits) or on again; its settings stay."""
    begin_writing()
    service = find(service_id, for_update=True)
    if service is None:
        raise LookupError(service_id)
    service.disabled_at = None if enabled else service.disabled_at or clock.now()
    record(f"smtp service {'enabled' if enabled else 'disabled'}", actor=actor, subject=_subject(service))
    return service


def delete_service(service_id: uuid.UUID, *, actor: Actor) -> str:
    """Leave a tombstone: secrets overwritten, the name free again, history readable. Answers the old name.

    Raises :class:`ServiceInUse` while it is chosen anywhere.
    """
    begin_writing()
    service = find(service_id, for_update=True)
    if service is None:
        raise LookupError(service_id)
    if used := usages(service.id):
        raise ServiceInUse(used)
    service.password = service.client_secret = service.access_token = service.refresh_token = None
    service.password_set_at = service.client_secret_set_at = None
    service.identity_username = service.identity_object = service.identity_tenant = None
    flows.forget_of(service.id)
    service.friendly_name_key = None
    service.deleted_at = clock.now()
    service.configuration_version += 1
    record("smtp service deleted", actor=actor, subject=_subject(service))
    return service.friendly_name


def _require_free_name(name: str, *, but: uuid.UUID | None = None) -> None:
    query = select(SmtpService.id).where(SmtpService.friendly_name_key == folded(name))
    taken = db.session.scalar(query)
    if taken is not None and taken != but:
        raise NameTaken(name)


def _flush(name: str) -> None:
    """Two people may choose one name in the same moment: the database decides, and the second one hears of it."""
    try:
        db.session.flush()
    except IntegrityError:
        abandon()
        raise NameTaken(name) from None


def _apply(service: SmtpService, values: dict[str, Any], secrets: NewSecrets, dropped: Dropped) -> None:
    # Envelopes are bound to their destination: those that stay are opened before and sealed again after the change.
    # Those that go are not opened: one that no longer opens can be replaced.
    goes = {
        "password": dropped.password or secrets.password is not None,
        "client_secret": dropped.client_secret or secrets.client_secret is not None,
        "access_token": dropped.tokens,
        "refresh_token": dropped.tokens,
    }
    kept = {name: None if is_going else getattr(service, name) for name, is_going in goes.items()}
    if dropped.tokens:
        forget_grant(service)
    for name, value in values.items():
        setattr(service, name, value)
    if "friendly_name" in values:
        service.friendly_name_key = folded(service.friendly_name)
    keep_within(service)
    for name, value in kept.items():
        setattr(service, name, value)
    service.password_set_at = service.password_set_at if kept["password"] else None
    service.client_secret_set_at = service.client_secret_set_at if kept["client_secret"] else None
    _store(service, secrets)


def forget_grant(service: SmtpService) -> None:
    """Let go of the tokens and of who signed in; the worker must not use what it may have read before."""
    service.access_token = service.refresh_token = None
    service.access_token_expires_at = service.authorized_at = service.authorized_by = None
    service.identity_username = service.identity_tenant = service.identity_object = None
    service.token_version += 1


def _store(service: SmtpService, secrets: NewSecrets) -> None:
    if service.authentication == Authentication.PASSWORD and secrets.password is not None:
        service.password, service.password_set_at = secrets.password, clock.now()
    if service.authentication == Authentication.OAUTH2 and secrets.client_secret is not None:
        service.client_secret, service.client_secret_set_at = secrets.client_secret, clock.now()


def _after_change(service: SmtpService, changed: set[str]) -> None:
    service.updated_at = clock.now()
    if changed & VERSIONED:
        service.configuration_version += 1
    if changed & (VERSIONED | {"password"}):
        service.tested_at = None
    if changed & (VERSIONED | {"password", "client_secret"}):
        service.authorization_failure = None
        put_right(service)


def _subject(service: SmtpService) -> Subject:
    return Subject("smtp service", service.id, service.friendly_name)
