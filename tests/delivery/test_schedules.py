"""When messages are tried again: the plan of each kind, its variation, and what stops a bad plan."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.delivery import schedules
from kbadmin.delivery.schedules import breaker_wait, next_wait, schedule_of, wait_after_uncertain
from kbadmin.outbox.models import Kind

DIGEST_WAITS = "5m 15m 30m 1h 2h 4h 4h"
RESET = "30s 1m 2m 5m 10m 15m 15m"

# Kind, the first seven waits, how long a message lives, and the wait after a message without an answer.
PLANS = [
    (Kind.READER_RESET, RESET, "1h", "5s"),
    (Kind.READER_SIGN_UP, RESET, "1h", "5s"),
    (Kind.USER_RESET, RESET, "1h", "5s"),
    (Kind.SUBSCRIPTION_CONFIRMATION, RESET, "1h", "5s"),
    (Kind.WELCOME, "1m 5m 15m 30m 1h 2h 4h", "14d", "10m"),
    (Kind.USER_INVITATION, "1m 5m 15m 30m 1h 2h 4h", "3d", "10m"),
    (Kind.NOTICE, "1m 5m 15m 30m 1h 2h 4h", "5d", "10m"),
    (Kind.PASSWORD_CHANGED, "1m 5m 15m 30m 1h 2h 4h", "5d", "10m"),
    (Kind.DIGEST, DIGEST_WAITS, "4d", "30m"),
    (Kind.TEST, "", "5m", "5s"),
]


def time(text: str) -> timedelta:
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})


def middle() -> float:
    return 0.5


@pytest.mark.parametrize(("kind", "waits", "life", "after_uncertain"), PLANS)
def test_each_kind_is_tried_again_by_its_plan(kind, waits, life, after_uncertain):
    planned = [time(text) for text in waits.split()]
    assert [next_wait(kind, attempts, middle) for attempts in range(1, len(planned) + 1)] == planned
    assert schedule_of(kind).life == time(life)
    assert schedule_of(kind).after_uncertain == time(after_uncertain)


def test_every_kind_has_a_plan():
    assert {kind for kind, *_ in PLANS} == set(Kind)


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [(Kind.READER_RESET, 8), (Kind.WELCOME, 24), (Kind.NOTICE, 36), (Kind.DIGEST, 29), (Kind.TEST, 1)],
)
def test_the_last_attempt_is_the_last(kind, attempts):
    assert next_wait(kind, attempts) is None
    assert wait_after_uncertain(kind, attempts) is None
    if attempts > 1:
        assert next_wait(kind, attempts - 1) is not None


@pytest.mark.parametrize("kind", Kind)
def test_a_plan_fills_its_life_and_does_not_outlast_it(kind):
    schedule = schedule_of(kind)
    total = sum(schedule.waits, timedelta())
    tried_for = timedelta(days=3) if kind is Kind.WELCOME else schedule.life
    assert total <= tried_for <= schedule.life
    if schedule.waits:
        assert total + schedule.waits[-1] > tried_for


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 24.0), (0.25, 27.0), (0.5, 30.0), (0.75, 33.0), (1.0, 36.0)])
def test_a_wait_varies_by_a_fifth(chance, seconds):
    assert next_wait(Kind.READER_RESET, 1, lambda: chance) == timedelta(seconds=seconds)


@given(kind=st.sampled_from(Kind), attempts=st.integers(-5, 10_000), chance=st.floats(0, 1))
def test_no_wait_leaves_its_bounds(kind, attempts, chance):
    planned = schedule_of(kind).wait_after(attempts)
    wait = next_wait(kind, attempts, lambda: chance)
    assert (wait is None) == (planned is None)
    if wait is not None:
        assert 0.8 * planned <= wait <= 1.2 * planned


def test_chance_is_used_when_nobody_gives_one():
    assert len({next_wait(Kind.DIGEST, 1) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        (Kind.READER_RESET, "5s 30s 1m 2m 5m"),
        (Kind.WELCOME, "10m 10m 10m 15m 30m"),
        (Kind.DIGEST, "30m 30m 30m 30m 1h"),
    ],
)
def test_what_may_have_been_accepted_is_repeated_more_and_more_slowly(kind, waits):
    found = [wait_after_uncertain(kind, attempts, middle) for attempts in range(1, 6)]
    assert found == [time(text) for text in waits.split()]


@given(kind=st.sampled_from([kind for kind in Kind if kind is not Kind.TEST]), chance=st.floats(0, 1))
def test_what_may_have_been_accepted_waits_a_varied_time(kind, chance):
    planned = schedule_of(kind).after_uncertain
    assert 0.8 * planned <= wait_after_uncertain(kind, 1, lambda: chance) <= 1.2 * planned


def test_a_service_that_fails_is_left_alone_for_longer_and_longer():
    planned = "2s 4s 8s 16s 1m 2m 4m 8m 16m 30m 30m 30m"
    assert [breaker_wait(failures) for failures in range(1, 13)] == [time(text) for text in planned.split()]
    assert breaker_wait(0) is None
    assert breaker_wait(-1) is None
    assert breaker_wait(10**9) == timedelta(minutes=30)


DIGEST = {"kinds": ["digest"], "waits": ["1m"], "life": "1h", "after_uncertain": "5s"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([DIGEST], "have no schedule"),
        ([DIGEST, {**DIGEST, "waits": []}], "digest has two schedules"),
        ([{**DIGEST, "waits": ["50m", "11m"]}], "outlast life"),
        ([{**DIGEST, "tried_for": "30s"}], "outlast life"),
        ([{**DIGEST, "life": "1 hour"}], "'1 hour' is not a time"),
        ([{**DIGEST, "waits": ["0s"]}], "'0s' is not a time"),
        ([{**DIGEST, "kinds": ["postcard"]}], "postcard"),
        ([{**DIGEST, "wait": "1m"}], "wait"),
        ([{"kinds": ["digest"], "waits": [], "life": "1h"}], "after_uncertain"),
    ],
)
def test_a_bad_plan_is_refused_and_named(rows, complaint):
    with pytest.raises(ValueError, match=complaint):
        schedules._schedules(rows)
