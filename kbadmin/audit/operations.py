"""record(): one verb for everything that belongs into the audit log; and forgetting people whom it names."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from kbadmin.audit.models import AuditEntry
from kbadmin.database import db
from kbadmin.encryption import MASK, Secret
from kbadmin.tenancy import current_account


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, or a part of the product with a name and no id."""

    id: uuid.UUID | None
    label: str
    network_address: str = ""


WORKER = Actor(None, "kbadmin (background work)")
COMMAND_LINE = Actor(None, "kbadmin (command line)")


@dataclass(frozen=True)
class Subject:
    """What was acted on."""

    kind: str
    id: uuid.UUID | None
    label: str


def record(
    action: str,
    *,
    actor: Actor,
    subject: Subject | None = None,
    session: Session | None = None,
    **facts: Any,
) -> None:
    """Add a line. ``action`` is a fixed phrase («smtp service created»); ``facts`` are JSON values, never secrets.

    By default the line is part of the caller's transaction; give the ledger's session for what must outlive a refusal.
    """
    chosen = session or db.session()
    chosen.add(
        AuditEntry(
            account_id=current_account(chosen),
            action=action,
            actor_id=actor.id,
            actor=actor.label,
            network_address=actor.network_address,
            subject_kind=subject.kind if subject else "",
            subject_id=subject.id if subject else None,
            subject=subject.label[:254] if subject else "",
            facts={key: MASK if isinstance(value, Secret) else value for key, value in facts.items()},
        )
    )


def forget_subjects(kind: str, ids: Collection[uuid.UUID], *, label: str) -> None:
    """These people are deleted: what was done stays in the log, whom it was done to is ``label`` from now on."""
    _relabel([AuditEntry.subject_kind == kind, AuditEntry.subject_id.in_(ids)], subject=label)


def forget_labels(kind: str, labels: Collection[str], *, label: str) -> None:
    """The same for subjects that are known by their label alone."""
    _relabel([AuditEntry.subject_kind == kind, AuditEntry.subject.in_(labels)], subject=label)


def forget_actors(ids: Collection[uuid.UUID], *, label: str) -> None:
    """The same for what they did themselves, and from where."""
    _relabel([AuditEntry.actor_id.in_(ids)], actor=label, network_address="")


def forget_strangers(kind: str, ids: Collection[uuid.UUID], *, label: str) -> None:
    """The same for what somebody without an id did to one of these."""
    mine = [AuditEntry.subject_kind == kind, AuditEntry.subject_id.in_(ids), AuditEntry.actor_id.is_(None)]
    _relabel(mine, actor=label, network_address="")


def _relabel(where: list[ColumnElement[bool]], **values: str) -> None:
    changed = update(AuditEntry).where(*where).values(**values)
    db.session.execute(changed.execution_options(synchronize_session=False))
