"""Words as long as they may be, and many groups: pages stay within a phone, and nobody's words are pressed apart."""

from collections.abc import Iterator

import pytest
from flask import Flask

from kbadmin.accounts.models import Account
from kbadmin.articles import categories, publishing
from kbadmin.articles import operations as articles
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import Audience
from kbadmin.names import folded
from kbadmin.readers import operations as readers
from kbadmin.readers.models import ReaderGroup
from tests.factories import OpenedAccount, inside
from tests.journeys.test_pages import faults
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.browser

LONG = "Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetzesvorlagenkommissionsvorsitzender"
TABLE = f"| {LONG} | a | b |\n|---|---|---|\n| c | d | e |"
BODY = f"```\n{LONG * 2}\n```\n\n{TABLE}\n\n## {LONG}\n\n{LONG * 2}\n"
SPLIT_WORDS = """() => [...document.querySelectorAll('.table-card td *, .topbar .main-menu-entry span')]
  .filter(one => one.childElementCount === 0 && /^\\w{2,15}$/.test(one.textContent.trim()))
  .filter(one => {
    const words = document.createRange();
    words.selectNodeContents(one);
    return new Set([...words.getClientRects()].map(line => line.top)).size > 1;
  }).map(one => one.textContent)"""
CUT = """selector => [...document.querySelectorAll(selector)]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent.trim())"""


@pytest.fixture
def places(app: Flask, account: OpenedAccount) -> dict[str, str]:
    """Paths of pages in an account where everything has a long name."""
    actor = Actor(account.owner.id, account.owner.name)
    with inside(app, account), unit_of_work():
        db.session.get_one(Account, account.id).name = LONG
        groups = [
            ReaderGroup(name=f"{LONG[:70]} {number}", name_key=folded(f"{LONG[:70]} {number}")) for number in range(20)
        ]
        db.session.add_all(groups)
        db.session.flush()
        everybody = frozenset(group.id for group in groups)
        made = operations.create(name=LONG, time_zone="UTC", audience=Audience.PUBLIC, actor=actor)
        shelf = categories.create(made.id, categories.Wanted(LONG, groups=everybody), actor=actor)
        wanted = articles.Wanted(LONG, LONG, BODY, None, frozenset())
        article = articles.create(made.id, wanted, actor=actor)
        publishing.publish(made.id, article.id, actor=actor)
        details = readers.Details(f"{'a' * 60}@{'b' * 60}.example.com", LONG[:60], LONG[:60], {})
        reader = readers.create(details, readers.Belongings(groups=everybody), actor=actor)
        here, portal = f"/knowledge-bases/{made.id}", f"/kb/{account.slug}/{made.slug}"
        return {
            "knowledge base": here,
            "articles": f"{here}/articles",
            "article": f"{here}/articles/{article.id}",
            "new article": f"{here}/articles/new",
            "category": f"{here}/categories/{shelf.id}",
            "reader": f"/readers/{reader.id}",
            "readers": "/readers",
            "groups": "/readers/groups",
            "texts": "/readers/settings/texts",
            "team": "/team",
            "accounts": "/choose-account",
            "portal": portal,
            "portal article": f"{portal}/articles/{article.slug}",
        }


def looked_at(visitor: Visitor, places: dict[str, str]) -> Iterator[str]:
    for name, path in places.items():
        for width in (320, 390, 1280):
            visitor.page.set_viewport_size({"width": width, "height": 900})
            visitor.open(path)
            found = [*faults(visitor), *visitor.page.evaluate(SPLIT_WORDS), *visitor.page.evaluate(CUT, ".check-list")]
            yield from (f"{name} at {width}: {fault}" for fault in found)


def test_long_words_stay_within_their_page(account: OpenedAccount, places: dict[str, str], visitor: Visitor) -> None:
    assert list(looked_at(visitor.sign_in(account.owner), places)) == []


def test_a_short_name_of_an_account_is_whole_on_a_phone(app: Flask, account: OpenedAccount, visitor: Visitor) -> None:
    with inside(app, account), unit_of_work():
        db.session.get_one(Account, account.id).name = "Acme Docs"
    visitor.sign_in(account.owner).page.set_viewport_size({"width": 390, "height": 844})
    assert visitor.page.evaluate(CUT, ".topbar-brand span") == []
