"""What lines of readers show of other things, for many of them at once: the names of groups and knowledge bases."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Uuid, select
from sqlalchemy.orm import Session

from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.prepared import PreparedForSome
from kbadmin.readers.models import ReaderAccess, ReaderGroup, ReaderGroupMember


def groups_of(reader_ids: Sequence[uuid.UUID], session: Session | None = None) -> dict[uuid.UUID, list[str]]:
    """The names of their groups, in one query."""
    return _gathered(_GROUPS, reader_ids, session)


def access_of(reader_ids: Sequence[uuid.UUID], session: Session | None = None) -> dict[uuid.UUID, list[str]]:
    """The names of the knowledge bases they may open, of those who may not open everything."""
    return _gathered(_ACCESS, reader_ids, session)


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


_GROUPS, _ACCESS = PreparedForSome(_groups, Uuid()), PreparedForSome(_access, Uuid())


def _gathered(
    names: PreparedForSome, reader_ids: Sequence[uuid.UUID], session: Session | None
) -> dict[uuid.UUID, list[str]]:
    found = defaultdict(list)
    for reader_id, name in names.rows(reader_ids, session):
        found[reader_id].append(name)
    return found
