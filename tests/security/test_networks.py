"""What a network may try is counted by where a request comes from: no header and no household's next address is new."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, SignUp
from kbadmin.throttle import Throttle, network_of
from tests.browser import Browser
from tests.portal.library import Library
from tests.subscriptions.helpers import turn_on

HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP")
PRETENDING = ("headers", "household")


@pytest.fixture
def app(settings, make_app):
    """An installation whose platform can send mail, so that all doors are there."""
    return make_app(replace(settings, system_smtp_url="smtp://127.0.0.1:2525?from=kb@example.com"))


@pytest.fixture
def home(app, account):
    library = Library(app, account)
    kb = library.knowledge_base("Help", audience=Audience.PUBLIC, sign_up=SignUp.OPEN)
    turn_on(library, kb, is_public=True)
    return library.home


def visitor(app, number, pretending):
    """A new browser that says to be somewhere else than the one before, or is elsewhere in the same household."""
    browser = Browser(app)
    if pretending == "household":
        browser.client.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{number + 1:x}"
    else:
        for name in HEADERS:
            said = f"for=203.0.113.{number}" if name == "Forwarded" else f"203.0.113.{number}"
            browser.client.environ_base["HTTP_" + name.upper().replace("-", "_")] = said
    return browser


def send(browser, door, button, number, *, status, **typed):
    """Fill in a form with an address of one's own."""
    form = browser.open(door).form(button).fill("E-mail Address", f"somebody-{number}@example.com")
    for label, text in typed.items():
        form.fill(label.replace("_", " "), text)
    form.press(follow=False, status=status)


def counted(app, name):
    """What stands on each counter of this name."""
    with app.app_context():
        return list(db.session.scalars(select(Throttle.count).where(Throttle.name == name)))


@pytest.mark.parametrize("pretending", PRETENDING)
@pytest.mark.parametrize("door", ["admin", "portal"])
def test_passwords_are_guessed_twenty_times_from_one_network(app, home, pretending, door):
    path = f"{home}/sign-in" if door == "portal" else "/sign-in"
    for number in range(22):
        status = 422 if number < 20 else 429
        send(visitor(app, number, pretending), path, "Sign in", number, status=status, Password="wrong password")


@pytest.mark.parametrize("pretending", PRETENDING)
def test_resets_are_counted_for_one_network(app, home, pretending):
    for number in range(3):
        for path in (f"{home}/forgot-password", "/forgot-password"):
            send(visitor(app, number, pretending), path, "Send link", number, status=303)
    assert counted(app, "reader reset from") == counted(app, "reset from") == [3]


@pytest.mark.parametrize("pretending", PRETENDING)
@pytest.mark.parametrize("door", ["sign-up", "subscribe"])
def test_strangers_ask_ten_times_from_one_network(app, home, pretending, door):
    button, typed = {"sign-up": ("Sign up", {"First_Name": "Ann"}), "subscribe": ("Subscribe", {})}[door]
    for number in range(11):
        status = 303 if number < 10 else 429
        send(visitor(app, number, pretending), f"{home}/help/{door}", button, number, status=status, **typed)


def test_of_what_proxies_say_only_the_last_one_trusted_is_believed(settings, make_app, home):
    app = make_app(replace(settings, trusted_proxies=1))

    def guess(number, forwarded, status):
        browser = Browser(app)
        browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
        send(browser, f"{home}/sign-in", "Sign in", number, status=status, Password="wrong password")

    for number in range(21):
        guess(number, f"203.0.113.{number}, 198.51.100.7", 422 if number < 20 else 429)
    guess(21, "198.51.100.7, 198.51.100.8", 422)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "", True),
    ],
)
def test_a_network_is_an_address_or_what_a_household_has(one, other, is_same):
    assert (network_of(one) == network_of(other)) is is_same
