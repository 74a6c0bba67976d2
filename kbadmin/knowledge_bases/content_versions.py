"""The content version of a knowledge base: another one after every change of a row that readers' pages show.

Pages that are kept in memory (:mod:`kbadmin.portal.kept_pages`) are compared with it at each request, so no operation
must forget it, nor has to think of it: the session sees which rows are flushed, and gives their knowledge bases a new
version in the same transaction. Rooms say which of their rows are shown (:func:`shows`). A version is a random name,
not a number, so that no two ways that things went ever meet in one: not even after a backup was restored.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, inspect, update
from sqlalchemy.orm import ORMExecuteState, Session

from kbadmin.knowledge_bases.models import KnowledgeBase


class ChangedInBulk(RuntimeError):
    """Rows that pages show were changed by one statement, of which nobody can say which knowledge bases it meets."""


@dataclass(frozen=True)
class _Shown:
    owner: Callable[[Session, Any], uuid.UUID | None]
    but: frozenset[str]


_SHOWN: dict[type[Any], _Shown] = {}
_RENEWS = "renews_content_version"


def shows(
    model: type[Any], owner: Callable[[Session, Any], uuid.UUID | None], *, but: Iterable[str] = frozenset()
) -> None:
    """A room says that pages show rows of this model.

    ``owner`` finds the knowledge base of a row; changes of the columns ``but`` make no difference to any page.
    """
    _SHOWN[model] = _Shown(owner, frozenset(but))


@event.listens_for(Session, "before_flush")
def _renew(session: Session, *_: Any) -> None:
    changed = [*session.new, *session.deleted, *(row for row in session.dirty if _differs(row))]
    owners = {shown.owner(session, row) for row in changed if (shown := _SHOWN.get(type(row))) is not None}
    ids = sorted(owner for owner in owners if owner is not None)  # In one order: two writers never block each other.
    for knowledge_base_id in ids:
        renewed = update(KnowledgeBase).where(KnowledgeBase.id == knowledge_base_id)
        options = {"synchronize_session": False, _RENEWS: True}
        session.execute(renewed.values(content_version=uuid.uuid4()), execution_options=options)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if state.is_select or state.execution_options.get(_RENEWS):
        return
    mapper = state.bind_mapper
    if mapper is not None and mapper.class_ in _SHOWN:
        raise ChangedInBulk(f"change rows of {mapper.class_.__name__} one by one, so that kept pages hear of it")


def _differs(row: Any) -> bool:
    """Whether a page could look different for what has changed in this row."""
    shown = _SHOWN.get(type(row))
    if shown is None:
        return False
    attributes = inspect(row).attrs
    return any(one.history.has_changes() for one in attributes if one.key not in shown.but)


shows(KnowledgeBase, lambda _, row: row.id, but={"visibility_version", "content_version"})
