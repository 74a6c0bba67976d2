"""What a page of the portal offers: the Subscribe button in its state, a way for strangers, or nothing."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, g
from markupsafe import Markup

from kbadmin.articles.visibility import Viewer
from kbadmin.knowledge_bases.models import Front
from kbadmin.portal.contents import Shelf
from kbadmin.portal.subscription_things import Thing
from kbadmin.subscriptions import offers, subscribing
from kbadmin.subscriptions.models import Subscription, Target


@dataclass(frozen=True)
class Offered:
    """Something to subscribe to, and the categories it stands in from the top, by their names."""

    thing: Thing
    way: tuple[tuple[uuid.UUID, str], ...] = ()


@dataclass(frozen=True)
class Offer:
    """One button. ``mine`` is the reader's subscription to the thing itself, ``through`` what they hear of it by."""

    thing: Thing
    is_for_strangers: bool = False
    mine: Subscription | None = None
    through: str | None = None


def is_open_to(viewer: Viewer, base: Front, settings: offers.Choices | None) -> bool:
    """Whether this viewer may subscribe at all: readers where subscriptions are on, strangers where they may, too."""
    if viewer.reader_id is None:
        return offers.is_open_to_all(base, settings)
    return settings is not None and bool(settings.is_on)


def offered(thing: Thing, way: Sequence[Shelf] = ()) -> Offered | None:
    """What is offered to whoever looks; ``way`` are the categories that the thing stands in, from the top."""
    base, viewer = g.visit.knowledge_base, g.visit.viewer
    settings = g.doorstep if "doorstep" in g else offers.settings_if_on(base.id)
    if not is_open_to(viewer, base, settings):
        return None
    return Offered(thing, tuple((shelf.id, shelf.name) for shelf in way))


def bar_for_strangers(offered: Offered | None) -> Markup:
    """The way to the form; nothing where there is nothing to subscribe to."""
    return _drawn(Offer(offered.thing, is_for_strangers=True)) if offered else Markup()


def bar_for(offered: Offered | None, base: Front, viewer: Viewer) -> Markup:
    """The button as it stands for one reader."""
    if offered is None or viewer.reader_id is None:
        return Markup()
    chosen = subscribing.chosen_by(viewer.reader_id, base.id)
    mine = next((one for one in chosen if one.target_key == offered.thing.key), None)
    return _drawn(Offer(offered.thing, mine=mine, through=None if mine else _through(chosen, offered, base)))


def _drawn(offer: Offer) -> Markup:
    drawing = current_app.jinja_env.get_template("portal/_subscribe.html").module
    return Markup(drawing.subscribe_bar(offer))  # type: ignore[attr-defined] # noqa: S704 - a macro has escaped it.


def _through(chosen: Sequence[Subscription], offered: Offered, base: Front) -> str | None:
    """The name of what they subscribe to already and which the thing is part of."""
    if any(one.target == Target.KNOWLEDGE_BASE for one in chosen):
        return base.name
    thing, way = offered.thing, offered.way
    nearest = way[-1][0] if way and thing.target is Target.ARTICLE else None
    told: dict[uuid.UUID | None, bool] = {one.category_id: one.with_subcategories for one in chosen}
    for shelf_id, name in way:
        if shelf_id in told and shelf_id != thing.category_id and (told[shelf_id] or shelf_id == nearest):
            return name
    return None
