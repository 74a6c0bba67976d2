"""What the browser tests share: Chromium, a world outside, a live installation in it, and visitors."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from kbadmin.config import Settings
from kbadmin.demo.mailbox_pages import make_mailbox_app
from kbadmin.demo.serving import serve
from tests import factories
from tests.journeys.live import chromium_path, free_port, running_chromium, serving
from tests.journeys.visitor import Visitor
from tests.world import MAILBOX, World, outside_world


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        reason = "Chromium is not installed: put chromium on the PATH to run the browser tests"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def _port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def _world(_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("journeys")
    with outside_world(folder, base_url=f"http://localhost:{_port}") as world:
        yield world


@pytest.fixture
def world(_world: World) -> World:
    """One world for all journeys; what an earlier one did to it is over."""
    _world.provider.behave()
    _world.troubles.end()
    _world.mailbox.delete_all()
    return _world


@pytest.fixture
def settings(settings: Settings, world: World, _port: int) -> Settings:
    return replace(world.seen_from(settings), base_url=f"http://localhost:{_port}")


@pytest.fixture
def site(app: Flask, _port: int) -> Iterator[str]:
    """The product, live with its background work; answers its base URL."""
    with serving(app, _port):
        yield f"http://localhost:{_port}"


@pytest.fixture
def mailbox_site(world: World) -> Iterator[str]:
    """The Mailbox pages of the world's mail server; answers their address."""
    with serve(make_mailbox_app(world.mailbox, troubles=world.troubles, mailboxes=[MAILBOX])) as running:
        yield running.base_url


@pytest.fixture
def new_visitor(chromium: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """Visitors with contexts of their own; options are Playwright's. Afterwards no browser may have complained."""
    visitors: list[Visitor] = []

    def arrive(**options: Any) -> Visitor:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        visitors.append(Visitor(context, site))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
    assert [line for visitor in visitors for line in visitor.complaints] == []


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody who has not signed in."""
    return new_visitor()


@pytest.fixture
def owner(visitor: Visitor, account: factories.OpenedAccount) -> Visitor:
    """The account's owner, signed in, on the home page."""
    return visitor.sign_in(account.owner)
