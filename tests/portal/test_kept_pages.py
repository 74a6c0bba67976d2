"""Pages that are kept are those that would be made: whoever asks, wherever, whatever happened just before."""

import inspect
import random
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import select

from kbadmin import clock as house_clock
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.readers.models import ReaderSession
from tests.databases import both_databases
from tests.factories import counting, inside
from tests.portal.kept import TOKEN, Processes, ask, kept_by, token_of
from tests.portal.kept_world import DEEDS, World
from tests.portal.library import Library
from tests.subscriptions.helpers import turn_on

ROOMS = (
    "articles.callouts", "articles.categories", "articles.moving", "articles.operations", "articles.publishing",
    "articles.pictures", "articles.restrictions", "articles.revisions", "knowledge_bases.operations",
    "knowledge_bases.pictures", "knowledge_bases.roles",
)  # fmt: skip
#: What changes no page of a knowledge base that was there before.
WITHOUT_DEED = {
    "articles.pictures.upload": "a picture is shown by an article that is changed for it",
    "knowledge_bases.operations.create": "its pages are new",
    "knowledge_bases.roles.narrow": "who works here is shown to no reader",
}
#: What decides something else than what pages show.
WITHOUT_A_SIGN = {
    "knowledge_bases.operations.change_settings: sign-up",
    "knowledge_bases.operations.change_settings: remembering",
}


@pytest.fixture
def processes(make_app, settings):
    return Processes(make_app, settings)


@pytest.fixture
def world(processes, two_accounts):
    return World(Library(processes.plain, two_accounts[0]))


@pytest.fixture
def public(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "Welcome", category=library.category(kb, "Lamps"))
    return kb


def look_around(processes, world, tokens):
    """What each of these viewers finds on each page, by the page's own name; the first process keeps all of it."""
    found = {}
    for path in world.pages():
        for number, token in enumerate(tokens):
            made = ask(processes.plain, path, token)
            assert ask(processes.keeping[0], path, token) == made, path
            found[path.removeprefix(world.library.home), number] = made
    return found


def test_every_operation_on_what_is_shown_is_among_the_deeds():
    operations = {
        f"{room}.{name}"
        for room in ROOMS
        for name, found in inspect.getmembers(import_module(f"kbadmin.{room}"), inspect.isfunction)
        if found.__module__ == f"kbadmin.{room}" and "actor" in inspect.signature(found).parameters
    }
    public = {name for name in operations if not name.rpartition(".")[2].startswith("_")}
    covered = {name.partition(":")[0] for name in DEEDS if name.startswith(("articles.", "knowledge_bases."))}
    assert public == covered | set(WITHOUT_DEED)


def test_after_each_deed_the_next_page_shows_it(processes, world, clock):
    """Every page is warm before. A deed is done until a page shows it."""
    dice, tokens, unseen = random.Random(7), world.tokens[:2], set()
    world.readers = world.readers[:1]
    world.do("subscriptions.settings", dice)
    seen = look_around(processes, world, tokens)
    for deed in DEEDS:
        for tried in range(2 if deed in WITHOUT_A_SIGN else 8):
            if tried:
                world.mend(deed, dice)
                seen = look_around(processes, world, tokens)
            was_done, before = world.do(deed, dice), seen
            seen = look_around(processes, world, tokens)
            if was_done and seen != before:
                break
        else:
            unseen.add(deed)
    assert unseen == WITHOUT_A_SIGN


def follow(processes, world, clock, dice, steps):
    """Somebody does something, or time goes by; then some look at some pages, in whichever process."""
    for _ in range(steps):
        if dice.random() < 0.2:
            clock.advance(minutes=dice.choice([1, 59, 60, 60 * 7]))
        else:
            world.do(dice.choice(list(DEEDS)), dice)
        paths = world.pages()
        for _ in range(6):
            processes.agree(dice.choice(paths), dice.choice(world.tokens), dice)


@pytest.mark.parametrize("seed", [1, 2])
def test_kept_pages_are_those_that_would_be_made(processes, world, clock, seed):
    follow(processes, world, clock, random.Random(seed), steps=40)


@both_databases
@pytest.mark.long
@pytest.mark.parametrize("seed", range(3, 23))
def test_kept_pages_are_those_that_would_be_made_in_many_ways(processes, world, clock, seed):
    follow(processes, world, clock, random.Random(seed), steps=100)


@both_databases
@pytest.mark.parametrize("who", ["stranger", "reader"])
def test_a_kept_page_costs_one_statement(app, library, public, who):
    token = token_of(library.signed_in(library.reader())) if who == "reader" else ""
    totals = []
    for _ in range(2):
        with counting(app) as counted:
            assert ask(app, f"{library.home}/help/articles/welcome", token).status == 200
        totals.append(counted.total)
    assert 5 < totals[0] < 12
    assert totals[1] == 0  # The one is handed to the driver, beside what is counted.


@both_databases
@pytest.mark.parametrize(("days", "name"), [(9, "a session that is not good here any more"), (1, "one that is over")])
def test_whoever_a_page_has_no_use_for_is_not_looked_for(app, account, library, public, clock, days, name):
    for title in ("For strangers", "For the reader"):
        library.article(public, title)
    token = token_of(library.signed_in(library.reader()))
    library.change(KnowledgeBase, public, remember_days=1)
    with inside(app, account), unit_of_work():
        session = db.session.scalars(select(ReaderSession)).one()
        session.is_remembered, session.expires_at = True, house_clock.now() + timedelta(days=days)
    clock.advance(days=2)
    totals = []
    for page, cookie in (("for-strangers", ""), ("for-the-reader", token)):
        with counting(app) as counted:
            assert "Sign in" in ask(app, f"{library.home}/help/articles/{page}", cookie).text
        totals.append(counted.total)
    assert 5 < totals[0] == totals[1], name


def test_readers_with_the_same_groups_share_a_page_but_for_what_is_theirs(app, library, public):
    group = library.group("Partners")
    ada, bo = (library.signed_in(library.reader(groups=[group], first_name=name)) for name in ("Ada", "Bo & <i>"))
    before = kept_by(app)
    pages = [browser.open(f"{library.home}/help/articles/welcome") for browser in (ada, bo, ada, bo)]
    assert kept_by(app) == before + 1
    assert ["Ada" in page.text for page in pages] == [True, False, True, False]
    assert ["Bo & <i>" in page.text for page in pages] == [False, True, False, True]
    tokens = [TOKEN.search(page.response.get_data(as_text=True))[0] for page in pages]
    assert len(set(tokens)) >= 2
    for browser in (ada, bo):
        assert browser.open(f"{library.home}/help/articles/welcome").press("Sign out").messages == [
            "You are signed out."
        ]


def test_a_page_with_a_message_is_made_for_it_and_not_kept(app, library, public):
    reader = library.reader()
    turn_on(library, public)
    browser, path = library.signed_in(reader), f"{library.home}/help/articles/welcome"
    before = kept_by(app)
    page = browser.open(path).press("Subscribe to this article")
    assert page.messages == ["You are subscribed to Welcome."]
    for _ in range(2):
        page = browser.open(path)
        assert page.messages == []
        assert "You are subscribed to this article." in page.text
    assert kept_by(app) == before + 1


def test_an_address_with_a_question_is_not_kept(app, library, browser, public):
    before = kept_by(app)
    for question in ("?a=1", "?a=2", "?after="):
        browser.open(f"{library.home}/help/articles/welcome{question}")
    assert kept_by(app) == before


def test_a_session_that_ended_is_a_stranger_though_the_page_is_kept(app, library, public, clock):
    browser, path = library.signed_in(library.reader(first_name="Ada")), f"{library.home}/help/articles/welcome"
    assert all("Ada" in browser.open(path).text for _ in range(2))
    clock.advance(hours=12, seconds=1)
    page = browser.open(path)
    assert "Ada" not in page.text
    assert page.response.headers["Cache-Control"] == "public, max-age=60"


def test_a_kept_page_of_a_stranger_answers_not_modified(app, library, browser, public):
    path, before = f"{library.home}/help/articles/welcome", kept_by(app)
    first, second = (browser.open(path).response for _ in range(2))
    assert first.headers["ETag"] == second.headers["ETag"]
    answer = app.test_client().get(path, base_url="http://localhost", headers={"If-None-Match": first.headers["ETag"]})
    assert (answer.status_code, answer.data, kept_by(app)) == (304, b"", before + 1)


def test_nothing_is_kept_without_memory(make_app, settings, library, public):
    app = make_app(replace(settings, page_cache_mib=0))
    for _ in range(2):
        assert ask(app, f"{library.home}/help/articles/welcome").status == 200
    assert kept_by(app) == 0
