"""Who is told what: subscribers in chunks, each with what they are told, or why they are not.

A chunk costs a constant number of queries, however many people are in it and whatever they subscribe to. The rules
are those of the page: a :class:`kbadmin.articles.visibility.Viewer` is made of each, and the board asked.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from kbadmin.articles.visibility import STRANGER, Groups, Viewer
from kbadmin.database import db
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus
from kbadmin.subscriptions.items import Board, Item, Wish, Wishes
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, Subscriber, Subscription

CHUNK = 400  # as many as are queued in one transaction: see kbadmin.outbox.fan_out


class Reason(StrEnum):
    """Why a subscriber who was due gets no message."""

    NOTHING_NEW = "nothing_new"  # nothing that they subscribe to and may read
    NO_ACCESS = "no_access"  # the knowledge base does not open for them
    DISABLED = "disabled"  # a reader who may not sign in
    SUPPRESSED = "suppressed"  # the address refuses mail for good
    UNSUBSCRIBED = "unsubscribed"  # while their message was being made
    LEFT_OUT = "left_out"  # no clean message could be made of it


@dataclass(frozen=True, slots=True)
class Entitled:
    """One subscriber: what they are told, or the reason why not; and what their message is made of."""

    id: uuid.UUID  # in the knowledge base
    subscriber_id: uuid.UUID
    email: str
    first_name: str
    token_sealed: str | None
    items: tuple[Item, ...] = ()
    reason: Reason | None = None


def after(
    board: Board, position: uuid.UUID | None, *, frequencies: Collection[Frequency], is_public: bool, most: int = CHUNK
) -> list[Entitled]:
    """The next of the subscribers who are due, by id; ``is_public`` is the setting for addresses without a reader."""
    here = KnowledgeBaseSubscriber
    query = _query(board, here.unsubscribed_at.is_(None), here.frequency.in_([one.value for one in frequencies]))
    if position is not None:
        query = query.where(here.id > position)
    return _decided(board, db.session.execute(query.order_by(here.id).limit(most)).all(), is_public=is_public)


def named(board: Board, ids: Collection[uuid.UUID], *, is_public: bool, since: datetime) -> dict[uuid.UUID, Entitled]:
    """Those of these subscribers who are still there, as if they had been told of everything up to ``since``."""
    here = KnowledgeBaseSubscriber
    rows = db.session.execute(_query(board, here.unsubscribed_at.is_(None), here.id.in_(list(ids)))).all()
    return {one.id: one for one in _decided(board, rows, is_public=is_public, since=since)}


def _query(board: Board, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    here = KnowledgeBaseSubscriber
    columns = select(
        here.id, here.subscriber_id, here.told_until_at, here.token_sealed, Subscriber.email, Subscriber.reader_id,
        Reader.email.label("reader_email"), Reader.first_name, Reader.status, Reader.deleted_at,
        Reader.reads_everything,
    )  # fmt: skip
    joined = columns.join(Subscriber, Subscriber.id == here.subscriber_id)
    joined = joined.outerjoin(Reader, Reader.id == Subscriber.reader_id)
    return joined.where(here.knowledge_base_id == board.knowledge_base.id, *where)


def _decided(board: Board, rows: Sequence[Any], *, is_public: bool, since: datetime | None = None) -> list[Entitled]:
    if not rows:
        return []
    viewers = _viewers(board, rows)
    wishes = _wishes([row.id for row in rows])
    suppressed = _suppressed({address_of(row).casefold() for row in rows})
    strangers_hear = is_public and board.knowledge_base.audience == Audience.PUBLIC
    found = []
    for row in rows:
        viewer, address = viewers.get(row.reader_id, STRANGER), address_of(row)
        items: tuple[Item, ...] = ()
        if row.reader_id is not None and not viewer.is_active:
            reason: Reason | None = Reason.DISABLED
        elif address.casefold() in suppressed:
            reason = Reason.SUPPRESSED
        elif not viewer.may_enter(board.knowledge_base) or (row.reader_id is None and not strangers_hear):
            reason = Reason.NO_ACCESS
        else:
            items = board.told(viewer, wishes.get(row.id, frozenset()), since=since or row.told_until_at)
            reason = None if items else Reason.NOTHING_NEW
        found.append(
            Entitled(row.id, row.subscriber_id, address, row.first_name or "", row.token_sealed, items, reason)
        )
    return found


def address_of(row: Any) -> str:
    """A reader's address as it is now, or the one that was subscribed."""
    return str(row.reader_email or row.email)


def _viewers(board: Board, rows: Sequence[Any]) -> dict[uuid.UUID, Viewer]:
    """The readers among them as :func:`kbadmin.articles.visibility.viewer_of` would make them, all at once."""
    readers = [row for row in rows if row.reader_id is not None]
    groups = _groups([row.reader_id for row in readers], board.asked_groups)
    limited = [row.reader_id for row in readers if not row.reads_everything]
    opened = _with_access(limited, board.knowledge_base.id)
    here = frozenset([board.knowledge_base.id])
    return {
        row.reader_id: Viewer(
            reader_id=row.reader_id,
            groups=groups.get(row.reader_id, frozenset()),
            is_active=row.status == ReaderStatus.ACTIVE and row.deleted_at is None,
            reads_everything=bool(row.reads_everything),
            knowledge_bases=here if row.reader_id in opened else frozenset(),
        )
        for row in readers
    }


def _groups(reader_ids: Collection[uuid.UUID], asked: Groups) -> dict[uuid.UUID, Groups]:
    """The groups of each that anything here asks for: the others decide nothing, and would only tell views apart."""
    if not reader_ids or not asked:
        return {}
    query = select(ReaderGroupMember.reader_id, ReaderGroupMember.group_id).where(
        ReaderGroupMember.reader_id.in_(reader_ids), ReaderGroupMember.group_id.in_(asked)
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for reader_id, group_id in db.session.execute(query):
        found[reader_id].add(group_id)
    return {reader_id: frozenset(groups) for reader_id, groups in found.items()}


def _with_access(reader_ids: Collection[uuid.UUID], knowledge_base_id: uuid.UUID) -> set[uuid.UUID]:
    if not reader_ids:
        return set()
    query = select(ReaderAccess.reader_id).where(
        ReaderAccess.reader_id.in_(reader_ids), ReaderAccess.knowledge_base_id == knowledge_base_id
    )
    return set(db.session.scalars(query))


def _wishes(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Wishes]:
    query = select(
        Subscription.knowledge_base_subscriber_id,
        Subscription.target,
        Subscription.category_id,
        Subscription.article_id,
        Subscription.with_subcategories,
    ).where(Subscription.knowledge_base_subscriber_id.in_(ids))
    found: dict[uuid.UUID, list[Wish]] = defaultdict(list)
    for owner, target, category_id, article_id, with_subcategories in db.session.execute(query):
        found[owner].append(Wish(target, category_id or article_id, with_subcategories))
    return {owner: frozenset(wishes) for owner, wishes in found.items()}


def _suppressed(addresses: Collection[str]) -> set[str]:
    query = select(SuppressedAddress.address).where(
        SuppressedAddress.address.in_(addresses), SuppressedAddress.suppressed_at.is_not(None)
    )
    return set(db.session.scalars(query))
