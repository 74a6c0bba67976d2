"""Everybody who may knock × everything that stands in a knowledge base × every way to it, against one obvious rule.

No answer of any page may hold a mark of what its visitor may not read. The marks stand in titles, texts, names of
categories and summaries, never in addresses or questions, so that nothing but content brings them onto a page.
"""

import uuid
from dataclasses import dataclass, field

from kbadmin.articles.models import ArticleStatus, Category
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience, GroupRule
from kbadmin.readers.models import Reader, ReaderStatus
from tests import factories
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import inside
from tests.knowledge_bases.conftest import picture
from tests.portal.kept import kept_by
from tests.portal.library import Library, in_future

WORD = "quokka"  # Stands in every article: one search finds all that may be found.
A, B = "Alpha", "Beta"


@dataclass(frozen=True)
class Piece:
    """An article: its mark, the restrictions it stands under from the top down, and whether it is out."""

    mark: str
    category: str | None = None
    own: tuple[str, ...] = ()
    is_out: bool = True
    values: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Shelf:
    """A category: its mark, its own groups, and the category above."""

    mark: str
    groups: tuple[str, ...] = ()
    above: str | None = None


@dataclass(frozen=True)
class Base:
    """A knowledge base, and what decides who enters and which groups suffice."""

    slug: str
    audience: Audience
    rule: GroupRule


@dataclass(frozen=True)
class Who:
    """A visitor, as far as the rule knows them: the groups that count, and the knowledge bases that are open."""

    browser: Browser
    groups: frozenset[str] = frozenset()
    enters: frozenset[str] = frozenset()


BASES = [Base("open", Audience.PUBLIC, GroupRule.ANY), Base("closed", Audience.READERS, GroupRule.ALL)]
SHELVES = {
    "staff": Shelf("shelfmark1x", (A, B)),
    "below": Shelf("shelfmark2x", (), "staff"),
    "plain": Shelf("shelfmark3x"),
    "partners": Shelf("shelfmark4x", (B,), "plain"),
}
PIECES = {
    "free": Piece("mark01x"),
    "one-group": Piece("mark02x", own=(A,)),
    "both-groups": Piece("mark03x", own=(A, B)),
    "further-down": Piece("mark05x", "below"),
    "in-plain": Piece("mark06x", "plain"),
    "for-partners": Piece("mark07x", "partners"),
    "partners-and-own": Piece("mark08x", "partners", (A,)),
    "draft": Piece("mark09x", "plain", is_out=False, values={"status": ArticleStatus.DRAFT}),
    "archived": Piece("mark11x", is_out=False, values={"status": ArticleStatus.ARCHIVED}),
    "planned": Piece("mark12x", is_out=False, values={"status": ArticleStatus.SCHEDULED, "publish_at": True}),
}


CELLS = 4 * len(PIECES) + len(SHELVES) + 1  # list, search, page and picture of each article; categories, home


def may_enter(who, base):
    return base.audience is Audience.PUBLIC or base.slug in who.enters


def meets(who, base, asked):
    mine = who.groups if base.slug in who.enters else frozenset()
    if not asked:
        return True
    return any(one in mine for one in asked) if base.rule is GroupRule.ANY else all(one in mine for one in asked)


def may_open(who, base, name):
    shelf = SHELVES[name]
    return meets(who, base, shelf.groups) and (shelf.above is None or may_open(who, base, shelf.above))


def may_read(who, base, piece):
    is_shelf_open = piece.category is None or may_open(who, base, piece.category)
    return may_enter(who, base) and piece.is_out and is_shelf_open and meets(who, base, piece.own)


def build(library):
    """Both knowledge bases with all of it; answers the addresses of their pictures by article."""
    groups, shown = {name: library.group(name) for name in (A, B)}, {}
    for base in BASES:
        made = library.knowledge_base(base.slug.title(), audience=base.audience, group_rule=base.rule)
        shelves: dict[str | None, uuid.UUID | None] = {None: None}
        for name, shelf in SHELVES.items():
            asked = [groups[one] for one in shelf.groups]
            shelves[name] = library.category(made, name, parent=shelves[shelf.above], groups=asked)
            library.change(Category, shelves[name], name=shelf.mark, description=f"About {shelf.mark}")
        images = {}
        for number, (slug, piece) in enumerate(PIECES.items()):
            with inside(library.app, library.account), unit_of_work():
                drawn = pictures.read(picture(size=(20 + number, 10)))
                kept = pictures.keep(drawn, knowledge_base_id=made, by="test").id
            images[slug] = f"{library.home}/{base.slug}/images/{kept}"
            text = f"{WORD} text of {piece.mark}"
            values = piece.values | ({"publish_at": in_future(days=1)} if "publish_at" in piece.values else {})
            asked = [groups[one] for one in piece.own]
            library.article(
                made, piece.mark, category=shelves[piece.category], groups=asked, slug=slug, summary=piece.mark,
                html=f'<p>{text} <img src="attachment:{kept}" alt=""></p>', words=text, **values,
            )  # fmt: skip
        shown[base.slug] = (made, images)
    return groups, shown


def everybody(app, library, other, groups, ids):
    """All visitors by name; what the rule may know of them is said here and nowhere else."""
    both = frozenset(base.slug for base in BASES)

    def reader(*names, access=None, enters=both):
        made = library.reader(groups=[groups[one] for one in names], access=access)
        return Who(library.signed_in(made), frozenset(names), enters)

    off = library.reader(groups=groups.values())
    disabled = library.signed_in(off)
    library.change(Reader, off.id, status=ReaderStatus.DISABLED)
    return {
        "signed out": Who(Browser(app)),
        "in all groups": reader(A, B),
        "in one group": reader(A),
        "in the other": reader(B),
        "in no group": reader(),
        "in all groups, of the open one only": reader(A, B, access=[ids["open"]], enters=frozenset(["open"])),
        "in all groups, of the closed one only": reader(A, B, access=[ids["closed"]], enters=frozenset(["closed"])),
        "of no knowledge base": reader(A, B, access=[], enters=frozenset()),
        "disabled": Who(disabled),
        "reader of another account": Who(other.signed_in(other.reader())),
        "owner of the account": Who(factories.signed_in(app, library.account.owner)),
    }


@both_databases
def test_nobody_sees_more_or_less_than_the_rule_allows(app, two_accounts, database_kind):
    library, other = (Library(app, one) for one in two_accounts)
    other.knowledge_base("Open", audience=Audience.READERS)
    groups, shown = build(library)
    ids = {slug: made for slug, (made, _) in shown.items()}
    visitors, cells = everybody(app, library, other, groups, ids), 0
    if database_kind == "postgresql":  # The rule is the same; its SQL is tried with those who have groups.
        visitors = {name: who for name, who in visitors.items() if who.groups}
    # Twice, in turned order: the second time pages are kept, made for somebody else who came before.
    for name, who in [*visitors.items(), *reversed(visitors.items())]:
        for base in BASES:
            cells += check(f"{name}, {base.slug}", who, base, f"{library.home}/{base.slug}", shown[base.slug][1])
    assert cells == 2 * len(visitors) * 2 * CELLS
    assert kept_by(app) > 0


def check(what, who, base, home, images):
    """Every way to everything, for one visitor of one knowledge base; answers how many cells that were."""
    readable = {slug for slug, piece in PIECES.items() if may_read(who, base, piece)}
    opened = {name for name in SHELVES if may_enter(who, base) and may_open(who, base, name)}
    allowed = {PIECES[slug].mark for slug in readable} | {SHELVES[name].mark for name in opened}
    forbidden = {one.mark for one in (*PIECES.values(), *SHELVES.values())} - allowed

    def look(path):
        response = who.browser.client.get(path, base_url="http://localhost")
        text = response.data.decode("utf-8", "replace") + str(response.headers)
        leaked = {mark for mark in forbidden if mark in text}
        assert not leaked, f"{what}: {path} shows {leaked}"
        return response.status_code, text

    pages = {name: look(f"{home}/categories/{name}") for name in SHELVES} | {None: look(home)}
    assert {name for name, (status, _) in pages.items() if name and status == 200} == opened, f"{what}: categories"
    assert (pages[None][0] == 200) is may_enter(who, base), f"{what}: front page"
    listed = "".join(text for _, text in pages.values())
    found = look(f"{home}/search?q={WORD}")[1]
    for slug, piece in PIECES.items():
        status, _ = look(f"{home}/articles/{slug}")
        is_readable = slug in readable
        assert (status == 200) is is_readable, f"{what}: {slug} answered {status}"
        assert status in (200, 303, 404), f"{what}: {slug} answered {status}"
        assert (piece.mark in listed) is is_readable, f"{what}: {slug} in lists"
        assert (piece.mark in found) is is_readable, f"{what}: {slug} in search"
        assert (look(images[slug])[0] == 200) is is_readable, f"{what}: picture of {slug}"
    return CELLS


def test_the_rule_tells_visitors_apart():
    """A rule that allowed all or nothing would prove nothing."""
    open_base, closed = BASES
    both, stranger = frozenset(["open", "closed"]), Who(None)
    insider, half = Who(None, frozenset([A, B]), both), Who(None, frozenset([A]), both)
    assert [len([one for one in PIECES.values() if may_read(who, base, one)]) for who, base in [
        (insider, open_base), (half, open_base), (half, closed), (stranger, open_base), (stranger, closed)
    ]] == [7, 5, 3, 2, 0]  # fmt: skip
