"""The rows of a run's messages: for each subscriber who is told something, sealed with their own token and name."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kbadmin.database import commit
from kbadmin.ids import with_dashes
from kbadmin.outbox import fan_out as outbox
from kbadmin.outbox.fan_out import Addressed, Batch, Run
from kbadmin.outbox.models import Kind
from kbadmin.sealing import ring
from kbadmin.subscriptions.bodies import Bodies, Body, parts_for
from kbadmin.subscriptions.entitlement import Entitled
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber
from kbadmin.tenancy import current_account

_NOBODY = uuid.UUID(int=0)
LIFE = timedelta(hours=72)  # of a message, from the time that was planned for its run


@dataclass(frozen=True)
class Facts:
    """What is known of a run whose messages are made, apart from any session."""

    run_id: uuid.UUID
    knowledge_base_id: uuid.UUID
    smtp_service_id: uuid.UUID
    due_at: datetime
    domain: str


@dataclass(frozen=True)
class Made:
    """Batches, one for each body, with the subscribers their rows are for; ``left_out``: for how many there is none."""

    batches: list[tuple[Batch, list[str]]]
    left_out: int


def made_for(facts: Facts, bodies: Bodies, people: Sequence[Entitled], *, version: int) -> Made:
    """Make the rows, outside of any transaction; bodies that are not there yet are stored in one of their own.

    ``version`` is the knowledge base's, at which was decided who may see what.
    """
    by_list: dict[int, list[Entitled]] = {}  # Readers with the same view have one and the same list.
    for one in people:
        if one.reason is None:
            by_list.setdefault(id(one.items), []).append(one)
    found = [(bodies.of(readers[0].items), readers) for readers in by_list.values()]
    commit()
    batches = []
    for body, readers in found:
        if body is not None:
            batch = outbox.batch_of(_run(facts, body, version), _addressed(facts.run_id, body, readers))
            batches.append((batch, [one.id for one in readers]))
    return Made(batches, sum(len(readers) for body, readers in found if body is None))


def _run(facts: Facts, body: Body, version: int) -> Run:
    return Run(
        kind=Kind.DIGEST,
        body_id=body.id,
        subject=body.subject,
        domain=facts.domain,
        smtp_service_id=facts.smtp_service_id,
        knowledge_base_id=facts.knowledge_base_id,
        expires_at=facts.due_at + LIFE,
        run_id=facts.run_id,
        visibility_version=version,
        decide_again_at=body.decide_again_at,
    )


def key_of(run_id: uuid.UUID, kb_subscriber_id: uuid.UUID) -> str:
    """The deduplication key: one message per person and run, whatever they subscribe to."""
    return f"digest {run_id.hex} {kb_subscriber_id.hex}"


def owner_of(deduplication_key: str) -> uuid.UUID:
    """The subscriber in the knowledge base whom :func:`key_of` names."""
    return uuid.UUID(deduplication_key.rpartition(" ")[2])


def parts_of(body: Body, one: Entitled) -> dict[str, str]:
    """The personal parts of this subscriber's message."""
    [token] = _tokens([one])
    return parts_for(body, token=token, first_name=one.first_name)


def _addressed(run_id: uuid.UUID, body: Body, readers: Sequence[Entitled]) -> Iterator[Addressed]:
    beginning = key_of(run_id, _NOBODY)[: -len(_NOBODY.hex)]
    for one, token in zip(readers, _tokens(readers), strict=True):
        parts = parts_for(body, token=token, first_name=one.first_name)
        yield Addressed(one.email, beginning + one.id, parts)


def _tokens(readers: Iterable[Entitled]) -> Iterator[str]:
    """What each subscriber's links end with."""
    sealed = ((one.token_sealed or "", with_dashes(one.id), with_dashes(one.subscriber_id)) for one in readers)
    here, account = KnowledgeBaseSubscriber, str(current_account())
    return ring().open_column(
        sealed, purpose=here.token.purpose, table=here.__tablename__, column=here.token.column, account=account
    )
