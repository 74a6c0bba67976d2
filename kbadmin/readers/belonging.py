"""What readers belong to and may open: rows of groups and access, for one reader or for many at once.

These are parts of operations: call them in a write section. What is there already, or gone already, stays as it is.
"""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, select, update

from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroup, ReaderGroupMember

Ids = Collection[uuid.UUID]


def join(reader_ids: Ids, group_ids: Ids) -> None:
    """Put each of these readers into each of these groups."""
    wanted = {(group_id, reader_id) for group_id in group_ids for reader_id in reader_ids}
    query = select(ReaderGroupMember.group_id, ReaderGroupMember.reader_id).where(
        ReaderGroupMember.reader_id.in_(reader_ids), ReaderGroupMember.group_id.in_(group_ids)
    )
    missing = wanted - {(row[0], row[1]) for row in db.session.execute(query)}
    db.session.add_all(
        ReaderGroupMember(group_id=group_id, reader_id=reader_id) for group_id, reader_id in sorted(missing)
    )


def leave(reader_ids: Ids, group_ids: Ids) -> None:
    """Take these readers out of these groups."""
    _execute(
        delete(ReaderGroupMember).where(
            ReaderGroupMember.reader_id.in_(reader_ids), ReaderGroupMember.group_id.in_(group_ids)
        )
    )


def give_access(reader_ids: Ids, knowledge_base_ids: Ids) -> None:
    """Let these readers open these knowledge bases, besides what they may open already."""
    query = select(ReaderAccess.reader_id, ReaderAccess.knowledge_base_id).where(ReaderAccess.reader_id.in_(reader_ids))
    wanted = {(reader_id, one) for reader_id in reader_ids for one in knowledge_base_ids}
    missing = wanted - {(row[0], row[1]) for row in db.session.execute(query)}
    db.session.add_all(ReaderAccess(reader_id=reader_id, knowledge_base_id=one) for reader_id, one in sorted(missing))


def give_everything(reader_ids: Ids) -> None:
    """Let these readers open every knowledge base, also later ones."""
    _execute(update(Reader).where(Reader.id.in_(reader_ids)).values(reads_everything=True))
    _execute(delete(ReaderAccess).where(ReaderAccess.reader_id.in_(reader_ids)))


def take_access(reader_ids: Ids, knowledge_base_id: uuid.UUID) -> None:
    """Let these readers open one knowledge base no more; whoever could open everything keeps the others of today."""
    everything = select(Reader.id).where(Reader.id.in_(reader_ids), Reader.reads_everything.is_(True))
    unlimited = list(db.session.scalars(everything))
    others = [one.id for one in knowledge_bases.all_of_account() if one.id != knowledge_base_id]
    _execute(update(Reader).where(Reader.id.in_(unlimited)).values(reads_everything=False))
    give_access(unlimited, others)
    drop_access(reader_ids, [knowledge_base_id])


def drop_access(reader_ids: Ids, knowledge_base_ids: Ids) -> None:
    """Remove named knowledge bases from readers; whoever reads everything is not asked."""
    _execute(
        delete(ReaderAccess).where(
            ReaderAccess.reader_id.in_(reader_ids), ReaderAccess.knowledge_base_id.in_(knowledge_base_ids)
        )
    )


def replace(
    reader: Reader, groups: frozenset[uuid.UUID], *, reads_everything: bool, named: frozenset[uuid.UUID]
) -> bool:
    """Let a reader belong to these groups and open just this. Answers whether anything is different now."""
    before, access = groups_of(reader.id), access_of(reader.id)
    if (before, access, reader.reads_everything) == (groups, named, reads_everything):
        return False
    join([reader.id], known_groups(groups - before))
    leave([reader.id], before - groups)
    reader.reads_everything = reads_everything
    give_access([reader.id], named - access)
    drop_access([reader.id], access - named)
    return True


def forget(reader_ids: Ids) -> None:
    """Remove every group and every named knowledge base of these readers."""
    _execute(delete(ReaderGroupMember).where(ReaderGroupMember.reader_id.in_(reader_ids)))
    _execute(delete(ReaderAccess).where(ReaderAccess.reader_id.in_(reader_ids)))


def groups_of(reader_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The groups of one reader."""
    query = select(ReaderGroupMember.group_id).where(ReaderGroupMember.reader_id == reader_id)
    return frozenset(db.session.scalars(query))


def access_of(reader_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The knowledge bases that are named for one reader."""
    query = select(ReaderAccess.knowledge_base_id).where(ReaderAccess.reader_id == reader_id)
    return frozenset(db.session.scalars(query))


def known_groups(group_ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the groups that are there now."""
    return list(db.session.scalars(select(ReaderGroup.id).where(ReaderGroup.id.in_(list(group_ids)))))


def visibility_changed() -> None:
    """Who may see what has changed somewhere: every knowledge base decides anew (digests ask for it)."""
    for knowledge_base in knowledge_bases.all_of_account():
        knowledge_bases.visibility_changed(knowledge_base.id)


def _execute(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
