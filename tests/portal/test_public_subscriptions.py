"""Public subscriptions: one answer for everybody, one letter, and nobody subscribed who did not press the button."""

import dataclasses
from datetime import timedelta

import pytest
from markupsafe import Markup
from sqlalchemy import func, select, update

from kbadmin import clock as house_clock
from kbadmin.database import commit, db, unit_of_work
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.models import OutboxMessage
from kbadmin.portal import captcha
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import requests, unsubscribing
from kbadmin.subscriptions.models import (
    KnowledgeBaseSubscriber,
    Source,
    SubscriptionRequest,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.requests import Wanted
from kbadmin.throttle import Throttle
from kbadmin.users.tries import TooManyTries
from tests.browser import Browser
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import Worker, inside
from tests.subscriptions.helpers import SOMEBODY, chosen, subscribe, turn_on

SENDER = "smtp://127.0.0.1:2525?from=kb@example.com"


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail."""
    return make_app(dataclasses.replace(settings, system_smtp_url=SENDER))


@pytest.fixture
def help_base(library):
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC)
    library.article(kb, "Bulbs", category=library.category(kb, "Lamps"))
    turn_on(library, kb, is_public=True, allows_weekly=True)
    return kb


def ask(library, email, *, at="", status=None):
    browser = Browser(library.app)
    page = browser.open(f"{library.home}/help/subscribe{at}").form("Subscribe").fill("E-mail Address", email)
    answer = page.press(status=status)
    Worker(library.app).drain()
    return answer


def letters(library):
    """Recipient and text of what was sent."""
    with inside(library.app, library.account):
        rows = db.session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        return [(row.recipient, row.content.reveal().replace("=\r\n", "")) for row in rows]


def link_in(text):
    return "/kb/" + text.partition("http://localhost/kb/")[2].split()[0]


def requested(library):
    with inside(library.app, library.account):
        return db.session.scalar(select(func.count()).select_from(SubscriptionRequest))


@both_databases
def test_a_stranger_subscribes_with_a_letter_and_a_button(library, help_base, browser):
    page = browser.open(f"{library.home}/help/categories/lamps")
    assert page.response.headers["Cache-Control"] == "public, max-age=60"  # The page is the same for all, and kept.
    form = page.click("Subscribe to this category").form("Subscribe")
    page = form.fill("E-mail Address", "Ann@Example.com").choose("Once a week").press()
    assert page.title == "Look into your mailbox"
    Worker(library.app).drain()
    assert chosen(library) == {}

    [(recipient, text)] = letters(library)
    assert recipient == "Ann@example.com"
    assert "Lamps=E2=80=9D of Help" in text
    elsewhere = Browser(library.app)
    for _ in range(2):  # A scanner follows every link, and nothing happens.
        page = elsewhere.open(link_in(text))
        elsewhere.client.head(link_in(text))
    assert page.path == f"{library.home}/confirm"
    assert chosen(library) == {}

    page = page.press("Confirm")
    assert page.title == "My subscriptions"
    assert page.form("Save").chosen("How often") == "Once a week"
    assert chosen(library) == {"Ann@example.com": ["category"]}
    assert elsewhere.open(link_in(text), status=410).title == "This link no longer works"
    with inside(library.app, library.account):
        row = db.session.scalar(select(KnowledgeBaseSubscriber))
        assert (row.source, row.consented_by) == (Source.PUBLIC, "Ann@example.com")


def test_known_and_unknown_addresses_get_one_answer_and_only_who_needs_it_a_letter(library, help_base, clock):
    subscribe(library, help_base, email="known@example.com", source=Source.PUBLIC)
    gone = subscribe(library, help_base, email="gone@example.com", source=Source.PUBLIC)
    with inside(library.app, library.account), unit_of_work():
        unsubscribing.unsubscribe_all(db.session.get_one(KnowledgeBaseSubscriber, gone), by=SOMEBODY)
    emails = ("known@example.com", "gone@example.com", "new@example.com")
    answers = {ask(library, email).html.replace(email, "…") for email in emails}
    assert len(answers) == 1
    assert [recipient for recipient, _ in letters(library)] == ["gone@example.com", "new@example.com"]
    browser = Browser(library.app)
    browser.open(link_in(letters(library)[0][1])).press("Confirm")
    assert chosen(library)["gone@example.com"] == ["knowledge_base"]  # Brought back by themselves.

    clock.advance(hours=49)
    assert browser.open(link_in(letters(library)[1][1]), status=410).title == "This link no longer works"
    Worker(library.app).sweep()
    assert requested(library) == 0


class Robot:
    """Sends the form over and over, from whatever network."""

    def __init__(self, library):
        self.client, self.here = library.app.test_client(), f"{library.home}/help/subscribe"
        self.token = self.client.get(self.here).text.partition('name="csrf_token" value="')[2].partition('"')[0]

    def post(self, email, network):
        """Answers the status."""
        fields = {"email": email, "frequency": "scheduled", "csrf_token": self.token}
        return self.client.post(self.here, data=fields, environ_base={"REMOTE_ADDR": network}).status_code


def test_one_address_gets_three_letters_a_day_whoever_asks_and_however_often(library, help_base, clock):
    spellings = ("ann@example.com", "ANN@example.com", "ann@EXAMPLE.com")
    robot = Robot(library)
    for number in range(14):
        assert robot.post(spellings[number % 3], f"192.0.2.{number}") == 303
        clock.advance(minutes=4)
    Worker(library.app).drain()
    assert len(letters(library)) == 3
    clock.advance(hours=24)
    ask(library, "ann@example.com")
    assert len(letters(library)) == 4


def test_one_network_asks_ten_times_an_hour_and_robots_that_fill_in_everything_not_at_all(library, help_base):
    robot = Robot(library)
    found = [robot.post(f"a{number}@example.com", "192.0.2.1") for number in range(12)]
    assert found == [303] * 10 + [429] * 2
    assert requested(library) == 10
    form = Browser(library.app).open(f"{library.home}/help/subscribe").form("Subscribe")
    form.fill("E-mail Address", "robot@example.com").fill("Leave this empty", "https://example.com").press()
    assert requested(library) == 10


def test_a_knowledge_base_and_an_installation_take_only_so_many(library, help_base):
    other = library.knowledge_base("Handbook", audience=Audience.PUBLIC)
    with inside(library.app, library.account), unit_of_work():
        for number in range(requests.MOST_UNCONFIRMED):
            db.session.add(
                SubscriptionRequest(
                    knowledge_base_id=help_base,
                    email="a@example.com",
                    email_key="a@example.com",
                    target=Target.KNOWLEDGE_BASE,
                    token_fingerprint=str(number),
                    expires_at=house_clock.now() + timedelta(hours=48),
                )
            )
    assert Robot(library).post("ann@example.com", "192.0.2.1") == 429

    def ask_there():
        with inside(library.app, library.account):
            everything = Wanted(Target.KNOWLEDGE_BASE)
            requests.ask(other, everything, email="bob@example.com", network_address="192.0.2.2")
            commit()

    ask_there()
    with library.app.app_context(), unit_of_work():
        everybody = update(Throttle).where(Throttle.name == requests.BY_ALL.name)
        db.session.execute(everybody.values(count=requests.BY_ALL.count))
    with pytest.raises(TooManyTries):
        ask_there()


def test_where_it_is_not_open_to_strangers_there_is_no_form_and_no_old_link_works(library, help_base, browser):
    ask(library, "ann@example.com")
    link = link_in(letters(library)[0][1])
    with inside(library.app, library.account):
        settings = db.session.scalar(select(SubscriptionSettings.id))
    for values in ({"is_public": False}, {"is_public": True, "is_on": False}):
        library.change(SubscriptionSettings, settings, **values)
        browser.open(f"{library.home}/help/subscribe", status=404)
        assert "Subscribe to this knowledge base" not in browser.open(f"{library.home}/help").links
        assert browser.open(link, status=410).title == "This link no longer works"
    library.change(SubscriptionSettings, settings, is_on=True)
    browser.open(f"{library.home}/help/subscribe?article=none", status=404)
    browser.open(f"{library.home}/help/subscribe?category=lamps")
    library.change(KnowledgeBase, help_base, audience=Audience.READERS)
    assert browser.open(f"{library.home}/help/subscribe").title == "Sign in"


def test_the_letter_leaves_through_the_service_of_the_digests_or_the_platforms_sender(library, help_base, account):
    service = make_service(library.app, account, port=2525)
    with inside(library.app, library.account):
        settings = db.session.scalar(select(SubscriptionSettings.id))
    library.change(SubscriptionSettings, settings, smtp_service_id=service)
    ask(library, "ann@example.com")
    library.change(SmtpService, service, disabled_at=house_clock.now())
    ask(library, "bob@example.com")
    with inside(library.app, library.account):
        rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        found = [(row.recipient, row.smtp_service_id, row.knowledge_base_id, row.kind) for row in rows]
    kind = "subscription_confirmation"
    assert found == [("ann@example.com", service, help_base, kind), ("bob@example.com", None, help_base, kind)]


def test_a_captcha_of_the_operators_own_is_asked_when_there_is_one(library, help_base, browser):
    assert captcha.is_passed({}, "")
    widget = Markup('<label for="sum">What is 2 + 3?</label><input id="sum" name="sum">')
    captcha.register(lambda fields, _network: fields.get("sum") == "5", lambda: widget)
    try:
        form = browser.open(f"{library.home}/help/subscribe").form("Subscribe")
        form.fill("E-mail Address", "ann@example.com")
        page = form.fill("What is 2 + 3?", "4").press(status=422)
        assert "Answer the question that tells people from machines" in page.text
        assert page.form("Subscribe").value("E-mail Address") == "ann@example.com"
        assert requested(library) == 0
        page.form("Subscribe").fill("What is 2 + 3?", "5").press()
        assert requested(library) == 1
    finally:
        captcha.Chosen.captcha = None
