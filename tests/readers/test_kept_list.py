"""The list of readers out of memory: the very page that would be made, whoever asks, whatever happened just before."""

import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import g
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from kbadmin import clock as house_clock
from kbadmin import headers, page_memory
from kbadmin.access import Role
from kbadmin.accounts.models import Account
from kbadmin.database import db, unit_of_work
from kbadmin.delivery.models import ServiceIncident
from kbadmin.knowledge_bases.models import KnowledgeBase, KnowledgeBaseRole
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.readers import groups
from kbadmin.readers import operations as readers
from kbadmin.readers.models import Reader, ReaderAccess, ReaderGroup
from kbadmin.readers.operations import Belongings, Details
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.secret_expiry import WARNING_DAYS
from kbadmin.smtp.security import Authentication
from kbadmin.tenancy import enter
from kbadmin.traced_pages import kept_while_told_the_same
from kbadmin.users.models import Membership, User
from tests.databases import both_databases
from tests.delivery.outbox import make_service, queue_one
from tests.factories import add_person, counting, inside, signed_in
from tests.readers.people import OLIVE, add, add_group, add_many, names

TOKEN = re.compile(r'(?<=name="csrf_token" value=")[^"]+')


def ask(app, token, path="/readers"):
    """A page as a new browser with this session gets it, without the token of its forms."""
    cookie = {"Cookie": f"kbadmin-user={token}"}
    response = app.test_client(use_cookies=False).get(path, base_url="http://localhost", headers=cookie)
    assert response.status_code == 200
    told = {name: value for name, value in response.headers if name != "Set-Cookie"}
    return TOKEN.sub("", response.get_data(as_text=True)), told


def token_of(browser):
    return browser.client.get_cookie("kbadmin-user", domain="localhost").value


class Office:
    """An account with readers, one of whom was welcomed, seen by its owner and somebody who manages readers."""

    def __init__(self, app, account, knowledge_base) -> None:
        self.app, self.account, self.base = app, account, knowledge_base
        self.service = make_service(app, account, port=1)
        self.group = add_group(app, account, "Partners")
        self.anna = add(app, account, "anna@example.org", "Anna", groups=[self.group])
        self.bert = add(app, account, "bert@example.org", reads_everything=False)
        queue_one(app, account, self.service)
        with inside(app, account), unit_of_work():
            self.message = db.session.scalars(select(OutboxMessage.id)).one()
            anna = db.session.get_one(Reader, self.anna)
            anna.welcome_message_id, anna.welcomed_at = self.message, house_clock.now()
        self.owner = token_of(signed_in(app, account.owner))
        self.clerk = add_person(app, account, Role.EDITOR, manages_readers=True)
        self.tokens = [self.owner, token_of(signed_in(app, self.clerk))]


def _set(model, attribute, **values):
    def deed(office, _dice):
        row = db.session.get_one(model, getattr(office, attribute))
        for name, value in values.items():
            setattr(row, name, value() if callable(value) else value)

    return deed


def _owner(model, key, **values):
    def deed(office, _dice):
        row = db.session.get_one(model, getattr(office.account.owner, key))
        for name, value in values.items():
            setattr(row, name, value)

    return deed


def _fails(office, _dice):
    message = db.session.get_one(OutboxMessage, office.message)
    message.status, message.settled_at = Status.FAILED, house_clock.now()


def _narrowed(office, _dice):
    kwargs = {"membership_id": office.clerk.membership_id, "knowledge_base_id": office.base, "role": Role.WRITER}
    db.session.add(KnowledgeBaseRole(**kwargs))


def _manages_smtp(office, _dice):
    db.session.get_one(Membership, office.clerk.membership_id).manages_smtp = True


def _may_open(office, _dice):
    db.session.add(ReaderAccess(reader_id=office.bert, knowledge_base_id=office.base))


def _joins(office, _dice):
    readers.change(
        office.bert, Details("bert@example.org", "Bert", "", {}), Belongings(frozenset([office.group])), actor=OLIVE
    )


DEEDS = {
    "a reader is added": lambda office, dice: readers.create(
        Details(f"new{dice.random()}@example.org", "", "", {}), Belongings(frozenset()), actor=OLIVE
    ),
    "a reader has another name": _set(Reader, "anna", first_name="Ann"),
    "a reader signed in": _set(Reader, "anna", signed_in_at=house_clock.now),
    "a reader may open everything": _set(Reader, "bert", reads_everything=True),
    "a reader may open one": _may_open,
    "a reader joins": _joins,
    "a reader is disabled": lambda office, _dice: readers.disable(office.anna, actor=OLIVE),
    "a reader waits": _set(Reader, "bert", status="pending"),
    "a reader is deleted": lambda office, _dice: readers.remove(office.bert, actor=OLIVE),
    "a group is added": lambda _office, dice: groups.create(
        name=f"Group {dice.random()}", description="", domains=[], actor=OLIVE
    ),
    "a group is renamed": _set(ReaderGroup, "group", name="Friends", name_key="friends"),
    "a knowledge base is renamed": _set(KnowledgeBase, "base", name="Handbook"),
    "a knowledge base is archived": _set(KnowledgeBase, "base", archived_at=house_clock.now),
    "a welcome fails": _fails,
    "a failed welcome is cleared": _set(Reader, "anna", welcome_cleared_at=house_clock.now),
    "a service stops": lambda office, _dice: db.session.add(
        ServiceIncident(smtp_service_id=office.service, state="paused")
    ),
    "the owner has another name": _owner(User, "id", name="Olivia"),
    "the company has another name": _owner(Account, "account_id", name="Acme & Sons"),
    "the company moves": _owner(Account, "account_id", time_zone="Asia/Tokyo"),
    "the owner is one no more": _owner(Membership, "membership_id", role=Role.WRITER, manages_readers=True),
    "somebody works in one knowledge base only": _narrowed,
    "somebody manages services, too": _manages_smtp,
}
#: What shows when something else has happened, too.
SHOWS_LATER = {"a failed welcome is cleared", "a knowledge base is renamed", "the company moves"}


@pytest.fixture
def office(app, account, knowledge_base):
    return Office(app, account, knowledge_base)


@pytest.fixture
def plain(make_app, settings):
    """The same installation, in a process that keeps nothing."""
    return make_app(replace(settings, page_cache_mib=0))


def do(office, deed, dice):
    with inside(office.app, office.account), unit_of_work():
        DEEDS[deed](office, dice)


@both_databases
@pytest.mark.parametrize("deed", DEEDS)
def test_after_each_deed_the_next_page_shows_it(app, plain, office, deed):
    dice = random.Random(1)
    if deed in SHOWS_LATER:
        for first in ("a welcome fails", "a reader may open one", "a reader signed in"):
            do(office, first, dice)
    before = [ask(app, token) for token in office.tokens]
    assert [ask(app, token) for token in office.tokens] == before
    do(office, deed, dice)
    after = [ask(app, token) for token in office.tokens]
    assert after != before
    assert after == [ask(plain, token) for token in office.tokens]
    assert after == [ask(app, token) for token in office.tokens]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kept_pages_are_those_that_would_be_made(app, make_app, settings, plain, office, seed):
    dice, other = random.Random(seed), make_app(settings)
    add_many(app, office.account, 60)
    paths = [
        "/readers",
        "/readers?sort=newest",
        f"/readers?after={office.anna}",
        "/readers?q=many00000",
        "/readers?x=1",
    ]
    for _ in range(25):
        deed = dice.choice(list(DEEDS))
        try:
            do(office, deed, dice)
        except (LookupError, IntegrityError):  # Somebody is gone, or has it already.
            continue
        for _ in range(4):
            path, token = dice.choice(paths), dice.choice(office.tokens)
            assert len({ask(one, token, path)[0] for one in (app, other, app, plain, other)}) == 1, deed


@both_databases
def test_a_kept_page_costs_the_same_few_statements_however_many_there_are(app, office):
    totals = []
    for number in (0, 70):
        add_many(app, office.account, number)
        for _ in range(2):
            with counting(app) as counted:
                ask(app, office.owner)
            totals.append(counted.total)
    assert totals[2] == totals[0] + 1 > 9  # the first was made anew, the third after one was found to be out of date
    assert totals[1] == totals[3] == 2  # who asks, and everything else


def test_who_may_not_manage_readers_any_more_gets_no_kept_page(app, office):
    browser = signed_in(app, office.clerk)
    for _ in range(2):
        browser.open("/readers")
    with inside(app, office.account), unit_of_work():
        db.session.get_one(Membership, office.clerk.membership_id).manages_readers = False
    browser.open("/readers", status=403)


def test_who_was_signed_out_gets_no_kept_page(app, office):
    browser = signed_in(app, office.clerk)
    for _ in range(2):
        page = browser.open("/readers")
    page.press("Sign out")
    assert "anna@example.org" not in browser.open("/readers").text


def test_two_accounts_do_not_see_each_other(app, office, two_accounts):
    other = token_of(signed_in(app, two_accounts[1].owner))
    for _ in range(2):
        assert "anna@example.org" in ask(app, office.owner)[0]
        assert "anna@example.org" not in ask(app, other)[0]


def test_a_kept_page_carries_a_token_of_the_browser_that_asks(app, office):
    browsers = [signed_in(app, office.account.owner) for _ in range(2)]
    pages = [browser.open("/readers") for browser in (*browsers, *browsers)]
    tokens = [TOKEN.search(page.response.get_data(as_text=True))[0] for page in pages]
    assert tokens[0] != tokens[1]
    for page in pages[2:]:
        assert page.press("Sign out").messages == ["You are signed out."]


def test_a_message_is_shown_once(app, office):
    browser = signed_in(app, office.account.owner)
    for _ in range(2):
        browser.open("/readers")
    form = browser.open("/readers/new").form("Add Reader").fill("E-mail Address", "carl@example.org")
    page = form.press()
    assert page.messages == ["Reader carl@example.org added."]
    for _ in range(2):
        again = browser.open("/readers")
        assert again.messages == []
        assert names(again) == names(page)


def test_a_page_that_was_not_found_out_by_prepared_statements_is_not_kept(app, office):
    before = len(page_memory.of(app))
    ask(app, office.owner, "/readers?q=ann")
    assert len(page_memory.of(app)) == before
    ask(app, office.owner)
    assert len(page_memory.of(app)) == before + 1


def test_what_is_counted_from_today_on_is_counted_anew_on_another_day(app, plain, office, clock):
    clock.set_to(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    token = token_of(signed_in(app, office.account.owner))
    with inside(app, office.account), unit_of_work():
        service = db.session.get_one(SmtpService, office.service)
        service.authentication, service.host = Authentication.OAUTH2, "smtp.office365.com"
        service.secret_expires_on = date(2026, 3, 3) + timedelta(days=WARNING_DAYS)
    before = [ask(app, token) for _ in range(2)]
    clock.advance(hours=1)
    after = ask(app, token)
    assert after not in before
    assert after == ask(plain, token)


def test_switching_is_offered_as_soon_as_there_is_another_account(app, office):
    browser = signed_in(app, office.account.owner)
    for _ in range(2):
        assert "Switch account" not in browser.open("/readers").text
    with browser.client.session_transaction(base_url="http://localhost") as session:
        session["has_several_accounts"] = True
    assert "Switch account" in browser.open("/readers").text


def test_a_page_below_another_path_is_another(app, office):
    cookie = {"Cookie": f"kbadmin-user={office.owner}"}
    for below in ("", "/below", ""):
        page = app.test_client(use_cookies=False).get("/readers", base_url=f"http://localhost{below}", headers=cookie)
        assert f'href="{below}/readers/new"' in page.get_data(as_text=True)


def test_while_a_link_waits_for_its_page_nothing_is_kept(app, office):
    browser, before = signed_in(app, office.account.owner), len(page_memory.of(app))
    browser.open(f"/readers/{office.anna}/link").form("Make a Link").press(follow=False)
    for _ in range(2):
        assert "anna@example.org" in browser.open("/readers").text
    assert len(page_memory.of(app)) == before


def test_a_long_address_is_not_kept(app, office):
    before = len(page_memory.of(app))
    ask(app, office.owner, f"/readers?x={'a' * 1_000}")
    assert len(page_memory.of(app)) == before


def test_a_page_counts_with_all_that_it_takes(app, office):
    add_many(app, office.account, 60)
    memory = page_memory.of(app)
    before = memory.used
    page, _ = ask(app, office.owner)
    assert memory.used - before > len(page) + 20_000  # what was asked, for whom, and what was told


def test_a_page_with_headers_of_its_own_is_not_kept(app, office):
    def framed() -> str:
        groups.names()
        headers.allow_frames()
        return "page"

    before = len(page_memory.of(app))
    for view in (framed, lambda: "page" if groups.names() else ""):
        with inside(app, office.account), app.test_request_context("/"):
            g._login_user = SimpleNamespace(facts=())
            enter(office.account.id)
            assert kept_while_told_the_same(view)() == "page"
        assert len(page_memory.of(app)) == before + (view is not framed)
