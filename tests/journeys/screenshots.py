"""Draw docs/screenshots anew: ``python -m tests.journeys.screenshots [page …]``. Run by hand; needs Chromium.

Every picture shows the product as it runs, in an account furnished by tests/journeys/showcase.py. Only the address of
the mail server is then put in the words of a real one, which no test can reach. Pictures of readers and subscriptions
show the account of the demo.
"""

import base64
import itertools
import sys
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from kbadmin import engine
from kbadmin.app import create_app
from kbadmin.database import db, unit_of_work
from kbadmin.demo.content import READER
from kbadmin.demo.directory import READY_CLIENT_ID
from kbadmin.demo.mailbox_pages import make_mailbox_app
from kbadmin.demo.sample import LocalMailServer, fill
from kbadmin.demo.serving import serve
from kbadmin.encryption import Secret
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.smtp.models import SmtpService
from kbadmin.tenancy import every_account
from kbadmin.users.models import User
from tests.factories import OpenedAccount, Person, inside, open_account
from tests.installation import settings_for
from tests.journeys.live import chromium_path, running_chromium, serving
from tests.journeys.showcase import Showcase, furnish
from tests.journeys.visitor import Visitor
from tests.world import CLIENT_SECRET, MAILBOX, MAILBOX_PASSWORD, World, outside_world

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
PALETTE = Path(__file__).with_name("palette.js")
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (1280, 390)]
HEIGHTS = {1280: 800, 390: 844}
TALLEST = 2400  # pixels; what is below on a longer page is more of the same.
PORT = 8000
DEMO_PASSWORD = "amber-birch-1234"
Act = Callable[[Visitor], object]


@dataclass(frozen=True)
class Picture:
    """A page to draw: its name, where it is, and what to do there first. ``who`` is signed in."""

    name: str
    path: str
    act: Act = lambda visitor: None
    is_signed_in: bool = True
    account: str = "full"


@dataclass(frozen=True)
class Stage:
    """Everything that runs while pictures are drawn."""

    app: Flask
    world: World
    shown: Showcase
    empty: Any
    mailbox_url: str
    updates: uuid.UUID  # the demo's knowledge base with subscriptions

    def owner_of(self, account: str) -> Person:
        """Who signs in to an account that a picture names."""
        if account == "demo":
            nobody = uuid.uuid4()
            return Person(nobody, "owner@example.com", "Olivia Owner", nobody, nobody, DEMO_PASSWORD)
        owner: Person = (self.empty if account == "empty" else self.shown.account).owner
        return owner


def pictures(stage: Stage) -> Iterator[Picture]:
    """All of them, in the order of the journey."""
    shown, at = stage.shown, stage.shown.services
    yield Picture("sign-in", "/sign-in", is_signed_in=False)
    yield Picture("error-page", "/nowhere")
    yield Picture("home", "/")
    yield Picture("profile-menu", "/", lambda visitor: visitor.page.locator(".profile-menu summary").click())
    yield Picture("smtp-list-empty", "/smtp", account="empty")
    yield Picture("smtp-list", "/smtp")
    yield Picture("create-smtp-service", "/smtp/new", _fill_in)
    yield Picture("create-smtp-service-errors", "/smtp/new", _create_nothing)
    yield Picture("edit-smtp-service-needs-authorizing", at["needs authorizing"])
    yield Picture(
        "consent", at["needs authorizing"], lambda visitor: visitor.press("Authorize").choose(MAILBOX).press("Next")
    )
    yield Picture("authorization-successful", "/smtp/new", _create_and_authorize)
    yield Picture("edit-smtp-service", at["ready"])
    yield Picture("edit-smtp-service-paused", at["paused"])
    yield Picture("notices", "/notices")
    yield Picture("edit-smtp-service-authorization-failed", at["failed authorization"])
    yield Picture("oauth2-settings", at["ready"] + "/oauth2")
    yield Picture("send-test-email", at["ready"] + "/test-email")
    yield Picture("test-run-accepted", shown.runs["accepted"])
    yield Picture("test-run-failed", shown.runs["failed"])
    yield Picture("microsoft-guide", at["ready"] + "/guide")
    yield Picture("error-code", at["ready"] + "/error-code?error_code=AADSTS50194")
    yield Picture("mailbox", stage.mailbox_url)
    yield Picture("mailbox-message", f"{stage.mailbox_url}/messages/{stage.world.mailbox.messages()[0].id}")
    yield Picture("team", "/team")
    yield Picture("invite", "/team/invite")
    yield Picture("profile", "/profile")
    yield Picture("sessions", "/profile/sessions")
    yield Picture("account", "/account")
    yield Picture("audit-log", "/audit-log")
    yield from _of_the_demo(stage)


def _of_the_demo(stage: Stage) -> Iterator[Picture]:
    here = f"/knowledge-bases/{stage.updates}"
    yield Picture("subscriptions", f"{here}/settings/subscriptions", account="demo")
    yield Picture("digest-preview", f"{here}/settings/subscriptions/preview?reader=maya@example.org", account="demo")
    yield Picture("digests", f"{here}/digests", account="demo")
    yield Picture("digest", f"{here}/digests", _open_a_digest, account="demo")
    yield Picture("subscribers", f"{here}/subscribers", account="demo")
    yield Picture("subscriber-growth", f"{here}/subscribers/growth", account="demo")
    yield Picture("readers", "/readers", account="demo")
    yield Picture("reader-emails", "/readers/settings", account="demo")
    yield Picture("reader-email-text", "/readers/settings/texts/welcome", account="demo")
    yield Picture("subscribe", "/kb/acme/product-updates/subscribe", is_signed_in=False)
    yield Picture("my-subscriptions", "/kb/acme/sign-in", _look_after_subscriptions, is_signed_in=False)


def _open_a_digest(visitor: Visitor) -> None:
    visitor.page.locator("tr", has_text="accepted by the server").first.locator("th a").click()
    visitor.page.wait_for_load_state()


def _look_after_subscriptions(visitor: Visitor) -> None:
    if "/sign-in" in visitor.page.url:
        visitor.fill(**{"E-mail Address": READER, "Password": DEMO_PASSWORD}).press("Sign in")
    visitor.open("/kb/acme/product-updates/subscriptions")


def _fill_in(visitor: Visitor) -> None:
    visitor.choose("OAuth2")
    visitor.fill(**{"Friendly Name": "Microsoft 365", "Send From Address": MAILBOX, "Send From Name": "Acme Support"})
    visitor.fill(**{"Login Email": MAILBOX, "Client ID": READY_CLIENT_ID, "Client Secret": "x" * 40})
    visitor.page.mouse.click(1, 1)


NAMES = (f"Support mail{end}" for end in itertools.chain([""], (f" {number}" for number in itertools.count(2))))


def _create_and_authorize(visitor: Visitor) -> None:
    _fill_in(visitor)
    visitor.fill(**{"Friendly Name": next(NAMES), "Client Secret": CLIENT_SECRET})
    visitor.press("Create").press("Authorize").consent().expect_text("Authorization successful")


def _create_nothing(visitor: Visitor) -> None:
    visitor.choose("OAuth2").fill(**{"Client Secret": READY_CLIENT_ID, "Send From Address": "support"}).press("Create")


@contextmanager
def stage() -> Iterator[Stage]:
    """A live installation with a furnished account, and an empty one."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as until:
        folder, base_url = Path(name), f"http://localhost:{PORT}"
        world = until.enter_context(outside_world(folder, base_url=base_url))
        settings = settings_for(folder, f"sqlite:///{folder / 'kbadmin.sqlite3'}")
        app = create_app(replace(world.seen_from(settings), base_url=base_url))
        with app.app_context():
            flask_migrate.upgrade()
        mail = LocalMailServer(world.mail.port, Secret(MAILBOX_PASSWORD))
        fill(app, password=Secret(DEMO_PASSWORD), mail=mail)
        with app.app_context(), every_account() as session:
            updates = session.scalars(select(KnowledgeBase.id).filter_by(slug="product-updates")).one()
        account, empty = _account_of_olive(app), open_account(app, "Initech")
        shown = furnish(app, account, world)
        _name_a_real_server(app, shown)
        mailbox = until.enter_context(
            serve(make_mailbox_app(world.mailbox, troubles=world.troubles, mailboxes=[MAILBOX]))
        )
        until.enter_context(serving(app, PORT))
        yield Stage(app, world, shown, empty, mailbox.base_url, updates)
        engine.of(app).close()
        with app.app_context():
            db.engine.dispose()


def _account_of_olive(app: Flask) -> OpenedAccount:
    account = open_account(app, "Acme Docs")
    with app.app_context(), unit_of_work():
        olive = db.session.get(User, account.owner.id)
        assert olive is not None
        olive.email = olive.email_key = "olive@example.com"
    return replace(account, owner=replace(account.owner, email="olive@example.com"))


def _name_a_real_server(app: Flask, shown: Showcase) -> None:
    with inside(app, shown.account), unit_of_work():
        for service in db.session.query(SmtpService):
            is_microsoft = service.authentication == "oauth2"
            service.host = "smtp.office365.com" if is_microsoft else "mail.example.com"
            service.port = 587


def draw(browser: Browser, stage: Stage, wanted: set[str]) -> None:
    """Draw the pictures with these names, or all."""
    for theme, width in LOOKS:
        view = {
            "viewport": {"width": width, "height": HEIGHTS[width]},
            "color_scheme": theme,
            "reduced_motion": "reduce",
        }
        visitors: dict[str, Visitor] = {}
        for picture in pictures(stage):
            if wanted and picture.name not in wanted:
                continue
            key = picture.account if picture.is_signed_in else "nobody"
            if key not in visitors:
                visitors[key] = Visitor(browser.new_context(**view), f"http://localhost:{PORT}")
                if picture.is_signed_in:
                    visitors[key].sign_in(stage.owner_of(key))
            _draw(visitors[key], picture, FOLDER / f"{picture.name}-{theme}-{width}.png")
        for visitor in visitors.values():
            visitor.context.close()


def _draw(visitor: Visitor, picture: Picture, to: Path) -> None:
    visitor.open(picture.path)
    picture.act(visitor)
    page = visitor.page
    page.wait_for_timeout(150)
    size = page.viewport_size or {"width": 0, "height": 0}
    tall = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    if picture.name != "authorization-successful":  # The toast belongs to the window, not to the page.
        page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})
    page.evaluate("window.scrollTo(0, 0)")
    blank = visitor.context.new_page()
    to.write_bytes(packed(blank, page.screenshot()))
    blank.close()
    page.set_viewport_size(size)


def packed(page: Page, png: bytes) -> bytes:
    """The same picture with a palette, which takes a third of the bytes. PNG specification, chapters 10 and 11."""
    found = page.evaluate(PALETTE.read_text(), base64.b64encode(png).decode())
    size = found["width"].to_bytes(4, "big") + found["height"].to_bytes(4, "big")
    rows = zlib.compress(base64.b64decode(found["rows"]), 9)
    chunks = [
        (b"IHDR", size + bytes([8, 3, 0, 0, 0])),
        (b"PLTE", bytes(found["palette"])),
        (b"IDAT", rows),
        (b"IEND", b""),
    ]
    return png[:8] + b"".join(_chunk(kind + content) for kind, content in chunks)


def _chunk(body: bytes) -> bytes:
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def main() -> None:
    """Draw what the command line names, or everything."""
    path = chromium_path()
    if path is None:
        sys.exit("Chromium is not installed: put chromium on the PATH.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with stage() as live, running_chromium(path) as browser:
        draw(browser, live, set(sys.argv[1:]))


if __name__ == "__main__":
    main()
