"""A knowledge base that people work in while others read, and everything they can do that pages show."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kbadmin import clock
from kbadmin.articles import callouts, categories, moving, operations, publishing
from kbadmin.articles.models import Article, ArticleRevision, Callout, Category
from kbadmin.articles.restrictions import groups_of
from kbadmin.articles.writing import Direction, Gone
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as bases
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase, SignUp
from kbadmin.readers import operations as readers
from kbadmin.subscriptions import settings as subscriptions
from kbadmin.subscriptions import subscribing, unsubscribing
from kbadmin.subscriptions.models import Source, SubscriptionSettings, Target
from tests.factories import inside
from tests.knowledge_bases.conftest import picture
from tests.portal.kept import token_of
from tests.portal.library import Library

BY = Actor(None, "test")
TITLES = ("Welcome", "Bulbs", "Switches", "Prices")
SHELVES = ("Lamps", "Spare parts", "Partners only")
REFUSED = (Gone, categories.NoRoom, categories.NotEmpty, operations.ChangedMeanwhile, bases.NameTaken, LookupError)


@dataclass
class World:
    """What stands there, by id; the first viewer is a stranger, the others are tokens of readers."""

    library: Library
    base: uuid.UUID = field(init=False)
    shelves: list[uuid.UUID] = field(init=False)
    articles: list[uuid.UUID] = field(init=False)
    groups: list[uuid.UUID] = field(init=False)
    readers: list[uuid.UUID] = field(init=False)
    tokens: list[str] = field(init=False)

    def __post_init__(self) -> None:
        one = self.library
        self.base = one.knowledge_base("Help", audience=Audience.PUBLIC)
        self.groups = [one.group("Partners"), one.group("Staff")]
        lamps = one.category(self.base, SHELVES[0])
        parts = one.category(self.base, SHELVES[1], parent=lamps)
        partners = one.category(self.base, SHELVES[2], groups=self.groups[:1])
        self.shelves = [lamps, parts, partners]
        places = (None, lamps, lamps, partners)
        with inside(one.app, one.account):
            made = {}
            for title, place in zip(TITLES, places, strict=True):
                with unit_of_work():
                    wanted = operations.Wanted(
                        title, summary=f"About {title}", body=f"Text of {title}", category_id=place
                    )
                    made[title] = operations.create(self.base, wanted, actor=BY).id
                    publishing.publish(self.base, made[title], actor=BY)
            self.articles = list(made.values())
        people = [
            one.reader(groups=self.groups, first_name="Ada"),
            one.reader(groups=self.groups[:1], first_name="Bo"),
            one.reader(first_name="Cy"),
            one.reader(groups=self.groups, access=[], first_name="Di"),
        ]
        self.readers = [person.id for person in people]
        self.tokens = ["", *(token_of(one.signed_in(person)) for person in people)]

    def pages(self) -> list[str]:
        """Every address that can be asked for."""
        with inside(self.library.app, self.library.account):
            home = f"{self.library.home}/{db.session.get_one(KnowledgeBase, self.base).slug}"
            shelves = db.session.scalars(select(Category.slug).order_by(Category.slug))
            articles = db.session.scalars(select(Article.slug).order_by(Article.slug))
            return [
                home,
                *(f"{home}/categories/{one}" for one in shelves),
                *(f"{home}/articles/{one}" for one in articles),
            ]

    def mend(self, deed: str, dice: random.Random) -> None:
        """Let things be as at first, so that this deed has something to change that shows."""
        with inside(self.library.app, self.library.account), unit_of_work():
            bases.bring_back(self.base, actor=BY)
            _settings(self, dice, audience=Audience.PUBLIC, group_rule=GroupRule.ANY)
            for number, shelf in enumerate(self.shelves[:3]):
                wanted = categories.Wanted(
                    f"{SHELVES[number]}", groups=frozenset(self.groups[:1] if number == 2 else [])
                )
                categories.change(self.base, shelf, wanted, actor=BY)
            for shelf in self.shelves[3:]:
                if not any(categories.contents(db.session.get_one(Category, shelf))):
                    categories.delete(self.base, shelf, actor=BY)
                    self.shelves.remove(shelf)
            while len(self.articles) < len(TITLES):
                _create(self, dice)
            for number, one in enumerate(self.articles):
                publishing.publish(self.base, one, actor=BY)
                place = (None, self.shelves[0], self.shelves[-1], self.shelves[0])[number % 4]
                groups = frozenset(self.groups if number % 4 == 1 else [])
                _rewrite(self, db.session.get_one(Article, one), category_id=place, groups=groups)
            if "delete" in deed:
                self.shelves.append(categories.create(self.base, categories.Wanted("Empty"), actor=BY).id)
            for one in self.readers:
                readers.enable(one, actor=BY)
                found = db.session.get_one(readers.Reader, one)
                details = readers.Details(found.email, found.first_name, found.last_name, {})
                readers.change(one, details, readers.Belongings(frozenset(self.groups[:1])), actor=BY)
                if "unsubscribe" in deed:
                    subscribing.subscribe(
                        db.session.get_one(KnowledgeBase, self.base), reader=found, target=Target.KNOWLEDGE_BASE,
                        source=Source.PORTAL, by=BY,
                    )  # fmt: skip

    def do(self, deed: str, dice: random.Random) -> bool:
        """Do one of the :data:`DEEDS`; whether it was possible."""
        with inside(self.library.app, self.library.account):
            try:
                with unit_of_work():
                    DEEDS[deed](self, dice)
            except REFUSED:
                return False
        return True


def _article(world: World, dice: random.Random) -> Article:
    return db.session.get_one(Article, dice.choice(world.articles))


def _shelf(world: World, dice: random.Random) -> Category:
    return db.session.get_one(Category, dice.choice(world.shelves))


def _place(world: World, dice: random.Random) -> uuid.UUID | None:
    return dice.choice([None, *world.shelves])


def _some_groups(world: World, dice: random.Random) -> frozenset[uuid.UUID]:
    return frozenset(dice.sample(world.groups, dice.randint(0, 2)))


def _until() -> Any:
    return clock.now() + timedelta(days=3)


def _callout(dice: random.Random) -> callouts.Wanted:
    return callouts.Wanted(dice.choice(list(Callout)), _until(), note=f"Note {dice.random()}")


def _create(world, dice):
    made = operations.create(world.base, operations.Wanted(f"Piece {dice.random()}"), actor=BY)
    publishing.publish(world.base, made.id, actor=BY)
    world.articles.append(made.id)


def _change(world, dice, **values):
    _rewrite(world, _article(world, dice), **values)


def _rewrite(world, one, **values):
    usual = operations.Wanted(one.title, one.summary, one.body, one.category_id, groups_of(one))
    operations.change(world.base, one.id, replace(usual, **values), revision=one.revision, actor=BY)


def _restore(world, dice):
    one = _article(world, dice)
    kept = db.session.scalars(select(ArticleRevision.id).where(ArticleRevision.article_id == one.id)).all()
    operations.restore(world.base, one.id, dice.choice(kept), actor=BY)


def _delete(world, dice):
    one = _article(world, dice)
    operations.delete(world.base, one.id, actor=BY)
    world.articles.remove(one.id)


def _publish(world, dice):
    one = dice.choice(world.articles)
    publishing.withdraw(world.base, one, actor=BY)
    publishing.publish(world.base, one, callout=_callout(dice), actor=BY)


def _schedule(world, dice):
    at = clock.now() + timedelta(hours=dice.randint(1, 30))
    one = dice.choice(world.articles)
    publishing.withdraw(world.base, one, actor=BY)
    publishing.schedule(world.base, one, at=at, callout=_callout(dice), actor=BY)


def _change_category(world, dice, **values):
    one = _shelf(world, dice)
    usual = categories.Wanted(one.name, one.description, one.parent_id, groups_of(one))
    categories.change(world.base, one.id, replace(usual, **values), actor=BY)


def _create_category(world, dice):
    made = categories.create(
        world.base, categories.Wanted(f"Shelf {dice.random()}", groups=_some_groups(world, dice)), actor=BY
    )
    moved = moving.Place(made.id)
    moving.put_article(world.base, dice.choice(world.articles), moved, actor=BY)
    world.shelves.append(made.id)


def _move_category(world, dice):
    """All the way, as a place that nobody sees may be between."""
    shelf, direction = dice.choice(world.shelves), dice.choice(list(Direction))
    for _ in world.shelves:
        categories.move(world.base, shelf, direction, actor=BY)


def _delete_category(world, dice):
    one = _shelf(world, dice)
    categories.delete(world.base, one.id, actor=BY)
    world.shelves.remove(one.id)


def _settings(world, dice, logo=None, **values):
    one = db.session.get_one(KnowledgeBase, world.base)
    names = bases.Settings.__dataclass_fields__
    wanted = bases.Settings(**({name: getattr(one, name) for name in names} | values))
    bases.change_settings(one.id, wanted, logo=logo, actor=BY)


def _archive(world, dice):
    one = db.session.get_one(KnowledgeBase, world.base)
    (bases.bring_back if one.is_archived else bases.archive)(world.base, actor=BY)


def _reader(world, dice, groups=None, **values):
    one = db.session.get_one(readers.Reader, dice.choice(world.readers))
    has = readers.Belongings(
        groups if groups is not None else frozenset(readers.belonging.groups_of(one.id)),
        one.reads_everything,
        readers.belonging.access_of(one.id),
    )
    details = readers.Details(one.email, values.pop("first_name", one.first_name), one.last_name, {})
    readers.change(one.id, details, replace(has, **values), actor=BY)


def _subscriptions(world, dice):
    found = db.session.scalar(select(SubscriptionSettings))
    if found is None:
        db.session.add(SubscriptionSettings(knowledge_base_id=world.base, is_on=True, is_public=True))
    elif found.is_on and found.is_public:
        found.is_public = False
    elif found.is_on:
        subscriptions.turn_off(world.base, actor=BY)
    else:
        found.is_on = found.is_public = True


def _subscribe(world, dice):
    target = dice.choice(list(Target))
    what = {
        Target.KNOWLEDGE_BASE: {},
        Target.CATEGORY: {"category_id": dice.choice(world.shelves), "with_subcategories": dice.random() < 0.5},
        Target.ARTICLE: {"article_id": dice.choice(world.articles)},
    }[target]
    reader, base = (
        db.session.get_one(readers.Reader, dice.choice(world.readers)),
        db.session.get_one(KnowledgeBase, world.base),
    )
    subscribing.subscribe(base, reader=reader, target=target, source=Source.PORTAL, by=BY, **what)


def _unsubscribe(world, dice):
    found = subscribing.find_reader(world.base, dice.choice(world.readers))
    if found is None:
        raise LookupError
    unsubscribing.unsubscribe_all(found, by=BY)


Deed = Callable[[World, random.Random], Any]

#: By the operation that a deed is for. An operation with several faces has several deeds.
DEEDS: dict[str, Deed] = {
    "articles.operations.create": _create,
    "articles.operations.change: title": lambda w, d: _change(w, d, title=f"Title {d.random()}"),
    "articles.operations.change: summary": lambda w, d: _change(w, d, summary=f"Summary {d.random()}"),
    "articles.operations.change: body": lambda w, d: _change(w, d, body=f"## Body\n\n{d.random()}"),
    "articles.operations.change: place": lambda w, d: _change(w, d, category_id=_place(w, d)),
    "articles.operations.change: groups": lambda w, d: _change(w, d, groups=_some_groups(w, d)),
    "articles.operations.restore": _restore,
    "articles.operations.move": lambda w, d: operations.move(
        w.base, d.choice(w.articles), d.choice(list(Direction)), actor=BY
    ),
    "articles.operations.delete": _delete,
    "articles.publishing.publish": _publish,
    "articles.publishing.schedule": _schedule,
    "articles.publishing.withdraw": lambda w, d: publishing.withdraw(w.base, d.choice(w.articles), actor=BY),
    "articles.publishing.archive": lambda w, d: publishing.archive(w.base, d.choice(w.articles), actor=BY),
    "articles.callouts.call_out": lambda w, d: callouts.call_out(
        w.base, d.choice(w.articles), d.choice([None, _callout(d)]), actor=BY
    ),
    "articles.categories.create": _create_category,
    "articles.categories.change: name": lambda w, d: _change_category(w, d, name=f"Name {d.random()}"),
    "articles.categories.change: description": lambda w, d: _change_category(w, d, description=f"Text {d.random()}"),
    "articles.categories.change: place": lambda w, d: _change_category(w, d, parent_id=_place(w, d)),
    "articles.categories.change: groups": lambda w, d: _change_category(w, d, groups=_some_groups(w, d)),
    "articles.categories.move": _move_category,
    "articles.categories.delete": _delete_category,
    "articles.moving.put_article": lambda w, d: moving.put_article(
        w.base, d.choice(w.articles), moving.Place(_place(w, d)), actor=BY
    ),
    "articles.moving.put_category": lambda w, d: moving.put_category(
        w.base, d.choice(w.shelves), moving.Place(_place(w, d)), actor=BY
    ),
    "knowledge_bases.operations.change_settings: name": lambda w, d: _settings(w, d, name=f"Help {d.random()}"),
    "knowledge_bases.operations.change_settings: slug": lambda w, d: _settings(
        w, d, slug=f"help-{d.randint(0, 10**6)}"
    ),
    "knowledge_bases.operations.change_settings: description": lambda w, d: _settings(
        w, d, description=f"{d.random()}"
    ),
    "knowledge_bases.operations.change_settings: time zone": lambda w, d: _settings(
        w, d, time_zone=d.choice(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    ),
    "knowledge_bases.operations.change_settings: colour": lambda w, d: _settings(
        w, d, colour=f"#{d.randrange(16**6):06x}"
    ),
    "knowledge_bases.operations.change_settings: audience": lambda w, d: _settings(
        w, d, audience=d.choice(list(Audience))
    ),
    "knowledge_bases.operations.change_settings: groups": lambda w, d: _settings(
        w, d, group_rule=d.choice(list(GroupRule))
    ),
    "knowledge_bases.operations.change_settings: sign-up": lambda w, d: _settings(w, d, sign_up=d.choice(list(SignUp))),
    "knowledge_bases.operations.change_settings: remembering": lambda w, d: _settings(
        w, d, remember_days=d.randint(0, 90)
    ),
    "knowledge_bases.operations.change_settings: logo": lambda w, d: _settings(w, d, logo=pictures.read(picture())),
    "knowledge_bases.operations.archive": _archive,
    "knowledge_bases.operations.bring_back": _archive,
    "readers.operations.change: name": lambda w, d: _reader(w, d, first_name=f"Ann <{d.random()}>"),
    "readers.operations.change: groups": lambda w, d: _reader(w, d, groups=_some_groups(w, d)),
    "readers.operations.change: access": lambda w, d: _reader(w, d, reads_everything=d.random() < 0.5),
    "readers.operations.change: knowledge bases": lambda w, d: _reader(
        w, d, reads_everything=False, knowledge_bases=frozenset(d.sample([w.base], d.randint(0, 1)))
    ),
    "subscriptions.settings": _subscriptions,
    "subscriptions.subscribing.subscribe": _subscribe,
    "subscriptions.unsubscribing.unsubscribe_all": _unsubscribe,
    "readers.operations.disable": lambda w, d: readers.disable(d.choice(w.readers), actor=BY),
}
