"""The rows of a run's messages: for each subscriber who is told something, sealed with their own token and name."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kbadmin.database import commit
from kbadmin.encryption import Place
from kbadmin.outbox import fan_out as outbox
from kbadmin.outbox.fan_out import Addressed, Run
from kbadmin.outbox.models import Kind
from kbadmin.sealing import ring
from kbadmin.subscriptions.bodies import Bodies, Body, parts_for
from kbadmin.subscriptions.entitlement import Entitled
from kbadmin.subscriptions.items import Item
from kbadmin.subscriptions.run_models import DigestRun
from kbadmin.tenancy import current_account

LIFE = timedelta(hours=72)  # of a message, from the time that was planned for its run


@dataclass(frozen=True)
class Rows:
    """Rows by the subscriber they are for; ``left_out``: how many there are of whose items no clean message is made."""

    of: dict[uuid.UUID, dict[str, Any]]
    left_out: int


def rows_for(run: DigestRun, bodies: Bodies, people: Sequence[Entitled], *, version: int, domain: str) -> Rows:
    """Make the rows, outside of any transaction; bodies that are not there yet are stored in one of their own.

    ``version`` is the knowledge base's, at which was decided who may see what.
    """
    by_items: dict[tuple[Item, ...], list[Entitled]] = {}
    for one in people:
        if one.reason is None:
            by_items.setdefault(one.items, []).append(one)
    found = [(bodies.of(items), readers) for items, readers in by_items.items()]
    shared = {
        body.id: Run(
            kind=Kind.DIGEST,
            body_id=body.id,
            subject=body.subject,
            domain=domain,
            smtp_service_id=run.smtp_service_id,
            knowledge_base_id=run.knowledge_base_id,
            expires_at=run.due_at + LIFE,
            run_id=run.id,
            visibility_version=version,
            decide_again_at=body.decide_again_at,
        )
        for body, _ in found
        if body is not None
    }
    run_id = run.id
    commit()
    rows: dict[uuid.UUID, dict[str, Any]] = {}
    for body, readers in found:
        if body is not None:
            made = outbox.rows_of(shared[body.id], _addressed(run_id, body, readers))
            rows |= zip((one.id for one in readers), made, strict=True)
    return Rows(rows, sum(len(readers) for body, readers in found if body is None))


def key_of(run_id: uuid.UUID, kb_subscriber_id: uuid.UUID) -> str:
    """The deduplication key: one message per person and run, whatever they subscribe to."""
    return f"digest {run_id.hex} {kb_subscriber_id.hex}"


def owner_of(deduplication_key: str) -> uuid.UUID:
    """The subscriber in the knowledge base whom :func:`key_of` names."""
    return uuid.UUID(deduplication_key.rpartition(" ")[2])


def parts_of(body: Body, one: Entitled) -> dict[str, str]:
    """The personal parts of this subscriber's message."""
    place = Place(
        "knowledge_base_subscribers", "token_sealed", str(current_account()), str(one.id), str(one.subscriber_id)
    )
    token = ring().open_text(one.token_sealed or "", purpose="subscriptions", place=place)
    return parts_for(body, token=token, first_name=one.first_name)


def _addressed(run_id: uuid.UUID, body: Body, readers: Iterable[Entitled]) -> Iterable[Addressed]:
    return (Addressed(one.email, key_of(run_id, one.id), parts_of(body, one)) for one in readers)
