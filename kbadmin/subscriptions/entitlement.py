"""Who is told what: subscribers in chunks, each with what they are told, or why they are not.

A chunk costs a constant number of queries, however many people are in it and whatever they subscribe to. The rules
are those of the page: a :class:`kbadmin.articles.visibility.Viewer` is made of each, and the board asked.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select

from kbadmin.articles.visibility import Groups
from kbadmin.database import db
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus
from kbadmin.subscriptions.items import NO_WISHES, Board, Item, Wish, Wishes
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, Subscriber, Subscription

CHUNK = 2_000  # read at once: making a statement costs as much as reading some hundred rows


class Reason(StrEnum):
    """Why a subscriber who was due gets no message."""

    NOTHING_NEW = "nothing_new"  # nothing that they subscribe to and may read
    NO_ACCESS = "no_access"  # the knowledge base does not open for them
    DISABLED = "disabled"  # a reader who may not sign in
    SUPPRESSED = "suppressed"  # the address refuses mail for good
    UNSUBSCRIBED = "unsubscribed"  # while their message was being made
    LEFT_OUT = "left_out"  # no clean message could be made of it


class Entitled(NamedTuple):
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
    due = [
        here.knowledge_base_id == board.knowledge_base.id,
        here.unsubscribed_at.is_(None),
        here.frequency.in_([one.value for one in frequencies]),
    ]
    if position is not None:
        due.append(here.id > position)
    rows = db.session.execute(_people(*due).order_by(here.id).limit(most)).all()
    if not rows:
        return []
    return _decided(board, rows, [*due, here.id <= rows[-1].id], is_public=is_public)


def named(board: Board, ids: Collection[uuid.UUID], *, is_public: bool, since: datetime) -> dict[uuid.UUID, Entitled]:
    """Those of these subscribers who are still there, as if they had been told of everything up to ``since``."""
    here = KnowledgeBaseSubscriber
    those = [
        here.knowledge_base_id == board.knowledge_base.id, here.unsubscribed_at.is_(None), here.id.in_(list(ids))
    ]  # fmt: skip
    rows = db.session.execute(_people(*those)).all()
    return {one.id: one for one in _decided(board, rows, those, is_public=is_public, since=since)}


Where = Sequence[ColumnElement[bool]]


def _people(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    here = KnowledgeBaseSubscriber
    columns = select(
        here.id, here.subscriber_id, here.told_until_at, here.token_sealed, Subscriber.email, Subscriber.reader_id,
        Reader.email.label("reader_email"), Reader.first_name, Reader.status, Reader.deleted_at,
        Reader.reads_everything,
    )  # fmt: skip
    joined = columns.join(Subscriber, Subscriber.id == here.subscriber_id)
    return joined.outerjoin(Reader, Reader.id == Subscriber.reader_id).where(*where)


def _decided(
    board: Board, rows: Sequence[Any], where: Where, *, is_public: bool, since: datetime | None = None
) -> list[Entitled]:
    """Decide for these rows, which are those that ``where`` finds."""
    wishes, groups, opened = _wishes(where), _groups(board, where), _with_access(board, where)
    suppressed = _suppressed(where)
    strangers_hear = is_public and board.knowledge_base.audience == Audience.PUBLIC
    nobody: Groups = frozenset()
    found = []
    for (
        row_id, subscriber_id, told_until_at, token, email, reader_id, reader_email, first_name, status, deleted_at,
        reads_everything,
    ) in rows:  # fmt: skip
        address = reader_email or email
        is_reader = reader_id is not None
        is_active = status == ReaderStatus.ACTIVE and deleted_at is None
        items: tuple[Item, ...] = ()
        reason: Reason | None = None
        if is_reader and not is_active:
            reason = Reason.DISABLED
        elif suppressed and address.casefold() in suppressed:
            reason = Reason.SUPPRESSED
        else:
            has_access = is_reader and bool(reads_everything or reader_id in opened)
            viewer = board.viewer(groups.get(reader_id, nobody) if has_access else nobody, has_access=has_access)
            if viewer is None or not (is_reader or strangers_hear):
                reason = Reason.NO_ACCESS
            else:
                items = board.told(viewer, wishes.get(row_id, NO_WISHES), since=since or told_until_at)
                reason = None if items else Reason.NOTHING_NEW
        found.append(Entitled(row_id, subscriber_id, address, first_name or "", token, items, reason))
    return found


def _readers_of(where: Where, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Something of the readers among those subscribers."""
    here = KnowledgeBaseSubscriber
    return select(Subscriber.reader_id, *columns).join(here, here.subscriber_id == Subscriber.id).where(*where)


def _groups(board: Board, where: Where) -> dict[uuid.UUID, Groups]:
    """The groups of each that anything here asks for: the others decide nothing, and would only tell views apart."""
    if not board.asked_groups:
        return {}
    query = _readers_of(where, ReaderGroupMember.group_id).join(
        ReaderGroupMember, ReaderGroupMember.reader_id == Subscriber.reader_id
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for reader_id, group_id in db.session.execute(query.where(ReaderGroupMember.group_id.in_(board.asked_groups))):
        found[reader_id].add(group_id)
    return {reader_id: frozenset(groups) for reader_id, groups in found.items()}


def _with_access(board: Board, where: Where) -> set[uuid.UUID]:
    """Those for whom this knowledge base is named; whoever reads everything need not be."""
    query = _readers_of(where).join(ReaderAccess, ReaderAccess.reader_id == Subscriber.reader_id)
    return set(db.session.scalars(query.where(ReaderAccess.knowledge_base_id == board.knowledge_base.id)))


def _wishes(where: Where) -> dict[uuid.UUID, Wishes]:
    here = KnowledgeBaseSubscriber
    query = (
        select(
            Subscription.knowledge_base_subscriber_id,
            Subscription.target,
            Subscription.category_id,
            Subscription.article_id,
            Subscription.with_subcategories,
        )
        .join(here, here.id == Subscription.knowledge_base_subscriber_id)
        .where(*where)
    )
    found: dict[uuid.UUID, Wishes] = {}
    same: dict[Wish, Wishes] = {}
    for owner, target, category_id, article_id, with_subcategories in db.session.execute(query):
        wish = Wish(target, category_id or article_id, with_subcategories)
        wishes = same.setdefault(wish, frozenset([wish]))
        found[owner] = found[owner] | wishes if owner in found else wishes
    return found


def _suppressed(where: Where) -> set[str]:
    """The addresses among theirs that refuse mail; mostly the account has none at all, which costs one look."""
    query = select(SuppressedAddress.address).where(SuppressedAddress.suppressed_at.is_not(None))
    if db.session.scalar(query.limit(1)) is None:
        return set()
    theirs = _readers_of(where).outerjoin(Reader, Reader.id == Subscriber.reader_id)
    keys = theirs.with_only_columns(func.coalesce(Reader.email_key, Subscriber.email_key))
    return set(db.session.scalars(query.where(SuppressedAddress.address.in_(keys))))
