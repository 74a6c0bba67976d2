"""Planning: when the next digest is due, and what happens when its time has come.

``next_due_at`` and ``immediate_due_at`` of the settings are what the sweep looks for. The decision itself is made in
the account, while the knowledge base's row is held: of many who are woken, one decides, and writes down the run of
the slot. Downtime is made good once: the latest slot of the last 24 hours is sent late, earlier ones are skipped.
"""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select, update

from kbadmin import clock
from kbadmin.articles import callouts
from kbadmin.articles.models import Article
from kbadmin.audit.operations import Actor, record
from kbadmin.database import begin_writing, commit, db, new_id
from kbadmin.engine import sweep, task, wake, wake_named
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions import digest_words, obstacles, schedule, slots
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from kbadmin.subscriptions.schedule import Schedule, Slot
from kbadmin.subscriptions.slots import Occasion
from kbadmin.tenancy import enter, every_account

IMMEDIATELY = timedelta(minutes=5)  # in which a writer may think better of it, and others are told along
CATCH_UP = timedelta(hours=24)
LATE = timedelta(minutes=10)
LEFT_BEHIND = timedelta(seconds=60)
IMPLAUSIBLE = 2 * schedule.LONGEST_WAIT  # A clock was far ahead when this was planned.
MOST_NOTED = 60  # slots that passed while nobody worked: the history need not tell of years


class NotSendable(RuntimeError):
    """A digest cannot leave now; ``str()`` is a sentence that says why and what to do."""


def schedule_of(settings: SubscriptionSettings, time_zone: str) -> Schedule:
    """The settings as a schedule in the knowledge base's time zone."""
    return Schedule(settings.weekdays, settings.minute, time_zone)


def next_slot(settings: SubscriptionSettings, time_zone: str, after: datetime) -> datetime | None:
    """When a digest by this schedule is due next; none if no weekday is chosen."""
    found = schedule.next_slot(schedule_of(settings, time_zone), after=after)
    return found.due_at if found else None


def replan(settings: SubscriptionSettings, knowledge_base: KnowledgeBase) -> None:
    """Plan anew after a change of the settings or the knowledge base, in the caller's write section.

    A slot whose time has come already is still decided on; a date that has had its run gets no second one.
    """
    now = clock.now()
    if not settings.is_sending or knowledge_base.is_archived or knowledge_base.deleted_at is not None:
        settings.next_due_at = settings.immediate_due_at = None
        return
    if not settings.allows_immediate:
        settings.immediate_due_at = None
    elif settings.immediate_due_at is None:  # What is planned already was called out while nobody heard of it.
        settings.immediate_due_at = _next_immediate(knowledge_base, now)
    if settings.next_due_at is None or settings.next_due_at > now:
        _plan_after(settings, knowledge_base, now)


def begin_by_hand(knowledge_base_id: uuid.UUID, *, actor: Actor) -> DigestRun:
    """Tell everybody now what they have not been told. Raises LookupError and :class:`NotSendable`."""
    begin_writing()
    found = _locked(knowledge_base_id)
    if found is None:
        raise LookupError(knowledge_base_id)
    knowledge_base, settings = found
    if (reason := obstacles.why_not(settings, knowledge_base)) is not None:
        raise NotSendable(reason)
    occasion = Occasion(RunKind.BY_HAND, f"by hand {new_id()}", clock.now())
    run = slots.begin(knowledge_base, settings, occasion, by=actor.label)
    if run is None:
        raise NotSendable("Somebody began this already.")
    record("digest begun", actor=actor, subject=knowledge_bases.subject_of(knowledge_base))
    return run


@task
def decide_on_digests(account_id: str, knowledge_base_id: str) -> None:
    """Begin, or skip, what is due in one knowledge base; nothing happens if somebody else did."""
    enter(uuid.UUID(account_id))
    begin_writing()
    found = _locked(uuid.UUID(knowledge_base_id))
    if found is not None:
        knowledge_base, settings = found
        _mend_after_jump(knowledge_base, settings)
        now, has_begun = clock.now(), False
        if settings.next_due_at is not None and settings.next_due_at <= now:
            has_begun = _decide_on_slots(knowledge_base, settings, now)
        if settings.immediate_due_at is not None and settings.immediate_due_at <= now:
            _decide_on_immediate(knowledge_base, settings, now, is_told_already=has_begun)
    commit()


@sweep
def digests_that_are_due() -> None:
    """Have decided what is due in any knowledge base, and go on with runs that somebody left behind."""
    now = clock.now()
    here = SubscriptionSettings
    due = select(here.account_id, here.knowledge_base_id).where(
        or_(here.next_due_at <= now, here.immediate_due_at <= now, here.next_due_at > now + IMPLAUSIBLE)
    )
    left = select(DigestRun.account_id, DigestRun.id).where(
        DigestRun.stage == RunStage.FANNING_OUT, DigestRun.moved_at < now - LEFT_BEHIND
    )
    with every_account() as session:
        decisions = [tuple(str(part) for part in row) for row in session.execute(due)]
        runs = [tuple(str(part) for part in row) for row in session.execute(left)]
    if decisions or runs:
        begin_writing()
        for ids in decisions:
            wake(decide_on_digests, *ids)
        for ids in runs:
            wake_named("fan_out_digests", *ids)
        commit()  # Wake-ups leave with a commit, even one that wrote nothing.


def _decide_on_slots(knowledge_base: KnowledgeBase, settings: SubscriptionSettings, now: datetime) -> bool:
    """Whether a run has begun."""
    due = _due_slots(knowledge_base, settings, now)
    latest, earlier = due[-1], due[:-1]
    for slot in earlier[-MOST_NOTED:]:
        slots.skip(knowledge_base, settings, slots.scheduled(slot), reason=digest_words.MISSED)
    late = now - latest.due_at
    reason = digest_words.MISSED if late > CATCH_UP else obstacles.why_not(settings, knowledge_base)
    run = None
    if reason is not None:
        slots.skip(knowledge_base, settings, slots.scheduled(latest), reason=reason)
    else:
        said = digest_words.LATE if late > LATE else ""
        run = slots.begin(knowledge_base, settings, slots.scheduled(latest), reason=said)
    _plan_after(settings, knowledge_base, now)
    return run is not None


def _due_slots(knowledge_base: KnowledgeBase, settings: SubscriptionSettings, now: datetime) -> list[Slot]:
    """The slot that was planned, whatever the schedule has become since, and those that came after it."""
    planned = settings.next_due_at or now
    plan = schedule_of(settings, knowledge_base.time_zone)
    first = next(schedule.slots(plan, after=planned - timedelta(seconds=1), until=planned), None)
    day = planned.astimezone(ZoneInfo(knowledge_base.time_zone)).date()
    later = [slot for slot in schedule.slots(plan, after=planned, until=now) if slot.day != day]
    return [first or Slot(planned, day), *later]


def _decide_on_immediate(
    knowledge_base: KnowledgeBase, settings: SubscriptionSettings, now: datetime, *, is_told_already: bool
) -> None:
    due_at = settings.immediate_due_at or now
    settings.immediate_due_at = _next_immediate(knowledge_base, now)
    if is_told_already or not settings.allows_immediate or not settings.is_sending:
        return
    occasion = Occasion(RunKind.IMMEDIATE, f"immediate {due_at.isoformat(timespec='seconds')}", due_at)
    if (reason := obstacles.why_not(settings, knowledge_base)) is not None:
        slots.skip(knowledge_base, settings, occasion, reason=reason)
    else:
        slots.begin(knowledge_base, settings, occasion)


def _plan_after(settings: SubscriptionSettings, knowledge_base: KnowledgeBase, now: datetime) -> None:
    """The next slot whose date has had no run."""
    coming = list(
        schedule.slots(schedule_of(settings, knowledge_base.time_zone), after=now, until=now + schedule.LONGEST_WAIT)
    )
    had = slots.taken(knowledge_base.id, [slots.key_of(slot) for slot in coming])
    settings.planned_until_at = now
    settings.next_due_at = next((slot.due_at for slot in coming if slots.key_of(slot) not in had), None)


def _mend_after_jump(knowledge_base: KnowledgeBase, settings: SubscriptionSettings) -> None:
    """A clock was far ahead and is right again: what was planned and told for then is planned and told from now."""
    now = clock.now()
    if settings.next_due_at is None or settings.next_due_at <= now + IMPLAUSIBLE:
        return
    _plan_after(settings, knowledge_base, now)
    here = KnowledgeBaseSubscriber
    ahead = update(here).where(here.knowledge_base_id == knowledge_base.id, here.told_until_at > now)
    db.session.execute(ahead.values(told_until_at=now).execution_options(synchronize_session=False))


def _next_immediate(knowledge_base: KnowledgeBase, now: datetime) -> datetime | None:
    """When those are told who want to hear at once, of what is called out at a time that is still to come."""
    query = select(func.min(Article.callout_at)).where(
        Article.knowledge_base_id == knowledge_base.id, Article.callout_at > now
    )
    first = db.session.scalar(query)
    return first + IMMEDIATELY if first else None


def _locked(knowledge_base_id: uuid.UUID) -> tuple[KnowledgeBase, SubscriptionSettings] | None:
    """Both rows as they are now, held until the commit: whoever calls out an article holds the first one, too."""
    first = select(KnowledgeBase).where(KnowledgeBase.id == knowledge_base_id, KnowledgeBase.deleted_at.is_(None))
    second = select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base_id)
    as_it_is = {"populate_existing": True}
    knowledge_base = db.session.scalar(first.with_for_update().execution_options(**as_it_is))
    settings = db.session.scalar(second.with_for_update().execution_options(**as_it_is))
    return None if knowledge_base is None or settings is None else (knowledge_base, settings)


def _hear_of_callout(knowledge_base_id: uuid.UUID, at: datetime) -> None:
    """Those who want to hear at once are told a few minutes later, together with what comes in between."""
    due_at = at + IMMEDIATELY
    here = SubscriptionSettings
    waiting = update(here).where(
        here.knowledge_base_id == knowledge_base_id,
        here.allows_immediate.is_(True),
        here.is_on.is_(True),
        here.paused_at.is_(None),
        or_(here.immediate_due_at.is_(None), here.immediate_due_at > due_at),
    )
    db.session.execute(waiting.values(immediate_due_at=due_at).execution_options(synchronize_session="fetch"))


def _hear_of_change(knowledge_base: KnowledgeBase) -> None:
    settings = db.session.scalar(select(SubscriptionSettings).filter_by(knowledge_base_id=knowledge_base.id))
    if settings is not None:
        replan(settings, knowledge_base)


callouts.hear_with(_hear_of_callout)
knowledge_bases.hear_with(_hear_of_change)
