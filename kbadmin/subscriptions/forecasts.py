"""What a run would do now: how many subscribers are due, how many would get a message, and of which articles."""

import uuid
from typing import NamedTuple

from kbadmin import clock
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions import entitlement, settings
from kbadmin.subscriptions.frequencies import everybody
from kbadmin.subscriptions.items import Board, Item


class Forecast(NamedTuple):
    """Subscribers who are due, those who would get a message, and of which items.

    ``is_part``: only the first subscribers were looked at, and there are more.
    """

    planned: int
    with_mail: int
    items: list[Item]
    is_part: bool = False


def forecast(knowledge_base: KnowledgeBase, *, most: int | None = None) -> Forecast:
    """What «send now» would do, by looking at every subscriber; or at ``most`` of them and a few more, for a page."""
    stored = settings.stored(knowledge_base.id)
    is_public = stored is not None and stored.is_public
    board, position, planned, with_mail = Board(knowledge_base, clock.now()), None, 0, 0
    told: dict[uuid.UUID, Item] = {}
    is_part = False
    while people := entitlement.after(board, position, frequencies=everybody(), is_public=is_public):
        if is_part := most is not None and planned >= most:
            break
        position = uuid.UUID(people[-1].id)
        planned += len(people)
        with_mail += sum(one.reason is None for one in people)
        for items in {one.items for one in people}:
            told |= {item.id: item for item in items}
    return Forecast(planned, with_mail, [item for item in reversed(board.items) if item.id in told], is_part)
