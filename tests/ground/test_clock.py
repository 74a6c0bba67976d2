"""The clock: UTC everywhere, stopped by tests, shifted by a file in development."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kbadmin import clock

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def running_clock():
    yield
    clock.set_to(None)
    clock.follow(None)


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_stopped_clock_stands_still_and_runs_again():
    with clock.at(NEW_YEAR):
        assert clock.now() == NEW_YEAR
        with clock.at(NEW_YEAR + timedelta(days=1)):
            assert clock.now() == NEW_YEAR + timedelta(days=1)
        assert clock.now() == NEW_YEAR
    assert clock.now() != NEW_YEAR


def test_any_zone_may_be_given_and_utc_comes_back():
    clock.set_to(datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == NEW_YEAR
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(("content", "seconds"), [("3600", 3600), ("-60\n", -60), ("", 0), ("tomorrow", 0)])
def test_a_file_shifts_the_time_of_every_process_that_follows_it(tmp_path, content, seconds):
    file = tmp_path / "clock"
    file.write_text(content)
    clock.follow(file)
    assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_a_missing_file_shifts_by_nothing(tmp_path):
    clock.follow(tmp_path / "none")
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
