"""Load: whether another thread would help this process, or be one too many."""

import pytest

from kbadmin.delivery.load import BREATHLESS, EASY, Load


@pytest.mark.parametrize(
    ("used", "is_easy", "is_too_much"),
    [(0.0, True, False), (EASY - 0.01, True, False), (EASY, False, False), (BREATHLESS, False, True)],
)
def test_processor_time_per_second_decides(used, is_easy, is_too_much):
    load = Load(100.0, 0.0)
    load.measure(101.0, used)
    assert (load.is_easy(), load.is_too_much()) == (is_easy, is_too_much)


def test_only_what_was_used_since_the_last_look_counts():
    load = Load(100.0, 7.0)
    load.measure(101.0, 9.0)
    load.measure(103.0, 9.2)
    assert load.is_easy()


def test_before_it_has_looked_it_asks_for_nothing():
    load = Load(100.0, 7.0)
    assert not load.is_easy()
    assert not load.is_too_much()


def test_one_thread_too_many_is_told_once_for_each_look():
    load = Load(100.0, 7.0)
    load.measure(101.0, 9.0)
    assert [load.is_too_much() for _ in range(3)] == [True, False, False]
    load.measure(102.0, 11.0)
    assert load.is_too_much()
