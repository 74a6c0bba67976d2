"""What may not be read is told by no spelling of an address, no method and no header, though others' pages are kept."""

import uuid
from dataclasses import dataclass

import pytest

from kbadmin.articles.models import ArticleStatus, Callout, Category
from kbadmin.database import unit_of_work
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience
from kbadmin.readers.models import Reader, ReaderStatus
from kbadmin.subscriptions.models import Target
from tests.databases import both_databases
from tests.factories import inside
from tests.knowledge_bases.conftest import picture
from tests.portal.kept import ask, kept_by, token_of
from tests.portal.library import in_future
from tests.subscriptions.helpers import subscribe, turn_on

MARK = "quokkamark"  # In titles, texts, names and notes of what is restricted; never in an address.
HEADERS = (
    {},
    {"If-None-Match": "*"},
    {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"Range": "bytes=0-10"},
    {"HX-Request": "true"},
    {"Accept": "application/json"},
    {"X-Forwarded-Prefix": "/kb"},
    {"X-Original-URL": "ARTICLE", "X-Rewrite-URL": "ARTICLE"},
    {"X-HTTP-Method-Override": "GET"},
)


@dataclass(frozen=True)
class Restricted:
    """Addresses of what only the staff may read, or nobody yet; and an id of it."""

    home: str
    article_id: str
    picture: str

    def pages(self) -> list[str]:
        """Each page of what is restricted, as its links write it."""
        inner = ("articles/wages", "articles/plans", "articles/below", "categories/payroll", "categories/inner")
        return [f"{self.home}/{one}" for one in inner]

    def spellings(self) -> list[str]:
        """Ways to ask for them that no link of ours has."""
        article, shelf = f"{self.home}/articles/wages", f"{self.home}/categories/payroll"
        return [
            *self.pages(), f"{self.home}/articles/w%61ges", f"{self.home}/%61rticles/wages", f"{article}/",
            f"{article}%20", f"{article}%00", f"{article};x", f"{article}?", f"{article}?a=1", f"{article}/.",
            f"{self.home}//articles/wages",
            f"{self.home}/articles/./wages", f"{self.home}/articles/welcome/../wages", f"{self.home}/articles/WAGES",
            f"{self.home}/articles%2Fwages", f"{shelf}/", f"{shelf}?after={self.article_id}",
            self.home, f"{self.home}/", f"{self.home}?after={self.article_id}", f"{self.home}/articles/welcome",
            f"{self.home}/categories/lamps", f"{self.home}/categories/lamps?after={self.article_id}",
            f"{self.home}/search?q=quokka", f"{self.home}/search?q=lamp", f"{self.home}/search?q=wages+OR+lamp",
            f"{self.home}/subscribe?article=wages", f"{self.home}/subscribe?category=payroll",
            f"{self.home}/subscribe?category=lamps&article=wages", f"{self.home}/subscriptions",
            self.picture, f"{self.picture}?article=wages", f"{self.picture}?article=welcome", f"{self.picture}/",
            f"{self.home}/sign-up?next={article}", f"{self.home.rpartition('/')[0]}/sign-in?next={article}",
            f"{self.home.rpartition('/')[0]}/forgot-password?next={article}",
        ]  # fmt: skip


@pytest.fixture
def restricted(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    turn_on(library, kb, is_public=True)
    staff, lamps = library.group("Staff"), library.category(kb, "Lamps")
    payroll = library.category(kb, "Payroll", groups=[staff])
    inner = library.category(kb, "Inner", parent=payroll)
    for shelf in (payroll, inner):
        library.change(Category, shelf, name=f"For staff {MARK}", description=MARK)
    with inside(library.app, library.account), unit_of_work():
        shown = pictures.keep(pictures.read(picture()), knowledge_base_id=kb, by="test").id
    library.article(kb, "Welcome", category=lamps, words="A lamp.", position=0)
    marked = {
        "summary": MARK, "change_note": MARK, "words": f"{MARK} quokka lamp", "callout": Callout.NEW,
        "callout_at": in_future(), "html": f'<p>{MARK} <img src="attachment:{shown}" alt=""></p>', "position": 1,
    }  # fmt: skip
    article = library.article(kb, f"Wages {MARK}", category=lamps, groups=[staff], slug="wages", **marked)
    for slug, category, status in (("plans", lamps, ArticleStatus.DRAFT), ("below", inner, ArticleStatus.PUBLISHED)):
        library.article(kb, f"{slug} {MARK}", category=category, slug=slug, **marked, status=status)
    library.staff, library.kb = staff, kb
    return Restricted(f"{library.home}/help", str(article), f"{library.home}/help/images/{shown}")


@pytest.fixture
def visitors(library, restricted):
    """Tokens of whoever may not read it; somebody of the staff has had each page made and kept."""
    insider = token_of(library.signed_in(library.reader(groups=[library.staff])))
    for page in (restricted.home, *restricted.pages()):
        seen = [ask(library.app, page, insider) for _ in range(2)]
        assert all(MARK in one.text for one in seen) is ("plans" not in page)
    assert kept_by(library.app) > 4
    off = library.reader(groups=[library.staff])
    disabled = token_of(library.signed_in(off))
    library.change(Reader, off.id, status=ReaderStatus.DISABLED)
    outside = token_of(library.signed_in(library.reader(groups=[library.group("Others")])))
    elsewhere = token_of(library.signed_in(library.reader(groups=[library.staff], access=[])))
    return {
        "stranger": "",
        "outside": outside,
        "elsewhere": elsewhere,
        "disabled": disabled,
        "forged": insider[:-1] + "x",
    }


@both_databases
def test_what_may_not_be_read_is_told_by_no_address(library, restricted, visitors):
    opened = {*restricted.pages(), restricted.picture}
    tries = [(method, path, {}) for path in restricted.spellings() for method in ("GET", "HEAD", "OPTIONS")]
    tries += [(method, path, headers) for path in opened for headers in HEADERS for method in ("GET", "HEAD")]
    for who, token in visitors.items():
        client = library.app.test_client(use_cookies=False)
        cookie = {"Cookie": f"kbadmin-reader={token}"} if token else {}
        for method, path, headers in tries:
            said = {name: value.replace("ARTICLE", restricted.pages()[0]) for name, value in headers.items()}
            answer = client.open(path, method=method, headers=said | cookie, base_url="http://localhost")
            what = f"{who}: {method} {path} {headers}: {answer.status_code}"
            assert MARK not in answer.get_data(as_text=True) + str(answer.headers), what
            assert answer.status_code < 500, what
            if path.partition("?")[0].rstrip("/") in opened and method != "OPTIONS":
                assert answer.status_code in (404, 303), what


@both_databases
def test_what_may_not_be_read_is_not_subscribed_to_nor_named_to_whoever_was(library, restricted, visitors):
    outsider = library.reader()
    subscribe(
        library, library.kb, reader=outsider.id, target=Target.ARTICLE, article_id=uuid.UUID(restricted.article_id)
    )
    browser = library.signed_in(outsider)
    assert MARK not in browser.open(f"{restricted.home}/subscriptions").html
    token = browser.open(restricted.home).soup.select_one("input[name=csrf_token]")["value"]
    for named in ({"article": "wages"}, {"category": "payroll"}, {"article": "plans"}):
        page = browser.post(f"{restricted.home}/subscriptions/new", {"csrf_token": token} | named, status=404)
        assert MARK not in page.html


def test_a_page_that_is_kept_leads_on_where_it_was_asked_for(library, restricted):
    """The same application below another path: links of one are none of the other."""
    path, client = f"{restricted.home}/articles/welcome", library.app.test_client()
    for root in ("", "/docs", "", "/docs"):
        answer = client.get(path, base_url=f"http://localhost{root}")
        assert f'href="{root}{restricted.home}"' in answer.text
