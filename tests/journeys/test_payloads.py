"""Thirty payloads in every text field of knowledge bases, articles and readers, looked at in a real browser.

Lists hold a row for each payload; pages about one thing hold all of them in each field. Whatever was executed would
call a function, whatever was tried in vain would be told by the browser's policy, and both fail the test.
"""

import re
import uuid
from dataclasses import replace
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from kbadmin import clock
from kbadmin.accounts.models import Account
from kbadmin.articles import markup
from kbadmin.articles.models import Article, ArticleStatus, Category
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.email_addresses import comparable
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.readers import welcomes
from kbadmin.readers.import_models import Plan, ReaderImport, ReaderImportRow
from kbadmin.readers.models import Reader, ReaderField, ReaderGroup
from kbadmin.readers.template_models import EmailTemplate, TemplateKind
from tests.articles.marked import mark_articles
from tests.factories import inside
from tests.portal.library import HASHED, PASSWORD
from tests.security.payloads import MARK, MARKDOWN, PAYLOADS
from tests.security.whole import fill

pytestmark = pytest.mark.browser

ALL = " ".join(PAYLOADS)
TEXT = "\n\n".join([*PAYLOADS, *MARKDOWN])
EMAIL = "rita@example.org"
WRITTEN = "\n\n".join(one for one in [*PAYLOADS, *MARKDOWN] if "{{" not in one)  # Those would be merge fields.
LETTER = f"[Choose a password]({{{{set_password_link}}}})\n\n{{{{first_name}}}} {{{{company}}}}\n\n{WRITTEN}"
SETTINGS = "/readers/settings"
ROOMS = ("knowledge_bases.", "articles.", "readers.")
NO_PAGES = re.compile(r"export|template|\.picture$|image|logo|theme|open_password_link")
CALLS = f"window.{MARK} = () => console.error('executed'); window.alert = window.{MARK};"


@pytest.fixture
def settings(settings, world):
    """Letters to readers leave through the world's relay."""
    return replace(settings, system_smtp_url=f"smtp://localhost:{world.relay.port}?from=kb@example.com")


def plant(app, account, filled):
    """Put payloads past all forms into each text there is."""
    kb, shelf = (uuid.UUID(filled.values[name][0]) for name in ("knowledge_base_id", "category_id"))
    with inside(app, account), unit_of_work():
        mark_articles(ALL)
        for article in db.session.scalars(select(Article)):
            article.body, article.words = TEXT, ALL
            article.html = markup.render(TEXT).html
        for base in db.session.scalars(select(KnowledgeBase)):
            base.name, base.description = ALL, ALL
        db.session.get_one(Account, account.id).name = ALL
        for model in (ReaderGroup, ReaderField):
            for row in db.session.scalars(select(model)):
                setattr(row, "name" if model is ReaderGroup else "label", ALL)
        for begun in db.session.scalars(select(ReaderImport)):
            begun.file_name, begun.unknown_columns, begun.begun_by = ALL, PAYLOADS, {"label": ALL}
        reader = db.session.get_one(Reader, uuid.UUID(filled.values["reader_id"][0]))
        reader.email, reader.email_key, reader.password_hash = EMAIL, comparable(EMAIL), HASHED
        reader.first_name = reader.last_name = reader.field_1 = ALL
        db.session.add_all(
            EmailTemplate(kind=kind, subject=f"Welcome {ALL}"[:200], body=LETTER, from_name=ALL[:120], updated_by=ALL)
            for kind in TemplateKind
        )
        for number, payload in enumerate(PAYLOADS):
            plant_rows(number, payload, kb, shelf, uuid.UUID(filled.values["import_id"][0]))


def plant_rows(number, payload, kb, shelf, import_id):
    """One row more in each list."""
    address = f"{number}@example.org"
    named = {"email": payload, "first_name": payload, "last_name": payload, "field_1": payload}
    values = {"name": payload, "description": payload}
    db.session.add_all([
        Reader(email_key=address, email_domain="example.org", sort_key=address, **named),
        ReaderGroup(name_key=f"group {number}", **values),
        Category(knowledge_base_id=kb, parent_id=shelf, slug=f"shelf-{number}", **values),
        Article(
            knowledge_base_id=kb, category_id=shelf, slug=f"article-{number}", title=payload, summary=payload,
            html="", words=payload, change_note=payload, callout="new", callout_at=clock.now(),
            status=ArticleStatus.PUBLISHED,
        ),
        ReaderImportRow(
            import_id=import_id, number=number + 3, email_key=address, values=named,
            plan=Plan.PROBLEM if number % 2 else Plan.CREATE, problem=payload if number % 2 else "",
        ),
    ])  # fmt: skip


def pages_of(app, filled, *rooms):
    """An address of each page of these rooms."""
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint.startswith(rooms) and not NO_PAGES.search(rule.endpoint):
            yield next(filled.addresses(rule))


def look(visitor, paths):
    """Open each page; answers on how many of them payloads stand, as text."""
    visitor.page.add_init_script(CALLS)
    visitor.page.on("dialog", lambda dialog: visitor.complaints.append(f"{visitor.page.url}: a dialog"))
    return sum(MARK in visitor.open(path).page.locator("body").inner_text() for path in paths)


def test_nothing_typed_runs_in_the_admin(app, account, owner):
    filled = fill(app, account)
    plant(app, account, filled)

    others = ["/", "/audit-log", f"/readers?q={quote(ALL[:200])}", SETTINGS, f"{SETTINGS}/texts"]
    assert look(owner, [*pages_of(app, filled, *ROOMS), *others]) > 30

    kb, article = (filled.values[name][0] for name in ("knowledge_base_id", "article_id"))
    owner.open(f"/knowledge-bases/{kb}/articles/{article}/edit").button("Show Preview").click()
    expect(owner.page.locator("#preview .article-body")).to_contain_text(MARK)

    owner.open(f"{SETTINGS}/texts/welcome").button("Show as HTML").click()
    expect(owner.page.frame_locator("iframe").locator("body")).to_contain_text(MARK)


def test_nothing_typed_runs_in_the_portal_or_in_a_letter(app, account, new_visitor, world, mailbox_site):
    filled = fill(app, account)
    plant(app, account, filled)
    with inside(app, account), unit_of_work():
        welcomes.send_again([uuid.UUID(filled.values["reader_id"][0])], actor=Actor(None, "test"))
    reader, home = new_visitor(), f"/kb/{account.slug}"
    reader.open(f"{home}/sign-in").fill(**{"E-mail Address": EMAIL, "Password": PASSWORD}).press("Sign in")

    asked = [f"{home}/help/search?q={quote(text)}" for text in (ALL[:200], MARK, PAYLOADS[3])]
    assert look(reader, [*pages_of(app, filled, "portal."), *asked, f"{home}/sign-in?next={quote(PAYLOADS[0])}"]) > 8

    reader.wait_until(lambda: len(world.mailbox.messages()) == 1, "No welcome arrived.")
    [letter] = world.mailbox.messages()
    assert MARK in letter.html
    reader.open(mailbox_site).page.get_by_role("link", name=re.compile("Welcome")).click()
    expect(reader.page.frame_locator("iframe").locator("body")).to_contain_text(MARK)
