"""What the tests of this room do over and over, as a person would: create a service, authorize it, test it."""

from contextlib import AbstractContextManager, nullcontext

from flask import Flask

from kbadmin.demo.directory import READY_CLIENT_ID
from kbadmin.demo.misbehaviours import Misbehaviour
from tests.browser import Browser, Page
from tests.installation import shorter_limits
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD, World


def create_oauth_service(browser: Browser, world: World, *, name: str = "Microsoft mail", **fields: str) -> Page:
    """Fill in Create SMTP Service for OAuth2 and press Create; ``fields`` replace values by label."""
    form = browser.open("/smtp/new").form("Create")
    values = {
        "Friendly Name": name, "SMTP Host": "localhost", "Port": str(world.mail.port),
        "Send From Address": MAILBOX, "Login Email": MAILBOX, "Client ID": READY_CLIENT_ID,
        "Client Secret": CLIENT_SECRET,
    }  # fmt: skip
    for label, value in {**values, **fields}.items():
        form.fill(label, value)
    return form.choose("OAuth2").press()


def create_password_service(browser: Browser, world: World, *, name: str = "Password mail", **fields: str) -> Page:
    """The same for Username/Password."""
    form = browser.open("/smtp/new").form("Create")
    values = {
        "Friendly Name": name, "SMTP Host": "localhost", "Port": str(world.mail.port),
        "Send From Address": MAILBOX, "Username": MAILBOX, "Password": MAILBOX_PASSWORD,
    }  # fmt: skip
    for label, value in {**values, **fields}.items():
        form.fill(label, value)
    return form.choose("Username/Password").press()


def create_relay_service(browser: Browser, world: World, *, name: str = "Relay", **fields: str) -> Page:
    """The same for Unauthenticated."""
    form = browser.open("/smtp/new").form("Create")
    values = {
        "Friendly Name": name, "SMTP Host": "localhost", "Port": str(world.relay.port), "Send From Address": MAILBOX,
    }  # fmt: skip
    for label, value in {**values, **fields}.items():
        form.fill(label, value)
    return form.choose("Unauthenticated").press()


def authorize(browser: Browser, page: Page, world: World, *, username: str = MAILBOX, **answer: object) -> Page:
    """Press Authorize, do the provider's pages, and come back; answers the page one lands on."""
    there = page.press("Authorize")
    assert there.location is not None
    return browser.open(world.provider.sign_in(there.location, username, **answer))


def patience_with(app: Flask, how: Misbehaviour) -> AbstractContextManager[None]:
    """Let an application give up soon where the provider takes its time; any other answer has all the time."""
    return shorter_limits(app, provider_read_seconds=0.3) if how is Misbehaviour.SLOW else nullcontext()


def send_test(browser: Browser, page: Page, worker, *, to: str | None = None) -> Page:
    """Send Test Email, let the worker do it, and answer the finished page."""
    form = page.click("Send Test Email").form("Send Email")
    if to:
        form.fill("Test recipient email address", to)
    asked = form.press()
    worker.drain()
    return browser.open(asked.path)
