"""Several conversations in one thread: who gives way to whom, and what ends a wait."""

import socket
import threading
import time
from contextvars import ContextVar

import pytest

from kbadmin.smtp.multiplexing import READABLE, WRITABLE, Multiplexer, aside, current

COLOUR = ContextVar("COLOUR", default="none")


def run(*functions, look=lambda: None, look_seconds=0.01):
    slices = Multiplexer()
    for function in functions:
        slices.start(function)
    slices.run(look_seconds=look_seconds, look=look)
    assert slices.count == 0


@pytest.fixture
def line():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_while_one_waits_another_goes_on(line):
    ours, theirs = line
    told = []

    def asks():
        told.append("asks")
        current().wait(ours, READABLE, 60)
        told.append(ours.recv(10))

    def answers():
        told.append("answers")
        theirs.send(b"yes")

    run(asks, answers)
    assert told == ["asks", "answers", b"yes"]


def test_who_waits_too_long_is_told_and_nobody_else(line):
    ours, theirs = line
    told = []

    def waits_in_vain():
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            current().wait(ours, READABLE, 0.05)
        told.append(time.monotonic() - began >= 0.05)

    def waits_well():
        current().wait(theirs, WRITABLE, 60)
        told.append("written")

    run(waits_in_vain, waits_well)
    assert told == ["written", True]


def test_after_a_wait_in_vain_the_next_one_is_judged_by_itself(line):
    ours, theirs = line
    heard = []

    def tries_twice():
        with pytest.raises(TimeoutError):
            current().wait(ours, READABLE, 0.01)
        theirs.send(b"late")
        current().wait(ours, READABLE, 60)
        heard.append(ours.recv(10))

    run(tries_twice)
    assert heard == [b"late"]


def test_a_pause_lets_everybody_else_go_as_far_as_they_can():
    told = []

    def talks(name):
        def function():
            for number in (1, 2):
                told.append(f"{name}{number}")
                current().pause()

        return function

    run(talks("a"), talks("b"))
    assert told == ["a1", "b1", "a2", "b2"]


def test_one_may_start_another_and_so_may_a_look(line):
    ours, theirs = line
    slices, told = Multiplexer(), []

    def waits():
        slices.start(lambda: told.append("from one of them"))
        slices.wait(ours, READABLE, 60)
        told.append("the first goes on")

    def look():
        if slices.count == 1 and "from a look" not in told:
            slices.start(lambda: (told.append("from a look"), theirs.send(b"."))[0])

    slices.start(waits)
    slices.run(look_seconds=0.01, look=look)
    assert told == ["from one of them", "from a look", "the first goes on"]


def test_it_looks_also_while_there_is_no_end_of_work():
    looks = []

    def busy():
        while len(looks) < 3:
            current().pause()

    run(busy, busy, look=lambda: looks.append(time.monotonic()))
    assert len(looks) == 3


def test_what_blocks_is_done_aside_while_others_go_on():
    told, may_end = [], threading.Event()

    def blocks():
        assert may_end.wait(60)
        return threading.current_thread(), COLOUR.get()

    def first():
        COLOUR.set("red")
        told.append(aside(blocks))

    def second():
        told.append("goes on")
        may_end.set()

    run(first, second)
    assert told[0] == "goes on"
    thread, colour = told[1]
    assert thread is not threading.current_thread()
    assert colour == "red"
    assert COLOUR.get() == "none"


def test_what_fails_aside_fails_for_whoever_asked():
    def fails():
        raise LookupError("not there")

    def asks():
        with pytest.raises(LookupError, match="not there"):
            aside(fails)

    run(asks)
    with pytest.raises(LookupError, match="not there"):
        aside(fails)


def test_alone_nothing_is_multiplexed():
    assert current() is None
    assert aside(threading.current_thread) is threading.current_thread()
