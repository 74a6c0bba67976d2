"""Progress of a run: subscribers noted as told and the run's position moved, in the transaction of each chunk.

Core statements, which name the account themselves.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Uuid, bindparam, case, update

from kbadmin import clock
from kbadmin.database import UtcDateTime, db
from kbadmin.ids import as_stored, digits_of
from kbadmin.subscriptions.entitlement import Entitled
from kbadmin.subscriptions.messages import Facts
from kbadmin.subscriptions.models import SUBSCRIBERS_HERE, Frequency
from kbadmin.subscriptions.run_models import RUNS, RunStage
from kbadmin.tenancy import current_account

# For every chunk: made once, as making a statement and fencing it in costs as much as telling a hundred subscribers.
_HERE, _RUN, _UNTIL = SUBSCRIBERS_HERE, RUNS, bindparam("until", type_=UtcDateTime())
_TELL = (
    update(_HERE)
    .where(
        _HERE.c.account_id == bindparam("account"),
        _HERE.c.knowledge_base_id == bindparam("knowledge_base"),
        _HERE.c.id.between(bindparam("first"), bindparam("last")),
        _HERE.c.unsubscribed_at.is_(None),
        _HERE.c.frequency.in_(bindparam("frequencies", expanding=True)),
    )
    .values(told_until_at=case((_HERE.c.told_until_at > _UNTIL, _HERE.c.told_until_at), else_=_UNTIL))
    .returning(as_stored(_HERE.c.id))
)
_MOVE = (
    update(_RUN)
    .where(
        _RUN.c.account_id == bindparam("account"),
        _RUN.c.id == bindparam("run"),
        _RUN.c.stage == RunStage.FANNING_OUT.value,
        _RUN.c.position.is_not_distinct_from(bindparam("before", type_=Uuid())),
    )
    .values(
        position=bindparam("last"),
        planned=_RUN.c.planned + bindparam("more"),
        skipped=bindparam("skipped"),
        moved_at=bindparam("now"),
    )
)


def tell(facts: Facts, people: Sequence[Entitled], frequencies: Collection[Frequency], until_at: datetime) -> set[str]:
    """Note that these were told; answers who had not unsubscribed meanwhile. Their rows are held until the commit."""
    values = {
        "account": current_account(),
        "knowledge_base": facts.knowledge_base_id,
        "first": uuid.UUID(people[0].id),
        "last": uuid.UUID(people[-1].id),
        "frequencies": [one.value for one in frequencies],
        "until": until_at,
    }
    return set(map(digits_of, db.session.connection().scalars(_TELL, values).all()))


def move(facts: Facts, before: uuid.UUID | None, people: Sequence[Entitled], skipped: Counter[str]) -> bool:
    """Move the run's position and count; False if it does not stand where it stood for us."""
    values = {
        "account": current_account(),
        "run": facts.run_id,
        "before": before,
        "last": uuid.UUID(people[-1].id),
        "more": len(people),
        "skipped": {str(reason): number for reason, number in skipped.items() if number},
        "now": clock.now(),
    }
    return db.session.connection().execute(_MOVE, values).rowcount == 1
