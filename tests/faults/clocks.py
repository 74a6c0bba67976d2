"""Clocks that jump, services that change, links that end: F21, F25, F45."""

import time
from datetime import timedelta

from kbadmin import clock
from kbadmin.encryption import Secret
from kbadmin.smtp.security import Authentication, Security
from tests.fakes import certificates, hostile_smtp
from tests.faults.balance import compare
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import sink, wait_until

JUMPS = {"+1 day": 86_400.0, "-1 day": -86_400.0, "-5 min": -300.0, "back": 0.0}
OLD_PASSWORD, NEW_PASSWORD = "old-canary-password", "new-canary-password"


@row("F21", "clock +1 day, −1 day, −5 minutes while mail is sent", "nobody gets it twice, no lease is taken")
def jumping_clock(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(150, 3_000)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        server.script(delay=0.01)
        service = here.service(server.port, max_connections=2)
        for _ in range(2):
            here.work().wait_until_working()
        for name, seconds in JUMPS.items():
            already = server.count()
            here.digests(service, messages, name=name.strip("+-").replace(" ", "-") + str(seconds > 0).lower())
            wait_until(lambda enough=already + messages // 4: server.count() >= enough, 60)
            here.shift_clock(seconds)
            wait_until(lambda enough=already + messages: server.count() >= enough, 60, what=f"sent after {name}")
        here.wait_until_settled(60)
        assert here.buried() == 0, "a living worker was buried"
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        return balance.figures | {"jumps": len(JUMPS), "leases taken": 0}


@row("F25", "a service is paused, edited or deleted while mail waits", "held back; never the old credentials")
def changed_service(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(300, 1_000)
    trusted = certificates.chest().ca_file
    with ground(site, smtp_ca_file=trusted) as here, sink(here.settings.instance_folder / "sink") as server:
        server.script(delay=0.01)
        service = here.service(server.port)
        here.work().wait_until_working()
        here.digests(service, messages)
        wait_until(lambda: server.count() >= messages // 4, 60)
        here.change(service, paused_at=clock.now(), pause_reason="a person")
        wait_until(lambda: "sending" not in here.statuses(), 60)  # What was under way when somebody paused it.
        at_pause = server.count()
        time.sleep(1.0)
        assert server.count() == at_pause < messages, "sent while paused"
        assert here.statuses()["queued"] == messages - at_pause, here.statuses()
        here.change(service, paused_at=None, pause_reason=None)
        here.wait_until_settled(60)
        late = _sent_with_old_password(here)
        assert late == 0, late
        doomed = here.service(server.port, paused_at=clock.now())
        here.digests(doomed, 20, name="doomed")
        here.change(doomed, deleted_at=clock.now(), friendly_name_key=None, paused_at=None)
        wait_until(lambda: here.statuses(doomed) == {"held": 20}, 60)
        assert server.count() == messages
        return {
            "messages": messages, "sent while paused": 0, "sent after resuming": messages - at_pause,
            "old credentials seen after the change": late, "held after deletion": 20,
        }  # fmt: skip


@row("F45", "a reset that is late beyond the life of its link", "expired, visibly; no dead link is sent")
def dead_links(site: Site, *, seed: int, scale: Scale) -> Figures:
    resets = scale.pick(5, 100)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port, paused_at=clock.now())
        for number in range(resets):
            here.single(service, f"late-{number}@example.org", expires_at=clock.now() + timedelta(hours=1))
        here.shift_clock(2 * 3600.0)
        here.single(service, "in-time@example.org", expires_at=clock.now() + timedelta(hours=9))
        here.change(service, paused_at=None)
        here.work()
        here.wait_until_settled(60)
        assert here.statuses() == {"expired": resets, "accepted": 1}
        assert [one.recipient for one in server.taken()] == ["in-time@example.org"]
        assert here.contents_kept() == 0, "the content of a settled message is still there"
        return {"resets": resets, "expired": resets, "dead links sent": 0, "in time": 1}


def _sent_with_old_password(here: Ground) -> int:
    """Edit the password between two messages; answers how often the old one came after that."""
    with hostile_smtp.server("good", username="user@example.com", password=NEW_PASSWORD) as server:
        service = here.service(
            server.port, host="localhost", security=Security.STARTTLS, authentication=Authentication.PASSWORD,
            username="user@example.com", paused_at=clock.now(),
        )  # fmt: skip
        here.change(service, password=Secret(OLD_PASSWORD), password_set_at=clock.now())
        for number in range(3):
            here.single(service, f"edited-{number}@example.org")
        here.change(service, password=Secret(NEW_PASSWORD), configuration_version=2, updated_at=clock.now())
        here.change(service, paused_at=None)
        wait_until(lambda: len(server.messages) == 3, 60)
        here.wait_until_settled(60)
        return sum(OLD_PASSWORD in told for _, told in server.credentials)
