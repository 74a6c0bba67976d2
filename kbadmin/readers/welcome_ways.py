"""Which way welcomes to many would leave now, as :func:`kbadmin.readers.emails.way_to` says it of one.

A letter is about the reader's only knowledge base, if there is only one, and takes its way; all others take the
account's.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, true

from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.outbox.models import PLATFORM
from kbadmin.readers import email_settings
from kbadmin.readers.email_settings import Way
from kbadmin.readers.models import Reader, ReaderAccess


def lanes() -> dict[uuid.UUID, ColumnElement[bool]]:
    """The readers that each lane would carry a welcome to. Whoever is in none can be written to by nobody."""
    found: dict[uuid.UUID, list[ColumnElement[bool]]] = {}
    own = email_settings.own_services()
    there = [one.id for one in knowledge_bases.all_of_account() if not one.is_archived]
    of_their_own = [(_opens_only(one, there), email_settings.way(one)) for one in there if one in own]
    others = and_(true(), *(not_(readers) for readers, _ in of_their_own))
    for readers, way in [*of_their_own, (others, email_settings.way())]:
        if way is not None:
            found.setdefault(_lane(way), []).append(readers)
    return {lane_id: or_(*readers) for lane_id, readers in found.items()}


def is_reached() -> ColumnElement[bool]:
    """Whether somebody can write to a reader now."""
    return or_(false(), *lanes().values())


def _opens_only(knowledge_base_id: uuid.UUID, there: Sequence[uuid.UUID]) -> ColumnElement[bool]:
    opens = exists().where(ReaderAccess.reader_id == Reader.id)
    others = [one for one in there if one != knowledge_base_id]
    named = and_(
        opens.where(ReaderAccess.knowledge_base_id == knowledge_base_id),
        not_(opens.where(ReaderAccess.knowledge_base_id.in_(others))),
    )
    if others:
        return and_(Reader.reads_everything.is_(False), named)
    return or_(Reader.reads_everything.is_(True), named)


def _lane(way: Way) -> uuid.UUID:
    return way.smtp_service_id or PLATFORM
