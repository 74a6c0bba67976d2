"""Access tokens and the identity provider: F15 to F18."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kbadmin import clock
from kbadmin.delivery.carrier import LOOK_SECONDS
from kbadmin.delivery.models import Lane
from kbadmin.demo.identity_provider import IdentityProvider
from kbadmin.smtp.models import SmtpService, State
from kbadmin.tenancy import every_account
from tests import factories
from tests.faults.ground import Ground, ground
from tests.faults.refresher import Refreshers
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import wait_until
from tests.smtp.ready import ready_oauth
from tests.smtp.services import authorize
from tests.world import World, outside_world

HOURS = 3600.0
#: Each way in which a provider fails that may pass by itself; the last two are made by the middleware below.
PASSING = ("server_error", "html", "slow", "no_answer", "redirect", "huge", "429", "503")
#: What F18 waits for in small, eight times.
PROVIDER = {"provider_connect_seconds": 1.0, "provider_read_seconds": 1.5, "provider_total_seconds": 2.0}


@dataclass
class Place:
    """An installation with an OAuth2 service that was authorized and tested, and the world around it."""

    here: Ground
    world: World
    service: uuid.UUID

    @property
    def renewals(self) -> int:
        """How often the provider was asked for a new token."""
        return sum(call.grant_type == "refresh_token" for call in self.world.provider.token_calls)

    def came(self) -> list[str]:
        """The Message-IDs that the mail server took."""
        return [str(one.parsed["Message-ID"]) for one in self.world.mailbox.messages(limit=10_000)]

    def expire(self) -> None:
        """The stored token is past its time."""
        self.here.change(self.service, access_token_expires_at=clock.now() - timedelta(seconds=1))

    def authorize_again(self) -> None:
        browser = factories.signed_in(self.here.app, self.here.account.owner)
        authorize(browser, browser.open(f"/smtp/{self.service}"), self.world)


@row("F15", "535 since the token was revoked before its time", "one refresh, one more try; all are sent")
def token_refused(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(10, 100)
    with authorized(site) as place:
        place.here.digests(place.service, messages)
        place.world.provider.expire_tokens()
        place.here.work()
        place.here.wait_until_settled(60)
        came = place.came()
        assert place.here.statuses() == {"accepted": messages}
        assert len(came) == len(set(came)) == messages, (len(came), len(set(came)))
        assert place.renewals == 1, place.renewals
        return {"messages": messages, "sent": len(came), "refreshes": place.renewals}


@row("F16", "workers at once, a rotating refresh token, again and again", "one refresh each time, no invalid_grant")
def expired_for_all(site: Site, *, seed: int, scale: Scale) -> Figures:
    workers, rounds = scale.pick((4, 3), (8, 20))
    figures: Figures = {"workers": workers, "rounds": rounds}
    for kind in scale.pick(("sqlite",), ("sqlite", "postgresql")):
        with authorized(site, kind) as place, Refreshers(place.here, place.service, workers) as refreshers:
            versions, refused = set(), []
            for _ in range(rounds):
                place.expire()
                answers = refreshers.all_at_once()
                refused += [one for one in answers if isinstance(one, str)]
                assert len(set(answers)) == 1, answers
                versions.add(answers[0])
            assert not refused, refused
            assert place.renewals == rounds, place.renewals
            assert len(versions) == rounds
            figures |= {f"{kind}: refreshes": place.renewals, f"{kind}: invalid_grant": len(refused)}
    return figures


@row("F17", "kill after the provider has rotated the token, before ours is stored", "kept, and sent once authorized")
def killed_between_rotation_and_commit(site: Site, *, seed: int, scale: Scale) -> Figures:
    kills, messages = scale.pick((1, 5), (10, 20))
    graces, pauses = 0, 0
    with authorized(site) as place:
        for number in range(kills):
            place.here.digests(place.service, messages, name=f"kill-{number}")
            place.expire()
            victim = place.here.work()
            with after_tokens_are_issued(place.world.provider, lambda pid=victim.pid: os.kill(pid, signal.SIGKILL)):
                wait_until(lambda one=victim: not one.is_alive, 60)
            assert place.here.statuses()["accepted"] == number * messages
            place.here.change(place.service, refresh_leased_until=None)  # Its lease of a minute is over.
            other = place.here.work()
            wait_until(lambda: _is_decided(place), 60)
            if not _is_sent(place):
                pauses += 1
                assert place.here.look_at(place.service).state is State.NEEDS_AUTHORIZING
                assert place.here.statuses()["queued"] == messages
                place.authorize_again()
                place.here.change(place.service, tested_at=clock.now(), paused_at=None, pause_reason=None)
            else:
                graces += 1
            place.here.wait_until_settled(60)
            other.stop()
        came = place.came()
        assert len(came) == len(set(came)) == kills * messages, (len(came), len(set(came)))
        return {"kills": kills, "asked to authorize": pauses, "went on by itself": graces, "lost": 0, "copies": 0}


@row("F18", "the provider is down, slow, huge, elsewhere, or says 429", "no pause; ≤ 15 s each; memory < +20 MiB")
def provider_fails(site: Site, *, seed: int, scale: Scale) -> Figures:
    limits = scale.pick(PROVIDER, {})
    shift, longest, grown = 0.0, 0.0, 0.0
    with authorized(site) as place:
        # One connection: no refresh is under way, whose lease would end with the clock's jump.
        place.here.change(place.service, max_connections=1)
        worker = place.here.work(**limits)
        worker.wait_until_working()
        before = worker.rss_kib()
        for how in PASSING:
            shift += 2 * HOURS
            place.world.provider.token_calls.clear()
            with failing(place.world.provider, how):
                place.here.shift_clock(shift)
                place.here.change(place.service, updated_at=clock.now())  # The open connection fits no longer.
                time.sleep(LOOK_SECONDS + 0.05)
                place.here.single(place.service, f"{how}@example.org")
                wait_until(lambda: place.renewals, 60, what=f"{how}: {worker.last_words}")
                longest = max(longest, wait_until(lambda: _failures(place), 60, what=how))
                assert place.here.look_at(place.service).paused_at is None, how
            grown = max(grown, (worker.rss_kib() - before) / 1024)
            shift = _settle_over_hours(place, shift)
        assert longest <= 15, longest
        assert grown < 20, grown
        assert place.here.statuses() == {"accepted": len(PASSING)}
        return {
            "ways": len(PASSING), "paused": 0, "longest, s": round(longest, 1), "memory grown, MiB": round(grown, 1),
            "sent afterwards": len(place.came()),
        }  # fmt: skip


@contextmanager
def authorized(site: Site, kind: str = "sqlite") -> Iterator[Place]:
    """A world, and an installation in it that may send."""
    with site.another() as there, outside_world(there.folder) as world:
        seen = {"microsoft_authority": world.provider.base_url, "smtp_ca_file": world.certificates.ca}
        with ground(site, kind, **seen) as here:
            browser = factories.signed_in(here.app, here.account.owner)
            ready_oauth(here.app, here.account, browser, world)
            with here.app.app_context(), every_account() as session:
                service = session.scalars(select(SmtpService.id)).one()
            here.change(service, messages_per_minute=None, recipients_per_day=None, max_connections=3)
            world.provider.token_calls.clear()
            yield Place(here, world, service)


@contextmanager
def after_tokens_are_issued(provider: IdentityProvider, do: Callable[[], None]) -> Iterator[None]:
    """Do something when the provider has changed its state and has not answered yet."""
    inner = provider.app.wsgi_app

    def outer(environ: Any, start_response: Any) -> Any:
        answer = inner(environ, start_response)
        if environ["PATH_INFO"].endswith("/token"):
            do()
        return answer

    provider.app.wsgi_app = outer  # type: ignore[method-assign]
    try:
        yield
    finally:
        provider.app.wsgi_app = inner  # type: ignore[method-assign]


@contextmanager
def failing(provider: IdentityProvider, how: str) -> Iterator[None]:
    """The provider fails in this way for the length of a block."""
    inner = provider.app.wsgi_app

    def status_only(environ: Any, start_response: Any) -> Any:
        start_response(
            {"429": "429 Too Many Requests", "503": "503 Service Unavailable"}[how],
            [("Content-Type", "application/json"), ("Retry-After", "3600")],
        )
        _remember(provider, environ)
        return [b'{"error": "temporarily_unavailable"}']

    if how.isdigit():
        provider.app.wsgi_app = status_only  # type: ignore[method-assign]
    else:
        provider.misbehave(how)
    try:
        yield
    finally:
        provider.app.wsgi_app = inner  # type: ignore[method-assign]
        provider.behave()


def _remember(provider: IdentityProvider, environ: Any) -> None:
    with provider.app.request_context(environ):
        provider.remember_call("")


def _settle_over_hours(place: Place, shift: float) -> float:
    """Let hours go by, once more if a pause of the machine ate an answer, until all is sent; answers the last shift."""
    for patience in (15, 15, 60):
        shift += 2 * HOURS
        place.here.shift_clock(shift)
        try:
            place.here.wait_until_settled(patience)
        except AssertionError:
            if patience == 60:
                raise
        else:
            break
    return shift


def _failures(place: Place) -> int:
    """How often in a row the service failed, as its lane knows."""
    with place.here.app.app_context(), every_account() as session:
        return int(session.scalars(select(Lane.failures).where(Lane.id == place.service)).one_or_none() or 0)


def _is_sent(place: Place) -> bool:
    return set(place.here.statuses()) == {"accepted"}


def _is_decided(place: Place) -> bool:
    time.sleep(0.1)
    return _is_sent(place) or place.here.look_at(place.service).state is State.NEEDS_AUTHORIZING
