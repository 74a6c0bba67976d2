"""Mail servers that misbehave, and messages that cannot be sent: F07, F08, F11 to F14, F46."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from kbadmin.delivery import schedules
from kbadmin.outbox.models import MESSAGES, DeliveryAttempt, Kind
from kbadmin.tenancy import every_account
from tests.faults.balance import compare
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import sink, wait_until

DAY = 24 * 3600.0


@row("F07", "the server takes the content and never answers", "unknown; again after the kind's delay, the same id")
def no_final_answer(site: Site, *, seed: int, scale: Scale) -> Figures:
    silences, patience = scale.pick((1, 2.0), (5, 10.0))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port)
        limits = {"reply_seconds": 20.0, "final_reply_seconds": patience, "connection_seconds": 60.0}
        worker = here.work(**limits)
        waits: list[float] = []
        for number in range(silences):
            server.script(silent=1)
            message_id = here.single(service, f"reset-{number}@example.org")
            wait_until(lambda one=message_id: server.copies()[one] == 2, 60 + patience)
            first, second = (one.at for one in server.taken() if one.message_id == message_id)
            waits.append(second - first - patience)
        here.wait_until_settled(60)
        worker.stop()
        planned = schedules.schedule_of(Kind.READER_RESET).after_uncertain.total_seconds()
        most = 1.2 * planned + scale.pick(10.0, 2.0)  # In small the machine may be busy with other tests.
        assert all(0.8 * planned <= wait <= most for wait in waits), (planned, waits)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == silences
        return {
            "silences": silences, "planned wait, s": planned, "shortest, s": round(min(waits), 2),
            "longest, s": round(max(waits), 2), "same id": silences,
        }  # fmt: skip


@row("F08", "the server hangs up after so many messages", "connects again and goes on; lost 0, copies 0")
def hangs_up(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, most = scale.pick((400, 30), (20_000, 2_500))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        server.script(close_after=most)
        here.digests(here.service(server.port, max_connections=2), messages)
        here.work()
        here.wait_until_settled(120)
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0, balance
        assert here.statuses() == {"accepted": messages}
        return balance.figures | {"connections": len({one.session for one in server.taken()})}


@row("F11", "a message that cannot be made, among others", "it fails, the others are sent in order")
def poison(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(100, 1_000)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port)
        recipients = here.digests(service, messages)
        bad = recipients[seed * 7 % messages]
        with here.app.app_context(), every_account() as session:
            session.execute(update(MESSAGES).where(MESSAGES.c.recipient == bad).values(parts_sealed="not an envelope"))
        here.work()
        here.wait_until_settled(60)
        assert here.statuses() == {"accepted": messages - 1, "failed": 1}
        came = [one.recipient for one in server.taken()]
        assert came == [one for one in recipients if one != bad]
        return {"messages": messages, "sent": len(came), "failed": 1, "in order": "yes"}


@row("F12", "550 to one recipient of many", "only that one fails")
def unknown_recipient(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(100, 100)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        recipients = here.digests(here.service(server.port), messages)
        bad = recipients[seed * 13 % messages]
        server.script(say={"RCPT": [[f"{bad}", "550 5.1.1 no such user"]]})
        here.work()
        here.wait_until_settled(60)
        assert here.statuses() == {"accepted": messages - 1, "failed": 1}
        assert {one.recipient for one in server.taken()} == set(recipients) - {bad}
        balance = compare(here, server, less=1)
        balance.require_all_sent()
        assert balance.copies == 0
        return {"messages": messages, "sent": messages - 1, "failed": 1}


@row("F13", "4xx to every recipient for two hours", "attempts at the planned times ± 20 %, nobody fails")
def refused_for_hours(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(5, 100)
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port)
        server.script(say={"RCPT": [["", "451 4.2.1 mailbox busy, try later"]]})
        here.digests(service, messages)
        worker = here.work()
        planned = schedules.schedule_of(Kind.DIGEST).waits[:4]
        now = 0.0
        for tries, wait in enumerate(planned, start=1):
            _wait_for_attempts(here, messages * tries)
            now += wait.total_seconds() * 1.2 + 1
            here.shift_clock(now)
        assert now >= 2 * 3600, "the clock went on by less than two hours"
        server.script()
        here.wait_until_settled(60)
        worker.stop()
        assert here.statuses() == {"accepted": messages}
        parts = _waits_as_parts(here, planned)
        assert all(0.799 <= part <= 1.201 for part in parts), sorted(parts)
        assert compare(here, server).copies == 0
        return {
            "messages": messages, "attempts": len(planned) + 1, "failed": 0,
            "shortest wait, of planned": round(min(parts), 2), "longest wait, of planned": round(max(parts), 2),
        }  # fmt: skip


@row("F14", "554 5.2.0, the mailbox's daily limit", "the service is paused, nobody fails, all are sent next day")
def daily_limit(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages = scale.pick(60, 1_000)
    said = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port)
        here.digests(service, messages // 2, name="before")
        worker = here.work()
        here.wait_until_settled(60)
        server.script(say={"message": [["", said]]})
        here.digests(service, messages // 2, name="after")
        wait_until(lambda: here.look_at(service).paused_at, 60)
        waiting = here.statuses()
        assert waiting["failed"] == 0, waiting
        assert waiting["queued"] + waiting["sending"] == messages // 2, waiting
        server.script()
        here.shift_clock(DAY + 60)
        here.wait_until_settled(60)
        worker.stop()
        balance = compare(here, server)
        balance.require_all_sent()
        assert balance.copies == 0
        assert here.statuses() == {"accepted": messages}
        return balance.figures | {"waited for a day": messages // 2, "failed": 0}


@row("F46", "answers that nobody asked for", "the next message goes over a new connection; no mixed bodies")
def confused(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, times = scale.pick((120, 3), (2_000, 50))
    with ground(site) as here, sink(here.settings.instance_folder / "sink") as server:
        service = here.service(server.port)
        here.work()
        for number in range(times):
            server.script(confuse=1)
            here.digests(service, messages // times, name=f"run-{number}")
            here.shift_clock(3600.0 * number)  # What may have been accepted waits for its kind's delay.
            _settle_over_hours(here, 3600.0 * number)
        balance = compare(here, server)
        balance.require_all_sent()
        sessions = len({one.session for one in server.taken()})
        assert sessions > times, f"{sessions} connections for {times} confusions"
        assert balance.copies <= times, balance
        return balance.figures | {"confusions": times, "connections": sessions}


def _settle_over_hours(here: Ground, shift: float) -> None:
    """Wait until all is sent; if something is put off, move the clock to when it is due."""
    wait_until(lambda: not _is_due(here), 60, every=0.1)
    here.shift_clock(shift + 3599.0)
    here.wait_until_settled(60)


def _is_due(here: Ground) -> bool:
    query = select(MESSAGES.c.id).where(
        (MESSAGES.c.status == "sending") | ((MESSAGES.c.status == "queued") & MESSAGES.c.not_before_at.is_(None))
    )
    with here.app.app_context(), every_account() as session:
        return session.execute(query.limit(1)).first() is not None


def _attempts(here: Ground) -> Sequence[DeliveryAttempt]:
    with here.app.app_context(), every_account() as session:
        found = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)).all()
        session.expunge_all()
        return found


def _wait_for_attempts(here: Ground, count: int) -> None:
    wait_until(lambda: len(_attempts(here)) >= count, 60, every=0.1, what=f"{count} attempts: {here.statuses()}")


def _waits_as_parts(here: Ground, planned: Sequence[timedelta]) -> list[float]:
    """Each wait that was decided, as a part of the planned one."""
    tries: dict[int, int] = {}
    parts = []
    for attempt in _attempts(here):
        nth = tries[attempt.outbox_message_id] = tries.get(attempt.outbox_message_id, 0) + 1
        assert attempt.again_at is not None, attempt.outcome
        parts.append((attempt.again_at - attempt.at) / planned[nth - 1])
    return parts
