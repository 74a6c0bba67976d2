"""Who is told what: exactly what they subscribe to and could open in their browser at that moment, nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from kbadmin import clock as house_clock
from kbadmin.articles.models import Article, ArticleGroup, ArticleStatus, Callout, Category, CategoryGroup
from kbadmin.articles.visibility import STRANGER, readable, viewer_of
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import SuppressedAddress
from kbadmin.ids import id_of
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroupMember, ReaderStatus
from kbadmin.subscriptions import entitlement
from kbadmin.subscriptions.entitlement import Reason
from kbadmin.subscriptions.items import Board
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, Subscriber, Subscription, Target
from tests.databases import both_databases, on_postgresql
from tests.factories import counting
from tests.subscriptions.readership import Readership, article, category

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHECKS = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)  # Each example makes what it needs.
HOUR = timedelta(hours=1)
GROUPS, PEOPLE = 3, 4
some_groups = st.frozensets(st.integers(0, GROUPS - 1), max_size=GROUPS)
mostly = st.sampled_from([True] * 7 + [False])  # A closed world tells little.
hours = st.sampled_from([-2, -1, 0, -2, -1, 1])  # around NOW, on purpose also exactly then


@dataclass(frozen=True)
class Piece:
    shelf: int | None
    status: ArticleStatus
    publish: int
    groups: frozenset[int]
    callout: Callout | None
    called_out: int
    until: int | None


@dataclass(frozen=True)
class Person:
    is_reader: bool
    is_active: bool
    reads_everything: bool
    has_access: bool
    groups: frozenset[int]
    since: int
    wishes: tuple[tuple[str, int, bool], ...]


pieces = st.builds(
    Piece,
    shelf=st.none() | st.integers(0, 3),
    status=st.sampled_from([*ArticleStatus, ArticleStatus.PUBLISHED, ArticleStatus.PUBLISHED, ArticleStatus.PUBLISHED]),
    publish=hours,
    groups=st.sampled_from([frozenset()] * 3 + [frozenset([0]), frozenset([0, 1])]),
    callout=st.sampled_from([Callout.NEW, Callout.UPDATED, Callout.NEW, None]),
    called_out=hours,
    until=st.sampled_from([None, 9, 1, 9, 0, -1]),
)
wishes = st.tuples(st.sampled_from(["all", "category", "all", "category", "article"]), st.integers(0, 7), st.booleans())
people = st.builds(
    Person, is_reader=mostly, is_active=mostly, reads_everything=st.booleans(), has_access=mostly, groups=some_groups,
    since=st.sampled_from([-3, -3, -2, -1, 0]),
    wishes=st.lists(wishes, min_size=1, max_size=3, unique_by=lambda one: one[:2]).map(tuple),
)  # fmt: skip


@st.composite
def worlds(draw):
    shelves = [
        (draw(st.none() | st.integers(0, n - 1)) if n else None, draw(st.just(frozenset()) | some_groups))
        for n in range(4)
    ]
    return {
        "audience": draw(st.sampled_from(Audience)),
        "rule": draw(st.sampled_from(GroupRule)),
        "is_archived": not draw(mostly),
        "is_public": draw(mostly),
        "shelves": shelves,
        "pieces": draw(st.lists(pieces, min_size=5, max_size=8)),
        "people": draw(st.lists(people, min_size=PEOPLE, max_size=PEOPLE)),
    }


class Stage:
    """Plays a world in the database of one account: what each person is told, and what they should be."""

    def __init__(self, app, account):
        self.here = Readership(app, account)
        self.groups = [self.here.group(f"Group {n}") for n in range(GROUPS)]
        self.readers = [self.here.reader(f"reader-{n}@example.com") for n in range(PEOPLE)]
        self.shelves = [self.here.category(self.here.id, f"Shelf {n}") for n in range(4)]
        self.articles = [self.here.article(self.here.id, f"Article {n}") for n in range(8)]

    def play(self, world):
        with self.here.inside(), unit_of_work():
            self._build(world)
        with self.here.inside():
            knowledge_base = db.session.get(KnowledgeBase, self.here.id)
            board = Board(knowledge_base, NOW)
            told = entitlement.after(board, None, frequencies=list(Frequency), is_public=world["is_public"])
            found = {id_of(one.id): {item.id for item in one.items} for one in told}
            rows = db.session.scalars(select(KnowledgeBaseSubscriber).order_by(KnowledgeBaseSubscriber.id)).all()
            assert list(found) == [row.id for row in rows]
            for one in told:
                assert bool(one.items) != bool(one.reason)
            return found, {row.id: self._obvious(world, knowledge_base, row) for row in rows}

    def _obvious(self, world, knowledge_base, row):
        person = db.session.get(Subscriber, row.subscriber_id)
        if person.reader_id is None:
            if not world["is_public"] or knowledge_base.audience != Audience.PUBLIC:
                return set()
            viewer = STRANGER
        else:
            viewer = viewer_of(db.session.get(Reader, person.reader_id))
            if not viewer.is_active:
                return set()
        on_the_page = db.session.scalars(select(Article).where(readable(knowledge_base, viewer))).all()
        wanted = db.session.scalars(select(Subscription).filter_by(knowledge_base_subscriber_id=row.id)).all()
        return {
            one.id
            for one in on_the_page
            if one.callout and row.told_until_at < one.callout_at <= NOW
            and (one.callout_until is None or one.callout_until > NOW)
            and any(self._matches(one, wish) for wish in wanted)
        }  # fmt: skip

    def _matches(self, one, wish):
        if wish.target == Target.ARTICLE:
            return one.id == wish.article_id
        if wish.target == Target.KNOWLEDGE_BASE:
            return True
        here = one.category_id
        while here is not None:
            if here == wish.category_id:
                return True
            here = db.session.get(Category, here).parent_id if wish.with_subcategories else None
        return False

    def _build(self, world):
        for model in (ArticleGroup, CategoryGroup, ReaderGroupMember, ReaderAccess, Subscriber):
            self._at_once(delete(model.__table__))
        values = {
            "audience": world["audience"], "group_rule": world["rule"],
            "archived_at": NOW if world["is_archived"] else None,
        }  # fmt: skip
        self._at_once(update(KnowledgeBase.__table__).values(values))
        for number, (parent, groups) in enumerate(world["shelves"]):
            here = self.shelves[number]
            above = None if parent is None else self.shelves[parent]
            self._at_once(update(Category.__table__).where(Category.id == here).values(parent_id=above))
            db.session.add_all(CategoryGroup(category_id=here, group_id=self.groups[group]) for group in groups)
        self._at_once(update(Article.__table__).values(status=ArticleStatus.DRAFT))
        for number, piece in enumerate(world["pieces"]):
            values = {
                "category_id": None if piece.shelf is None else self.shelves[piece.shelf], "status": piece.status,
                "publish_at": NOW + piece.publish * HOUR, "callout": piece.callout,
                "callout_at": NOW + piece.called_out * HOUR,
                "callout_until": None if piece.until is None else NOW + piece.until * HOUR,
            }  # fmt: skip
            here = self.articles[number]
            self._at_once(update(Article.__table__).where(Article.id == here).values(values))
            db.session.add_all(ArticleGroup(article_id=here, group_id=self.groups[group]) for group in piece.groups)
        for number, person in enumerate(world["people"]):
            self._add(number, person)

    def _at_once(self, statement):
        """As no operation may, since kept pages do not hear of it; none is kept here."""
        db.session.flush()
        db.session.connection().execute(statement)
        db.session.expire_all()

    def _add(self, number, person):
        reader = self.readers[number] if person.is_reader else None
        if reader is not None:
            row = db.session.get(Reader, reader.id)
            row.status = ReaderStatus.ACTIVE if person.is_active else ReaderStatus.DISABLED
            row.reads_everything = person.reads_everything
            if person.has_access:
                db.session.add(ReaderAccess(reader_id=reader.id, knowledge_base_id=self.here.id))
            for group in person.groups:
                db.session.add(ReaderGroupMember(reader_id=reader.id, group_id=self.groups[group]))
        email = reader.email if reader else f"bare-{number}@example.org"
        subscriber = Subscriber(email=email, email_key=email, reader_id=reader.id if reader else None)
        db.session.add(subscriber)
        db.session.flush()
        here = KnowledgeBaseSubscriber(
            knowledge_base_id=self.here.id, subscriber_id=subscriber.id, told_until_at=NOW + person.since * HOUR,
            token_fingerprint=f"fingerprint-{number}", source="added",
        )  # fmt: skip
        db.session.add(here)
        db.session.flush()
        for kind, thing, with_subcategories in person.wishes:
            things = {
                "category": {"category_id": self.shelves[thing % 4], "target": Target.CATEGORY},
                "article": {"article_id": self.articles[thing], "target": Target.ARTICLE},
                "all": {"target": Target.KNOWLEDGE_BASE},
            }
            db.session.add(
                Subscription(
                    knowledge_base_subscriber_id=here.id, target_key=f"{kind} {thing}",
                    with_subcategories=with_subcategories, **things[kind],
                )
            )  # fmt: skip


@pytest.fixture
def stage(app, account, clock):
    return Stage(app, account)


@settings(max_examples=50, suppress_health_check=CHECKS)
@given(world=worlds())
def test_everybody_is_told_what_their_page_would_show_and_they_subscribed_to(stage, world):
    house_clock.set_to(NOW)
    found, obvious = stage.play(world)
    assert found == obvious


@on_postgresql
@settings(max_examples=8, suppress_health_check=CHECKS)
@given(world=worlds())
def test_so_it_is_on_postgresql(stage, world):
    house_clock.set_to(NOW)
    found, obvious = stage.play(world)
    assert found == obvious


def told(here, *, is_public=True, **options):
    with here.inside():
        board = Board(db.session.get(KnowledgeBase, here.id), house_clock.now())
        found = entitlement.after(board, None, frequencies=list(Frequency), is_public=is_public, **options)
        return {one.email: one.reason or sorted(item.title for item in one.items) for one in found}


def test_whoever_gets_nothing_has_a_reason(app, account, clock):
    here = Readership(app, account, audience=Audience.READERS)
    since = house_clock.now() - HOUR
    shelf = here.category(here.id, "Shelf")
    here.news("Top", at=since + HOUR / 2)
    below = here.category(here.id, "Below", parent=shelf)
    inner = here.news("Inner", category=below)
    for name, values in {
        "all": {}, "disabled": {"status": ReaderStatus.DISABLED}, "pending": {"status": ReaderStatus.PENDING},
        "elsewhere": {"access": []}, "refuses": {},
    }.items():  # fmt: skip
        here.subscriber(reader=here.reader(f"{name}@example.com", **values), since=since)
    here.subscriber(reader=here.reader("shelf@example.com"), since=since, to=[category(shelf)])
    here.subscriber(reader=here.reader("only@example.com"), since=since, to=[category(shelf, with_subcategories=False)])
    here.subscriber(reader=here.reader("inner@example.com"), since=since, to=[article(inner), category(shelf)])
    here.subscriber(reader=here.reader("told@example.com"), since=house_clock.now())
    here.subscriber("bare@example.org", since=since)
    here.subscriber(reader=here.reader("left@example.com"), since=since, unsubscribed_at=house_clock.now())
    with here.inside(), unit_of_work():
        db.session.add(SuppressedAddress(address="refuses@example.com", suppressed_at=house_clock.now()))

    assert told(here) == {
        "all@example.com": ["Inner", "Top"],
        "disabled@example.com": Reason.DISABLED,
        "pending@example.com": Reason.DISABLED,
        "elsewhere@example.com": Reason.NO_ACCESS,
        "refuses@example.com": Reason.SUPPRESSED,
        "shelf@example.com": ["Inner"],
        "only@example.com": Reason.NOTHING_NEW,
        "inner@example.com": ["Inner"],
        "told@example.com": Reason.NOTHING_NEW,
        "bare@example.org": Reason.NO_ACCESS,
    }
    here.change(KnowledgeBase, here.id, audience=Audience.PUBLIC)
    assert told(here)["bare@example.org"] == ["Inner", "Top"]
    assert told(here, is_public=False)["bare@example.org"] == Reason.NO_ACCESS
    assert told(here)["elsewhere@example.com"] == ["Inner", "Top"], "what everybody may read"


@both_databases
def test_a_chunk_costs_the_same_few_queries_however_many_are_in_it(app, account, clock):
    here = Readership(app, account)
    staff = here.group("Staff")
    here.news("For staff", groups=[staff])
    costs = []
    for _ in range(2):
        for number in range(5):
            here.subscriber(reader=here.reader(groups=[staff] if number % 2 else [], access=[here.id]), since=None)
        with counting(app) as counted:
            told(here)
        costs.append(counted.total)
    assert costs[0] == costs[1] <= 12
