"""Slots of a schedule: one for each date that a place's calendar has, whatever its clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbadmin.subscriptions.models import EVERY_DAY
from kbadmin.subscriptions.schedule import Schedule, exists, first_moment, next_slot, slots

STEP = timedelta(minutes=5)
#: Where clocks change in the middle of these 72 hours: by an hour, by half an hour, over midnight, by a whole day.
CHANGES = {
    "Berlin, forward": ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
    "Berlin, back": ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)),
    "New York, forward": ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)),
    "New York, back": ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    "Lord Howe, forward": ("Australia/Lord_Howe", datetime(2026, 10, 2, tzinfo=UTC)),
    "Lord Howe, back": ("Australia/Lord_Howe", datetime(2026, 4, 3, tzinfo=UTC)),
    "Santiago, over midnight": ("America/Santiago", datetime(2026, 9, 5, tzinfo=UTC)),
    "Apia without 30 December": ("Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC)),
    "Kwajalein without 21 August": ("Pacific/Kwajalein", datetime(1993, 8, 20, tzinfo=UTC)),
}
MINUTES = (0, 2 * 60 + 15, 2 * 60 + 30, 9 * 60, 23 * 60 + 59)


def fired(zone, minute, since):
    """What a sweep finds that looks every five minutes for 72 hours, and keeps the moment of its last look."""
    schedule, found = Schedule(EVERY_DAY, minute, zone), []
    for number in range(72 * 12):
        here = since + number * STEP
        found += slots(schedule, after=here, until=here + STEP)
    return found


@pytest.mark.parametrize("where", CHANGES)
def test_there_is_one_slot_for_each_local_date_while_clocks_change(where):
    zone, since = CHANGES[where]
    until = since + timedelta(hours=72)
    place, days = ZoneInfo(zone), []
    for number in range(72 * 60):
        if (day := (since + timedelta(minutes=number)).astimezone(place).date()) not in days:
            days.append(day)
    for minute in MINUTES:
        found = fired(zone, minute, since)
        seen = [slot.day for slot in found]
        assert len(set(seen)) == len(seen)
        assert found == list(slots(Schedule(EVERY_DAY, minute, zone), after=since, until=until))
        whole = days[1:-1]  # The first and the last are seen in part: their minute may be outside.
        assert set(whole) <= set(seen) <= set(days)


@pytest.mark.parametrize(
    ("zone", "day", "minute", "due"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 2 * 60 + 30, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),  # Does not exist.
        ("Europe/Berlin", date(2026, 10, 25), 2 * 60 + 30, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # Occurs twice.
        ("Australia/Lord_Howe", date(2026, 10, 4), 2 * 60 + 15, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 4, 5), 1 * 60 + 45, datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), 0, datetime(2026, 9, 6, 4, 0, tzinfo=UTC)),
        ("Asia/Kathmandu", date(2026, 1, 1), 9 * 60, datetime(2026, 1, 1, 3, 15, tzinfo=UTC)),
    ],
)
def test_a_time_that_does_not_exist_is_due_after_the_gap_and_one_that_occurs_twice_the_first_time(
    zone, day, minute, due
):
    assert first_moment(day, minute, ZoneInfo(zone)) == due


def test_a_date_that_was_left_out_has_no_slot():
    assert not exists(date(2011, 12, 30), ZoneInfo("Pacific/Apia"))
    assert not exists(date(1993, 8, 21), ZoneInfo("Pacific/Kwajalein"))
    fridays = Schedule(1 << 4, 9 * 60, "Pacific/Apia")
    assert next_slot(fridays, after=datetime(2011, 12, 23, 20, tzinfo=UTC)).day == date(2012, 1, 6)


def test_only_chosen_weekdays_have_slots_and_none_chosen_means_none():
    monday, thursday = date(2026, 3, 2), date(2026, 3, 5)
    schedule = Schedule(0b0001001, 9 * 60 + 7, "UTC")
    found = slots(schedule, after=datetime(2026, 3, 2, tzinfo=UTC), until=datetime(2026, 3, 8, tzinfo=UTC))
    assert [(slot.day, slot.due_at.hour, slot.due_at.minute) for slot in found] == [(monday, 9, 7), (thursday, 9, 7)]
    assert next_slot(Schedule(0, 0, "UTC"), after=datetime(2026, 3, 2, tzinfo=UTC)) is None
    at_its_time = datetime(2026, 3, 2, 9, 7, tzinfo=UTC)
    assert next_slot(schedule, after=at_its_time).day == thursday


zones = st.sampled_from(sorted({zone for zone, _ in CHANGES.values()} | {"Asia/Kathmandu", "Africa/Casablanca"}))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@settings(max_examples=150)
@given(
    zone=zones, weekdays=st.integers(0, EVERY_DAY), minute=st.integers(0, 1439), start=moments,
    pieces=st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=3)), min_size=1, max_size=6),
)  # fmt: skip
def test_however_often_one_looks_each_slot_is_found_once_and_in_order(zone, weekdays, minute, start, pieces):
    schedule, here, found = Schedule(weekdays, minute, zone), start, []
    for piece in pieces:
        found += slots(schedule, after=here, until=here + piece)
        here += piece
    assert found == list(slots(schedule, after=start, until=here))
    assert found == sorted(found)
    assert len({slot.day for slot in found}) == len(found)
    for slot in found:
        local = slot.due_at.astimezone(ZoneInfo(zone))
        assert schedule.is_on(slot.day)
        assert (local.date(), local.hour * 60 + local.minute) >= (slot.day, minute)
        just_before = (slot.due_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert just_before < datetime(slot.day.year, slot.day.month, slot.day.day, minute // 60, minute % 60) or (
            local.fold == 1
        )
