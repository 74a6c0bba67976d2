"""Who is told what: subscribers in chunks, each with what they are told, or why they are not.

A chunk costs a constant number of queries, however many people are in it and whatever they subscribe to. The rules
are those of the page: a :class:`kbadmin.articles.visibility.Viewer` is made of each, and the board asked.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, and_, func, select, type_coerce

from kbadmin.articles.visibility import Groups, Viewer
from kbadmin.database import db
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.ids import as_stored, digits_of, id_of
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus
from kbadmin.subscriptions.items import EVERYTHING, NO_WISHES, Board, Item, Wish, Wishes
from kbadmin.subscriptions.models import ALL, Frequency, KnowledgeBaseSubscriber, Subscriber, Subscription

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

    id: str  # in the knowledge base; hexadecimal digits, as the next
    subscriber_id: str
    email: str
    first_name: str  # or the address where there is none, as in reader e-mails
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
    rows = db.session.execute(_people(*due, position=position).order_by(here.id).limit(most)).all()
    if not rows:
        return []
    last = uuid.UUID(digits_of(rows[-1][0]))
    return _decided(board, rows, [*due, here.id <= last], is_public=is_public)


def named(board: Board, ids: Collection[uuid.UUID], *, is_public: bool, since: datetime) -> dict[uuid.UUID, Entitled]:
    """Those of these subscribers who are still there, as if they had been told of everything up to ``since``."""
    here = KnowledgeBaseSubscriber
    those = [
        here.knowledge_base_id == board.knowledge_base.id, here.unsubscribed_at.is_(None), here.id.in_(list(ids))
    ]  # fmt: skip
    rows = db.session.execute(_people(*those)).all()
    return {uuid.UUID(one.id): one for one in _decided(board, rows, those, is_public=is_public, since=since)}


Where = Sequence[ColumnElement[bool]]
Stored = str | uuid.UUID  # an id as the driver has it


def _people(*where: ColumnElement[bool], position: uuid.UUID | None = None) -> Select[*tuple[Any, ...]]:
    here = KnowledgeBaseSubscriber
    columns = select(
        as_stored(here.id), as_stored(here.subscriber_id), type_coerce(here.told_until_at, String()),
        here.token_sealed, Subscriber.email, as_stored(Subscriber.reader_id).label("reader_id"),
        Reader.email.label("reader_email"), Reader.first_name, Reader.status,
        type_coerce(Reader.deleted_at, String()), Reader.reads_everything,
        Subscription.id.is_not(None).label("wants_everything"),
    )  # fmt: skip
    joined = columns.join(Subscriber, Subscriber.id == here.subscriber_id)
    # For PostgreSQL a join, and from where on: it would list all who want everything for «exists», or else begin with
    # the very first of them.
    wants = [Subscription.knowledge_base_subscriber_id == here.id, Subscription.target_key == ALL]
    if position is not None:
        wants.append(Subscription.knowledge_base_subscriber_id > position)
    return (
        joined.outerjoin(Reader, Reader.id == Subscriber.reader_id).outerjoin(Subscription, and_(*wants)).where(*where)
    )


def _decided(
    board: Board, rows: Sequence[Any], where: Where, *, is_public: bool, since: datetime | None = None
) -> list[Entitled]:
    """Decide for these rows, which are those that ``where`` finds."""
    groups, suppressed = _groups(board, where), _suppressed(where)
    wishes = {} if all(row.wants_everything for row in rows) else _wishes(where)
    opened = _with_access(board, where) if any(row.reader_id and not row.reads_everything for row in rows) else set()
    strangers_hear = is_public and board.knowledge_base.audience == Audience.PUBLIC
    nobody: Groups = frozenset()
    found = []
    # Most are told the same as somebody before them.
    same: dict[tuple[Any, ...], tuple[tuple[Item, ...], Reason | None]] = {}
    for (
        row_id, subscriber_id, told_until_at, token, email, reader_id, reader_email, first_name, status, deleted_at,
        reads_everything, wants_everything,
    ) in rows:  # fmt: skip
        address = reader_email or email
        is_reader = reader_id is not None
        if is_reader and not (status == ReaderStatus.ACTIVE and deleted_at is None):
            outcome: tuple[tuple[Item, ...], Reason | None] = (), Reason.DISABLED
        elif suppressed and address.casefold() in suppressed:
            outcome = (), Reason.SUPPRESSED
        elif not (is_reader or strangers_hear):
            outcome = (), Reason.NO_ACCESS
        else:
            has_access = is_reader and bool(reads_everything or reader_id in opened)
            theirs = groups.get(reader_id, nobody) if has_access else nobody
            wanted = EVERYTHING if wants_everything else wishes.get(row_id, NO_WISHES)
            kind = theirs, has_access, wanted, told_until_at
            if kind not in same:
                viewer = board.viewer(theirs, has_access=has_access)
                same[kind] = _told(board, viewer, wanted, since or _moment(told_until_at))
            outcome = same[kind]
        id_here, id_of_theirs = digits_of(row_id), digits_of(subscriber_id)
        found.append(Entitled(id_here, id_of_theirs, address, first_name or address, token, *outcome))
    return found


def _told(
    board: Board, viewer: Viewer | None, wishes: Wishes, since: datetime
) -> tuple[tuple[Item, ...], Reason | None]:
    if viewer is None:
        return (), Reason.NO_ACCESS
    items = board.told(viewer, wishes, since=since)
    return items, None if items else Reason.NOTHING_NEW


def _moment(stored: str | datetime) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if isinstance(stored, str) else stored


def _readers_of(where: Where, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Something of the readers among those subscribers."""
    here = KnowledgeBaseSubscriber
    query = select(as_stored(Subscriber.reader_id), *columns)
    return query.join(here, here.subscriber_id == Subscriber.id).where(*where)


def _groups(board: Board, where: Where) -> dict[Stored, Groups]:
    """The groups of each that anything here asks for: the others decide nothing, and would only tell views apart."""
    if not board.asked_groups:
        return {}
    query = _readers_of(where, as_stored(ReaderGroupMember.group_id)).join(
        ReaderGroupMember, ReaderGroupMember.reader_id == Subscriber.reader_id
    )
    found: dict[Stored, set[uuid.UUID]] = defaultdict(set)
    for reader_id, group_id in db.session.execute(query.where(ReaderGroupMember.group_id.in_(board.asked_groups))):
        found[reader_id].add(id_of(group_id))
    return {reader_id: frozenset(groups) for reader_id, groups in found.items()}


def _with_access(board: Board, where: Where) -> set[Stored]:
    """Those for whom this knowledge base is named; whoever reads everything need not be."""
    query = _readers_of(where).join(ReaderAccess, ReaderAccess.reader_id == Subscriber.reader_id)
    return set(db.session.scalars(query.where(ReaderAccess.knowledge_base_id == board.knowledge_base.id)))


def _wishes(where: Where) -> dict[Stored, Wishes]:
    """What is wanted by those who do not want everything."""
    here = KnowledgeBaseSubscriber
    query = (
        select(
            as_stored(Subscription.knowledge_base_subscriber_id),
            Subscription.target,
            as_stored(func.coalesce(Subscription.category_id, Subscription.article_id)),
            Subscription.with_subcategories,
        )
        .join(here, here.id == Subscription.knowledge_base_subscriber_id)
        .where(*where, Subscription.target_key != ALL)
    )
    found: dict[Stored, Wishes] = {}
    same: dict[tuple[Any, ...], Wishes] = {}
    for owner, target, thing_id, with_subcategories in db.session.execute(query):
        key = target, thing_id, with_subcategories
        if (wishes := same.get(key)) is None:
            wishes = same[key] = frozenset([Wish(target, id_of(thing_id) if thing_id else None, with_subcategories)])
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
