"""What lines of readers show of other things, for many of them at once: the names of groups and knowledge bases."""

import functools
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session

from kbadmin.database import db
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.prepared import Prepared
from kbadmin.readers.listing import PAGE
from kbadmin.readers.models import ReaderAccess, ReaderGroup, ReaderGroupMember


def groups_of(reader_ids: Sequence[uuid.UUID], session: Session | None = None) -> dict[uuid.UUID, list[str]]:
    """The names of their groups, in one query."""
    return _gathered(_groups, reader_ids, session)


def access_of(reader_ids: Sequence[uuid.UUID], session: Session | None = None) -> dict[uuid.UUID, list[str]]:
    """The names of the knowledge bases they may open, of those who may not open everything."""
    return _gathered(_access, reader_ids, session)


def _groups(of_some: Any) -> Select[uuid.UUID, str]:
    return (
        select(ReaderGroupMember.reader_id, ReaderGroup.name)
        .join(ReaderGroup, ReaderGroup.id == ReaderGroupMember.group_id)
        .where(ReaderGroupMember.reader_id.in_(of_some))
        .order_by(ReaderGroup.name_key)
    )


def _access(of_some: Any) -> Select[uuid.UUID, str]:
    return (
        select(ReaderAccess.reader_id, KnowledgeBase.name)
        .join(KnowledgeBase, KnowledgeBase.id == ReaderAccess.knowledge_base_id)
        .where(ReaderAccess.reader_id.in_(of_some), KnowledgeBase.deleted_at.is_(None))
        .order_by(KnowledgeBase.name_key)
    )


_PLACES = [f"reader_{number}" for number in range(PAGE)]
_OF_A_PAGE = {
    query: Prepared(functools.partial(query, [bindparam(name, type_=Uuid()) for name in _PLACES]))
    for query in (_groups, _access)
}


def _gathered(query: Any, reader_ids: Sequence[uuid.UUID], session: Session | None) -> dict[uuid.UUID, list[str]]:
    asking, found = session or db.session(), defaultdict(list)
    if len(reader_ids) <= PAGE:  # Places that nobody takes hold nothing, which equals nobody.
        rows = _OF_A_PAGE[query].rows(asking, **(dict.fromkeys(_PLACES) | dict(zip(_PLACES, reader_ids, strict=False))))
    else:
        rows = list(asking.execute(query(reader_ids)))
    for reader_id, name in rows:
        found[reader_id].append(name)
    return found
