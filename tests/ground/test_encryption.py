"""Secrets: they do not print, and a sealed one opens in its own place with its own key, nowhere else."""

import copy
import json
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kbadmin.encryption import KeyRing, Place, Secret, Unreadable, fingerprint, json_default, key_id, new_token
from kbadmin.key_settings import new_key_line, read_keys

PLACE = Place("smtp_services", "password_sealed", "account-1", "row-1", "smtp.example.com|587|starttls|kb")
OLD, NEW = (read_keys(new_key_line(kid), None)[0] for kid in ("old", "new"))


def sealed(ring, text="hunter2", purpose="smtp", place=PLACE):
    return ring.seal(Secret(text), purpose=purpose, place=place)


RING = KeyRing([NEW])
ENVELOPE = sealed(RING)


@given(st.text())
def test_what_was_sealed_opens(text):
    ring = KeyRing([NEW])
    assert ring.open(sealed(ring, text), purpose="smtp", place=PLACE).reveal() == text


@pytest.mark.parametrize("part", ["table", "column", "account", "row", "destination"])
def test_a_sealed_value_does_not_open_in_another_place(part):
    ring = KeyRing([NEW])
    with pytest.raises(Unreadable):
        ring.open(sealed(ring), purpose="smtp", place=PLACE._replace(**{part: "elsewhere"}))


def test_a_sealed_value_does_not_open_for_another_purpose():
    ring = KeyRing([NEW])
    with pytest.raises(Unreadable):
        ring.open(sealed(ring), purpose="outbox", place=PLACE)


def test_an_old_key_still_opens_after_rotation():
    envelope = sealed(KeyRing([OLD]))
    ring = KeyRing([NEW, OLD])
    assert ring.open(envelope, purpose="smtp", place=PLACE) == Secret("hunter2")
    assert not ring.is_current(envelope)
    assert ring.is_current(sealed(ring))
    assert key_id(envelope) == "old"


COLUMN = {"purpose": "smtp", "table": PLACE.table, "column": PLACE.column, "account": PLACE.account}


@given(st.lists(st.tuples(st.text(), st.text(), st.text())))
def test_a_column_is_sealed_and_opened_as_each_of_its_values_is(values):
    ring = KeyRing([NEW, OLD])
    together = list(ring.seal_column(values, **COLUMN))
    places = [PLACE._replace(row=row, destination=destination) for _, row, destination in values]
    opened = [
        ring.open_text(one, purpose="smtp", place=place) for one, place in zip(together, places, strict=True)
    ]  # fmt: skip
    assert opened == [text for text, _, _ in values]
    assert len(set(together)) == len(values)
    alone = [
        (KeyRing([key]).seal_text(text, purpose="smtp", place=place), place.row, place.destination)
        for (text, _, _), place in zip(values, places, strict=True)
        for key in (OLD, NEW)
    ]
    assert list(ring.open_column(alone, **COLUMN))[::2] == opened


@pytest.mark.parametrize("part", ["purpose", *COLUMN])
def test_a_column_does_not_open_in_another_place(part):
    with pytest.raises(Unreadable, match="row-1 does not open"):
        list(RING.open_column([(ENVELOPE, PLACE.row, PLACE.destination)], **COLUMN | {part: "elsewhere"}))


@pytest.mark.parametrize(("row", "destination"), [("row-2", PLACE.destination), (PLACE.row, "elsewhere")])
def test_a_value_of_a_column_does_not_open_in_another_row_or_for_another_destination(row, destination):
    with pytest.raises(Unreadable):
        list(RING.open_column([(ENVELOPE, row, destination)], **COLUMN))


def test_an_unknown_key_in_a_column_is_named():
    with pytest.raises(Unreadable, match="'old' is not among"):
        list(RING.open_column([(sealed(KeyRing([OLD])), PLACE.row, PLACE.destination)], **COLUMN))


def test_an_unknown_key_is_named_without_the_value():
    with pytest.raises(Unreadable, match="'old' is not among"):
        KeyRing([NEW]).open(sealed(KeyRing([OLD])), purpose="smtp", place=PLACE)


@pytest.mark.parametrize("envelope", ["", "hunter2", "v2.new.AAAA", "v1..AAAA", "v1.new.", "v1.new.%%%", "v1.new.AAAA"])
def test_what_is_no_envelope_is_never_taken_for_plaintext(envelope):
    with pytest.raises(Unreadable):
        KeyRing([NEW]).open(envelope, purpose="smtp", place=PLACE)


@given(st.integers(0, 50), st.sampled_from("ABCDabcd0123-_"))
def test_a_damaged_envelope_does_not_open(offset, other):
    envelope = ENVELOPE
    position = len("v1.new.") + offset % (len(envelope) - len("v1.new.") - 2)  # The last characters may carry padding.
    assume(envelope[position] != other)
    with pytest.raises(Unreadable):
        RING.open(envelope[:position] + other + envelope[position + 1 :], purpose="smtp", place=PLACE)


def test_the_same_secret_seals_differently_each_time():
    ring = KeyRing([NEW])
    assert sealed(ring) != sealed(ring)


def test_a_secret_does_not_print():
    secret = Secret("hunter2hunter2")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        repr([secret]),
        repr({"p": secret}),
    ]
    assert all("hunter2" not in text for text in shown)
    assert json.dumps({"p": secret}, default=json_default) == json.dumps({"p": "•••"})


@pytest.mark.parametrize(
    "attempt", [pickle.dumps, json.dumps, copy.deepcopy], ids=lambda function: function.__qualname__
)
def test_a_secret_does_not_travel(attempt):
    with pytest.raises(TypeError):
        attempt(Secret("hunter2"))


def test_secrets_are_equal_by_value():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")


def test_tokens_are_random_and_kept_as_fingerprints():
    first, second = new_token(), new_token()
    assert first != second
    assert len(first) >= 43
    assert first not in fingerprint(first)
    assert len(fingerprint(first)) == 64
