"""Second looks: what was decided when a message was queued may no longer hold when it is claimed.

A message that carries a version tells what was decided about its reader. The room that decided says which of them are
outdated; they wait some seconds, and its task decides again.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from kbadmin import clock
from kbadmin.delivery import marks
from kbadmin.delivery.leases import Claimed
from kbadmin.engine import wake_named

WAIT = timedelta(seconds=10)


@dataclass(frozen=True)
class Outdated:
    """A message whose decision no longer holds, and what has to be decided about."""

    id: int
    account_id: uuid.UUID
    subject_id: uuid.UUID


@dataclass(frozen=True)
class _Judge:
    find: Callable[[Session, Sequence[int]], Sequence[Outdated]]
    task: str


JUDGES: list[_Judge] = []


def judge_with(find: Callable[[Session, Sequence[int]], Sequence[Outdated]], *, task: str) -> None:
    """A room says which of these messages are outdated, and the task that decides again for an account and subject."""
    JUDGES.append(_Judge(find, task))


def put_off_outdated(session: Session, claimed: Sequence[Claimed], token: int) -> set[int]:
    """Put those back about which has to be decided again, and ask for it. Costs nothing where none has a version."""
    ids = [one.id for one in claimed if one.visibility_version is not None]
    if not ids:
        return set()
    found = {judge.task: judge.find(session, ids) for judge in JUDGES}
    outdated = {one.id for each in found.values() for one in each}
    if outdated:
        marks.put_off(session, token, outdated, clock.now() + WAIT)
    for task, each in found.items():
        for account_id, subject_id in {(one.account_id, one.subject_id) for one in each}:
            wake_named(task, str(account_id), str(subject_id), session=session)
    return outdated
