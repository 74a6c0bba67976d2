"""Servers and resolvers that are hostile or broken: F26, F27, F43."""

import contextlib
import time
import uuid
from collections.abc import Sequence

from kbadmin import clock
from kbadmin.config import PortRanges
from kbadmin.encryption import Secret
from kbadmin.smtp.addresses import Unreachable, connect
from kbadmin.smtp.deadlines import Deadline
from kbadmin.smtp.hosts import NetworkPolicy
from kbadmin.smtp.security import Authentication, Security
from tests.fakes import certificates, hostile_smtp
from tests.fakes.smtp_server import Server
from tests.faults.ground import Ground, ground
from tests.faults.pace import kept_rate, paced
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import wait_until

HOSTILE = ("drip", "endless_banner", "long_line", "http", "silence", "garbage")
UNTRUSTWORTHY = ("no_starttls", "wrong_name", "expired", "untrusted")
PASSWORD = "canary-password-of-F27"


@row("F26", "servers that drip, never end, say nothing or garbage", "bounded in time and memory; others ≥ 95 %")
def hostile_servers(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, budget = scale.pick((30, 1.0), (400, 10.0))
    limits = {"reply_seconds": budget}
    with contextlib.ExitStack() as stack:
        calm, here = stack.enter_context(ground(site)), stack.enter_context(ground(site))
        control, tried = stack.enter_context(paced(calm)), stack.enter_context(paced(here, **limits))
        servers = {name: stack.enter_context(hostile_smtp.server(name)) for name in HOSTILE}
        stack.callback(tried.worker.kill)
        before = tried.worker.rss_kib()
        began = time.monotonic()
        lanes = [_hostile_lane(here, name, server.port) for name, server in servers.items()]
        wait_until(
            lambda: all(here.look_at(one).degraded_at or here.look_at(one).paused_at for one in lanes),
            3 * budget + 60, every=0.1, what="told of all its troubles",
        )  # fmt: skip
        longest = time.monotonic() - began
        kept = kept_rate(control, tried, messages)
        grown = (tried.worker.rss_kib() - before) / 1024
        waiting = [here.statuses(one) for one in lanes]
        assert grown <= 10, f"{grown:.1f} MiB"
        assert kept >= scale.pick(0.5, 0.95), kept  # In small it is too short for per cents: only that nobody waits.
        assert all(set(one) <= {"queued", "sending"} for one in waiting), waiting
        return {
            "servers": len(lanes), "memory grown, MiB": round(grown, 1),
            "others kept, % of one without": round(100 * kept, 1), "all known after, s": round(longest, 1),
            "budget of an answer, s": budget,
        }  # fmt: skip


@row("F27", "STARTTLS stripped; certificate wrong, expired, untrusted", "paused; the server sees no credentials")
def untrustworthy_servers(site: Site, *, seed: int, scale: Scale) -> Figures:
    seen, paused = 0, 0
    with ground(site, smtp_ca_file=certificates.chest().ca_file) as here:
        worker = here.work()
        for kind in UNTRUSTWORTHY:
            with hostile_smtp.server(kind) as server:
                service = _password_service(here, server)
                here.single(service, f"{kind}@example.org")
                wait_until(lambda one=service: here.look_at(one).paused_at, 60, what=f"{kind}: {worker.last_words}")
                paused += 1
                seen += len(server.credentials) + server.received.count(PASSWORD.encode())
                assert not server.messages, kind
                assert here.statuses(service) == {"queued": 1}, kind
        worker.stop()
        assert seen == 0
        return {"kinds": len(UNTRUSTWORTHY), "paused": paused, "credentials seen": seen, "messages kept": paused}


@row("F43", "DNS that changes, is empty, slow, or has 1,000 addresses", "≤ 5 s; a few are tried; nothing private")
def odd_names(site: Site, *, seed: int, scale: Scale) -> Figures:
    budget, slack = scale.pick((1.0, 10.0), (5.0, 1.0))  # In small the machine may be busy with other tests.
    tried: list[float] = []
    with hostile_smtp.server("good") as server:
        many = [f"127.0.1.{number % 250 + 1}" for number in range(999)]
        cases: dict[str, tuple[Sequence[str] | float, str]] = {
            "empty": ([], "not_found"),
            "slow": (budget * 3, "timed_out"),
            "1,000 dead": (many, "refused"),
            "one private among many": (["127.0.0.1", "10.0.0.1"], "not_allowed"),
            "metadata address": (["169.254.169.254"], "not_allowed"),
        }
        outcomes = {name: _reason(server.port, answer, budget, tried) for name, (answer, _) in cases.items()}
        assert outcomes == {name: reason for name, (_, reason) in cases.items()}
        # The check and the connection use the same answer: a name that changes in between gains nothing.
        changing = iter([["127.0.0.1"], ["10.0.0.1"]])
        assert _connects(server.port, lambda: next(changing), budget, tried) == "127.0.0.1"
        assert _connects(server.port, lambda: ["127.0.0.9", "127.0.0.1"], budget, tried) in ("127.0.0.9", "127.0.0.1")
    assert max(tried) <= budget + slack, tried
    return {"cases": len(cases) + 2, "longest, s": round(max(tried), 2), "budget, s": budget}


def _hostile_lane(here: Ground, name: str, port: int) -> uuid.UUID:
    service = here.service(port, max_connections=3)
    for number in range(3):
        here.single(service, f"{name.replace('_', '-')}-{number}@example.org")
    return service


def _password_service(here: Ground, server: Server) -> uuid.UUID:
    service = here.service(
        server.port, host="localhost", security=Security.STARTTLS, authentication=Authentication.PASSWORD,
        username="user@example.com",
    )  # fmt: skip
    here.change(service, password=Secret(PASSWORD), password_set_at=clock.now())
    return service


def _reason(port: int, answer: Sequence[str] | float, budget: float, tried: list[float]) -> str:
    def look_up() -> Sequence[str]:
        if isinstance(answer, float):
            time.sleep(answer)
            return ["127.0.0.1"]
        return answer

    return _connects(port, look_up, budget, tried)


def _connects(port: int, look_up, budget: float, tried: list[float]) -> str:
    """The address that was connected to, or the reason why there is none; how long it took is added to ``tried``."""
    policy = NetworkPolicy((certificates.LOOPBACK,), PortRanges.parse("*"))
    began = time.monotonic()
    try:
        connected = connect(
            certificates.HOST, port, policy,
            deadline=Deadline.after(budget), dns_seconds=budget, resolver=lambda _host, _port: look_up(),
        )  # fmt: skip
    except Unreachable as unreachable:
        return unreachable.reason
    else:
        connected.socket.close()
        return connected.address
    finally:
        tried.append(time.monotonic() - began)
