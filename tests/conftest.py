"""What every test may ask for: settings, an application, browsers, a clock, a worker. It knows no feature."""

import gc
import ipaddress
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache

from kbadmin import clock as house_clock
from kbadmin.config import Settings
from tests import factories
from tests.applications import Applications
from tests.browser import Browser
from tests.databases import Databases
from tests.installation import settings_for

# Thousands of applications come and go, and the collector took a fifth of the time.
gc.freeze()
gc.set_threshold(50_000, 20, 20)

# How long it takes to think of an example, and to try it, says how busy the machine is.
hypothesis_settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("tests")


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    found = Databases(tmp_path_factory.mktemp("databases"))
    yield found
    found.close()


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """``sqlite``, unless the test carries ``@both_databases`` or ``@on_postgresql``."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def _installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installation of whatever test is running, so that its application may be the one of an earlier test."""
    return tmp_path_factory.mktemp("installation") / "current"


@pytest.fixture
def settings(database_kind: str, databases: Databases, tmp_path: Path, _installation: Path) -> Iterator[Settings]:
    """A development installation with a database of its own. Change settings with dataclasses.replace."""
    _installation.unlink(missing_ok=True)
    _installation.symlink_to(tmp_path)
    url = databases.fresh(database_kind, _installation)
    yield settings_for(_installation, url)
    databases.drop(url)


@pytest.fixture(scope="session")
def _applications(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    """Templates are compiled once a run."""
    return Applications(FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates"))))


@pytest.fixture
def make_app(_applications: Applications) -> Iterator[Callable[[Settings], Flask]]:
    """Applications for settings of the test's own; each gives back its connections at the end."""
    lent: list[Flask] = []

    def make(settings: Settings) -> Flask:
        lent.append(_applications.lend(settings))
        return lent[-1]

    yield make
    for app in lent:
        _applications.take_back(app)


@pytest.fixture
def app(settings: Settings, make_app: Callable[[Settings], Flask]) -> Flask:
    return make_app(settings)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser that is not signed in."""
    return Browser(app)


@pytest.fixture
def account(app: Flask) -> factories.OpenedAccount:
    return factories.open_account(app)


@pytest.fixture
def two_accounts(app: Flask) -> tuple[factories.OpenedAccount, factories.OpenedAccount]:
    """Two companies that must not see each other."""
    return factories.open_account(app, "Acme"), factories.open_account(app, "Globex")


@pytest.fixture
def browser_as(app: Flask, account: factories.OpenedAccount) -> Callable[..., Browser]:
    """``browser_as("editor", manages_smtp=True)``: a browser signed in as a new person of ``account``."""
    return lambda role, **grants: factories.signed_in(app, factories.add_person(app, account, role, **grants))


@pytest.fixture
def owner_browser(app: Flask, account: factories.OpenedAccount) -> Browser:
    return factories.signed_in(app, account.owner)


class Clock:
    """A stopped clock."""

    def set_to(self, moment: datetime) -> None:
        house_clock.set_to(moment)

    def advance(self, **units: float) -> None:
        house_clock.set_to(house_clock.now() + timedelta(**units))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The clock, stopped on a Monday morning, 2026-03-02 09:00 UTC. ``clock.advance(minutes=5)`` moves it."""
    house_clock.set_to(datetime(2026, 3, 2, 9, tzinfo=UTC))
    yield Clock()
    house_clock.set_to(None)


@pytest.fixture
def worker(app: Flask) -> factories.Worker:
    """The background work, done when the test says so: ``drain()``; ``start()`` runs it in threads."""
    return factories.Worker(app)


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Tests reach their own fakes, never the Internet. An audit hook holds for every library."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            raise PermissionError(f"a test tried to reach {host}")


sys.addaudithook(_stay_on_this_machine)
