"""Who may see what: exactly what a slow and obvious definition allows, over random trees, groups, drafts and times."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from kbadmin import clock as house_clock
from kbadmin.articles.models import Article, ArticleGroup, ArticleStatus, Category, CategoryGroup
from kbadmin.articles.visibility import STRANGER, Tree, Viewer, open_categories, readable, viewer_of
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, GroupRule, KnowledgeBase
from kbadmin.names import folded
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroup, ReaderGroupMember, ReaderStatus
from tests.articles.conftest import Shelves
from tests.databases import both_databases, on_postgresql
from tests.factories import inside

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHECKS = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)  # The fixture is emptied for each example.
GROUPS = 3
MOMENTS = {"past": NOW - timedelta(seconds=1), "now": NOW, "future": NOW + timedelta(seconds=1)}


@dataclass(frozen=True)
class Shelf:
    """A category of a random tree: the number of its parent, which comes before it, and its groups."""

    parent: int | None
    groups: frozenset[int]


@dataclass(frozen=True)
class Piece:
    """An article of a random knowledge base."""

    shelf: int | None
    status: ArticleStatus
    when: str
    groups: frozenset[int]


@dataclass(frozen=True)
class World:
    """A knowledge base, and who looks at it."""

    audience: Audience
    rule: GroupRule
    is_archived: bool
    shelves: tuple[Shelf, ...]
    pieces: tuple[Piece, ...]
    is_reader: bool
    is_active: bool
    has_access: bool
    groups: frozenset[int] = field(default=frozenset())


some_groups = st.frozensets(st.integers(0, GROUPS - 1), max_size=GROUPS)
mostly = st.integers(0, 5).map(bool)
statuses = st.sampled_from([*ArticleStatus, ArticleStatus.PUBLISHED, ArticleStatus.PUBLISHED, ArticleStatus.SCHEDULED])


@st.composite
def worlds(draw):
    """Mostly such that something may be seen: an empty or closed world tells little."""
    count = draw(st.integers(1, 6))
    shelves = tuple(
        Shelf(draw(st.one_of(st.none(), st.integers(0, number - 1)) if number else st.none()), draw(some_groups))
        for number in range(count)
    )
    place = st.one_of(st.none(), st.integers(0, count - 1))
    piece = st.builds(Piece, place, statuses, st.sampled_from(sorted(MOMENTS)), some_groups)
    return World(
        audience=draw(st.sampled_from(Audience)),
        rule=draw(st.sampled_from(GroupRule)),
        is_archived=not draw(mostly),
        shelves=shelves,
        pieces=tuple(draw(st.lists(piece, min_size=1, max_size=8))),
        is_reader=draw(mostly),
        is_active=draw(mostly),
        has_access=draw(mostly),
        groups=draw(some_groups),
    )


def allowed(world):
    """The obvious definition: numbers of the articles that may be read, and of the categories that may be opened."""
    is_let_in = world.is_reader and world.is_active and world.has_access
    if world.is_archived or not (world.audience is Audience.PUBLIC or is_let_in):
        return set(), set()
    mine = world.groups if is_let_in else frozenset()

    def meets(asked):
        if not asked:
            return True
        return any(group in mine for group in asked) if world.rule is GroupRule.ANY else all(g in mine for g in asked)

    def is_open(number):
        shelf = world.shelves[number]
        return meets(shelf.groups) and (shelf.parent is None or is_open(shelf.parent))

    def is_out(piece):
        if piece.status is ArticleStatus.SCHEDULED:
            return piece.when in ("past", "now")
        return piece.status is ArticleStatus.PUBLISHED

    articles = {
        number
        for number, piece in enumerate(world.pieces)
        if is_out(piece) and meets(piece.groups) and (piece.shelf is None or is_open(piece.shelf))
    }
    return articles, {number for number in range(len(world.shelves)) if is_open(number)}


class Stage:
    """Plays a world in the database of one account, and takes it away again."""

    def __init__(self, app, account):
        self.app, self.account = app, account
        self.id = Shelves(app, account).id
        with inside(app, account), unit_of_work():
            groups = [ReaderGroup(name=f"Group {n}", name_key=folded(f"Group {n}")) for n in range(GROUPS)]
            reader = Reader(
                email="rita@example.com", email_key="rita@example.com", email_domain="example.com", sort_key="rita"
            )
            db.session.add_all([reader, *groups])
            db.session.flush()
            self.groups, self.reader = [group.id for group in groups], reader.id

    def play(self, world):
        """What is found, as numbers of the world's articles and categories."""
        with inside(self.app, self.account), unit_of_work():
            self._clear()
            shelves, pieces = self._build(world)
        with inside(self.app, self.account):
            knowledge_base = db.session.get(KnowledgeBase, self.id)
            viewer = viewer_of(db.session.get(Reader, self.reader)) if world.is_reader else STRANGER
            found = db.session.scalars(select(Article.id).where(readable(knowledge_base, viewer)))
            opened = open_categories(knowledge_base, viewer)
            return {pieces.index(one) for one in found}, {shelves.index(one) for one in opened}

    def _clear(self):
        """Beside the session, which lets nobody change what pages show by the dozen."""
        connection = db.session.connection()
        connection.execute(update(Category.__table__).values(parent_id=None))
        for model in (ArticleGroup, Article, CategoryGroup, ReaderGroupMember, ReaderAccess, Category):
            connection.execute(delete(model.__table__))
        db.session.expunge_all()

    def _build(self, world):
        values = {
            "audience": world.audience,
            "group_rule": world.rule,
            "archived_at": NOW if world.is_archived else None,
        }
        knowledge_base = db.session.get(KnowledgeBase, self.id)
        for name, value in values.items():
            setattr(knowledge_base, name, value)
        status = ReaderStatus.ACTIVE if world.is_active else ReaderStatus.DISABLED
        db.session.execute(update(Reader).values(status=status, reads_everything=False))
        if world.has_access:
            db.session.add(ReaderAccess(reader_id=self.reader, knowledge_base_id=self.id))
        db.session.add_all(
            ReaderGroupMember(reader_id=self.reader, group_id=self.groups[number]) for number in world.groups
        )
        shelves, pieces = [], []
        for number, shelf in enumerate(world.shelves):
            parent = None if shelf.parent is None else shelves[shelf.parent]
            row = Category(knowledge_base_id=self.id, parent_id=parent, name=f"C{number}", slug=f"c{number}")
            shelves.append(self._added(row, CategoryGroup, "category_id", shelf.groups))
        for number, piece in enumerate(world.pieces):
            place = None if piece.shelf is None else shelves[piece.shelf]
            row = Article(
                knowledge_base_id=self.id, category_id=place, title=f"A{number}", slug=f"a{number}",
                status=piece.status, publish_at=MOMENTS[piece.when],
            )  # fmt: skip
            pieces.append(self._added(row, ArticleGroup, "article_id", piece.groups))
        return shelves, pieces

    def _added(self, row, restriction, owner, groups):
        db.session.add(row)
        db.session.flush()
        db.session.add_all(restriction(**{owner: row.id, "group_id": self.groups[number]}) for number in groups)
        return row.id


@pytest.fixture
def stage(app, account, clock):
    return Stage(app, account)


@settings(max_examples=120, suppress_health_check=CHECKS)
@given(world=worlds())
def test_a_viewer_finds_exactly_what_is_allowed(stage, world):
    house_clock.set_to(NOW)
    assert stage.play(world) == allowed(world)


@on_postgresql
@settings(max_examples=12, suppress_health_check=CHECKS)
@given(world=worlds())
def test_so_it_is_on_postgresql(stage, world):
    house_clock.set_to(NOW)
    assert stage.play(world) == allowed(world)


@both_databases
def test_a_restricted_category_hides_everything_below_it(app, account, shelves):
    staff = shelves.group("Staff")
    above = shelves.category("Staff only", groups=[staff])
    below = shelves.category("Manuals", parent=above)
    deep = shelves.category("Deep", parent=below)
    for number, place in enumerate((above, below, deep)):
        shelves.article(f"Hidden {number}", category=place, is_published=True)
    seen = shelves.article("Seen", is_published=True)
    with shelves.inside():
        knowledge_base = db.session.get(KnowledgeBase, shelves.id)
        assert db.session.scalars(select(Article.id).where(readable(knowledge_base, STRANGER))).all() == [seen]
        assert open_categories(knowledge_base, STRANGER) == frozenset()
        insider = Viewer(groups=frozenset([staff]), is_active=True, reads_everything=True)
        assert len(db.session.scalars(select(Article.id).where(readable(knowledge_base, insider))).all()) == 4


@both_databases
def test_two_accounts_do_not_see_each_others_articles(app, two_accounts):
    ours, theirs = (Shelves(app, account) for account in two_accounts)
    mine = ours.article("Ours", is_published=True)
    theirs.article("Theirs", category=theirs.category("Theirs"), is_published=True)
    with ours.inside():
        knowledge_base = db.session.get(KnowledgeBase, ours.id)
        assert db.session.scalars(select(Article.id).where(readable(knowledge_base, STRANGER))).all() == [mine]
        foreign = KnowledgeBase(id=theirs.id, audience=Audience.PUBLIC, group_rule=GroupRule.ANY)
        assert db.session.scalars(select(Article.id).where(readable(foreign, STRANGER))).all() == []
        assert open_categories(foreign, STRANGER) == frozenset()


def test_groups_count_only_where_the_reader_has_access(app, account, shelves):
    staff = shelves.group("Staff")
    shelves.article("For staff", groups=[staff], is_published=True)
    elsewhere = Viewer(groups=frozenset([staff]), is_active=True, knowledge_bases=frozenset([uuid.uuid4()]))
    with shelves.inside():
        knowledge_base = db.session.get(KnowledgeBase, shelves.id)
        assert db.session.scalars(select(Article.id).where(readable(knowledge_base, elsewhere))).all() == []


def test_a_circle_of_categories_and_a_lost_parent_are_closed():
    one, other, lost, fine = (uuid.uuid4() for _ in range(4))
    tree = Tree(GroupRule.ANY, {one: other, other: one, lost: uuid.uuid4(), fine: None})
    assert tree.open_to(frozenset()) == {fine}


def test_a_scheduled_article_is_read_from_its_moment_on(app, account, shelves, clock):
    article = shelves.article("Soon")
    with shelves.writing():
        row = db.session.get_one(Article, article)
        row.status, row.publish_at = ArticleStatus.SCHEDULED, house_clock.now() + timedelta(minutes=5)

    def found():
        with shelves.inside():
            knowledge_base = db.session.get(KnowledgeBase, shelves.id)
            return db.session.scalars(select(Article.id).where(readable(knowledge_base, STRANGER))).all()

    clock.advance(minutes=4, seconds=59)
    assert found() == []
    clock.advance(seconds=1)
    assert found() == [article]


def test_the_obvious_definition_tells_worlds_apart():
    """A definition that allowed nothing, or everything, would prove nothing."""
    shelf, piece = Shelf(None, frozenset([0])), Piece(0, ArticleStatus.PUBLISHED, "now", frozenset())
    world = World(Audience.PUBLIC, GroupRule.ANY, False, (shelf,), (piece,), True, True, True, frozenset([0]))
    assert allowed(world) == ({0}, {0})
    assert allowed(World(**{**vars(world), "groups": frozenset()})) == (set(), set())
