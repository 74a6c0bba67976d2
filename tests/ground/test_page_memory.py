"""A memory for pages: never more bytes than it may take, and those that are asked for stay."""

import threading
from dataclasses import dataclass

from kbadmin.page_memory import PageMemory

KIB = 1024


@dataclass(frozen=True)
class Sheet:
    size: int


def test_what_was_not_asked_for_longest_goes_first():
    memory = PageMemory[Sheet](40 * KIB)
    for number in range(9):
        memory.put(number, Sheet(3 * KIB))
    assert memory.get(0)
    memory.put("one more", Sheet(3 * KIB))
    memory.put("another", Sheet(3 * KIB))
    assert [memory.get(number) is not None for number in range(4)] == [True, False, True, True]


def test_it_never_takes_more_than_it_may():
    memory = PageMemory[Sheet](100 * KIB)
    for number in range(1000):
        memory.put(number, Sheet(number % 9 * KIB))
        assert memory.used <= 100 * KIB
    assert len(memory) > 10


def test_a_page_takes_the_place_of_the_one_before():
    memory = PageMemory[Sheet](100 * KIB)
    for size in (1, 2, 3):
        memory.put("page", Sheet(size))
    assert (len(memory), memory.get("page"), memory.used) == (1, Sheet(3), KIB + 3)


def test_one_page_does_not_drive_out_all_others():
    memory = PageMemory[Sheet](100 * KIB)
    memory.put("small", Sheet(KIB))
    memory.put("page", Sheet(KIB))
    memory.put("page", Sheet(50 * KIB))
    assert (memory.get("small"), memory.get("page")) == (Sheet(KIB), None)


def test_without_room_nothing_is_kept():
    memory = PageMemory[Sheet](0)
    memory.put("page", Sheet(0))
    assert memory.get("page") is None


def test_threads_may_use_it_at_the_same_time():
    memory, errors = PageMemory[Sheet](50 * KIB), []

    def use(first: int) -> None:
        try:
            for number in range(3000):
                memory.put((first + number) % 70, Sheet(number % 3 * KIB))
                memory.get(number % 70)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=use, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert 0 < memory.used <= 50 * KIB
