"""Workers that are killed, stopped and frozen: F01 to F06, F09."""

import random
import signal
import sqlite3
import time
from collections.abc import Iterator

from tests.faults.balance import compare
from tests.faults.ground import Ground, Worker, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import Sink, sink, wait_until

CONNECTIONS = 4


@row("F01", "kill -9 at random, 4 workers", "lost 0; copies ≤ kills × connections; the same Message-ID")
def killed_at_random(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, kills = scale.pick((600, 6), (20_000, 200))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _begin(here, server, messages, connections=CONNECTIONS, workers=4, delay=0.015)
        for gone in _one_after_the_other(here, server, messages, kills, seed):
            gone.kill()
            here.work()
        server.script()
        seconds = here.wait_until_settled(180)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies <= kills * CONNECTIONS, balance
        assert here.statuses() == {"accepted": messages}
        return balance.figures | {"kills": kills, "most": kills * CONNECTIONS, "seconds to settle": round(seconds, 1)}


@row("F02", "kill between the server's acceptance and ours", "one copy with the same Message-ID for each, lost 0")
def killed_after_acceptance(site: Site, *, seed: int, scale: Scale) -> Figures:
    before, after = scale.pick((3, 2), (100, 100))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _killed_at(here, server, "dot", before, seed)
        unanswered = compare(here, server)
        unanswered.require_all_sent()
        assert unanswered.copies == before, unanswered
        _killed_at(here, server, "answered", after, seed)
        balance = compare(here, server)
        balance.require_all_sent()
        answered = balance.copies - before
        assert answered <= after, balance
        return {
            "kills before 250": before, "copies of those": unanswered.copies,
            "kills after 250": after, "copies of those, too": answered, "lost": balance.lost,
        }  # fmt: skip


@row("F03", "kill between claim and content", "sent again, no copies")
def killed_before_content(site: Site, *, seed: int, scale: Scale) -> Figures:
    kills = scale.pick(3, 100)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _killed_at(here, server, "data", kills, seed)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        return balance.figures | {"kills": kills}


@row("F04", "the same where uncertain messages are held", "no copies; held = kills in the window")
def killed_where_uncertain_is_held(site: Site, *, seed: int, scale: Scale) -> Figures:
    kills = scale.pick(3, 100)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _killed_at(here, server, "dot", kills, seed, uncertain_messages="hold")
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        held = here.statuses()["held"]
        assert held == kills, here.statuses()
        return balance.figures | {"kills": kills, "held": held}


@row("F05", "SIGTERM under load", "lost 0, copies 0, exit ≤ 30 s with status 0")
def asked_to_stop(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, stops = scale.pick((500, 5), (10_000, 100))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _begin(here, server, messages, connections=CONNECTIONS, workers=4, delay=0.015)
        longest = 0.0
        for asked in _one_after_the_other(here, server, messages, stops, seed):
            longest = max(longest, asked.stop())
            here.work()
        server.script()
        here.wait_until_settled(180)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        assert longest <= 30, longest
        return balance.figures | {"stops": stops, "longest exit, s": round(longest, 2)}


@row("F06", "SIGSTOP for longer than a lease, then SIGCONT", "the late worker changes nothing; copies ≤ 1 per freeze")
def frozen(site: Site, *, seed: int, scale: Scale) -> Figures:
    freezes = scale.pick(1, 20)
    chance = random.Random(seed)
    # The same proportions as in life: a connection's time is over before the worker counts as dead.
    limits = {"connection_seconds": 2.0, "silent_worker_seconds": 1.0, "dead_worker_seconds": 2.5}
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port, max_connections=1)
        server.script(delay=0.02)
        for freeze in range(freezes):
            here.digests(service, 100, name=f"freeze {freeze}".replace(" ", "-"))
            zombie, already = here.work(**limits), server.count()
            wait_until(lambda enough=already + 10: server.count() > enough, 60)
            _freeze(here, zombie, chance)
            other = here.work(**limits)
            here.wait_until_settled(60)
            zombie.send(signal.SIGCONT)
            time.sleep(1.0)
            assert zombie.is_alive
            other.stop()
            zombie.stop()
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies <= freezes, balance
        assert here.statuses() == {"accepted": 100 * freezes}
        assert here.accepted_total(service) == 100 * freezes
        return balance.figures | {"freezes": freezes, "recorded": here.accepted_total(service)}


def _freeze(here: Ground, zombie: Worker, chance: random.Random) -> None:
    """Anywhere but within a write: whoever is stopped there holds up everybody who writes to SQLite, leases or not."""
    for _ in range(20):
        time.sleep(chance.random() * 0.1)
        zombie.send(signal.SIGSTOP)
        try:
            here.statuses()
        except sqlite3.OperationalError:
            zombie.send(signal.SIGCONT)
        else:
            return
    raise AssertionError("it is always within a write")


@row("F09", "stopped and started again during a digest", "each once")
def restarted_during_a_digest(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, restarts = scale.pick((1_000, 2), (10_000, 10))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        _begin(here, server, messages, connections=1, workers=1, delay=0.001)
        for only in _one_after_the_other(here, server, messages, restarts, seed):
            only.stop()
            here.work()
        here.wait_until_settled(120)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        return balance.figures | {"restarts": restarts}


def _begin(here: Ground, server: Sink, messages: int, *, connections: int, workers: int, delay: float) -> None:
    server.script(delay=delay)
    here.digests(here.service(server.port, max_connections=connections), messages)
    for _ in range(workers):
        here.work()


def _one_after_the_other(here: Ground, server: Sink, messages: int, times: int, seed: int) -> Iterator[Worker]:
    """A worker at random, each time that so many messages more have come."""
    chance = random.Random(seed)
    for turn in range(times):
        due = (turn + chance.random()) * messages / (times + 1)
        wait_until(lambda due=due: server.count() >= due, 60, what=f"{due:.0f} messages: {here.statuses()}")
        wait_until(lambda: _at_work(here), 60)
        yield chance.choice(_at_work(here))


def _at_work(here: Ground) -> list[Worker]:
    return [one for one in here.workers if one.is_working]


def _killed_at(here: Ground, server: Sink, point: str, kills: int, seed: int, **columns: object) -> None:
    """Kill the only worker that often, each time at this point of a message's way; then let all be sent."""
    chance = random.Random(seed)
    service = here.service(server.port, **columns)
    for kill in range(kills):
        here.digests(service, 8, name=f"{point}-{kill}")
        victim = here.work()
        server.kill_at(victim.pid, point, chance.randint(1, 8))
        wait_until(lambda: server.has_killed, 60, what=victim.last_words)
        victim.process.join()
    here.work()
    here.wait_until_settled(60)
    here.workers[-1].stop()
