"""What changed between two texts."""

import time

from kbadmin.articles.differences import Mark, differences


def lines(before, after):
    return [(line.mark.value, "".join(f"[{p.text}]" if p.is_marked else p.text for p in line.pieces) or line.count)
            for line in differences(before, after)]  # fmt: skip


def test_the_same_text_has_none():
    assert lines("one\ntwo", "one\ntwo") == []


def test_changed_words_are_marked_in_both_lines():
    assert lines("Press the red button.", "Press the green button twice.") == [
        ("removed", "Press the [red] button."),
        ("added", "Press the [green] button[ twice]."),
    ]


def test_lines_that_came_and_went():
    assert lines("a\nb\nc", "a\nc\nd") == [("same", "a"), ("removed", "b"), ("same", "c"), ("added", "d")]


def test_only_the_surroundings_of_a_change_are_shown():
    before = "\n".join(f"line {number}" for number in range(20))
    found = lines(before, before.replace("line 10", "row 10"))
    assert found == [
        ("left out", 8), ("same", "line 8"), ("same", "line 9"), ("removed", "[line] 10"), ("added", "[row] 10"),
        ("same", "line 11"), ("same", "line 12"), ("left out", 7),
    ]  # fmt: skip


def test_everything_is_put_together_again_from_its_pieces():
    before, after = "x y\n\n  indented\n", "x  z\n\nindented\nmore"
    found = differences(before, after)
    texts = {mark: ["".join(p.text for p in line.pieces) for line in found if line.mark in (Mark.SAME, mark)]
             for mark in (Mark.REMOVED, Mark.ADDED)}  # fmt: skip
    assert texts[Mark.REMOVED] == before.splitlines()
    assert texts[Mark.ADDED] == after.splitlines()


def test_two_long_texts_without_anything_in_common_do_not_take_for_ever():
    before, after = ("\n".join(f"{name} {number}" for number in range(20_000)) for name in "ab")
    began = time.monotonic()
    assert len(differences(before, after)) == 40_000
    long_line = " ".join(str(number) for number in range(20_000))
    assert len(differences(long_line, long_line.replace("1", "x"))) == 2
    assert time.monotonic() - began < 20


def test_texts_of_few_words_that_repeat_do_not_take_for_ever_either():
    began = time.monotonic()
    assert len(differences("a\nb\n" * 900, "b\nc\na\n" * 600)) == 3600
    one, other = ("\n".join([f"{start} {'a b ' * 400} {start}"] * 140) for start in "xy")
    assert len(differences(one, other)) == 280
    hers, his = ("\n".join([" ".join(words * 300)] * 140) for words in (["a", "b"], ["b", "a", "a"]))
    assert len(differences(hers, his)) == 280
    assert time.monotonic() - began < 20  # Minutes, if they were compared.
