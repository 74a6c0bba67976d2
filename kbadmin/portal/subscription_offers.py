"""What a page of the portal offers: the Subscribe button in its state, a way for strangers, or nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import g

from kbadmin.portal.contents import Shelf
from kbadmin.portal.subscription_things import Thing
from kbadmin.subscriptions import offers, subscribing
from kbadmin.subscriptions.models import Subscription, Target


@dataclass(frozen=True)
class Offer:
    """One button. ``mine`` is the reader's subscription to the thing itself, ``through`` what they hear of it by."""

    thing: Thing
    is_for_strangers: bool = False
    mine: Subscription | None = None
    through: str | None = None


def offer_for(thing: Thing, way: Sequence[Shelf] = ()) -> Offer | None:
    """What is offered to whoever looks; ``way`` are the categories that the thing stands in, from the top."""
    knowledge_base, signed_in = g.visit.knowledge_base, g.visit.signed_in
    settings = offers.settings_if_on(knowledge_base.id)
    if settings is None:
        return None
    if signed_in is None:
        return Offer(thing, is_for_strangers=True) if offers.is_open_to_all(knowledge_base, settings) else None
    found = subscribing.find_reader(knowledge_base.id, signed_in.reader.id)
    if found is None or found.unsubscribed_at is not None:
        return Offer(thing)
    chosen = subscribing.subscriptions_of(found.id)
    mine = next((one for one in chosen if one.target_key == thing.key), None)
    return Offer(thing, mine=mine, through=None if mine else _through(chosen, thing, way))


def _through(chosen: Sequence[Subscription], thing: Thing, way: Sequence[Shelf]) -> str | None:
    """The name of what they subscribe to already and which the thing is part of."""
    if any(one.target == Target.KNOWLEDGE_BASE for one in chosen):
        name: str = g.visit.knowledge_base.name
        return name
    nearest = way[-1].id if way and thing.target is Target.ARTICLE else None
    told: dict[uuid.UUID | None, bool] = {one.category_id: one.with_subcategories for one in chosen}
    for shelf in way:
        if shelf.id in told and shelf.id != thing.category_id and (told[shelf.id] or shelf.id == nearest):
            return shelf.name
    return None
