"""What a form showed: compared with what is stored when it comes back."""

import uuid

import pytest

from kbadmin import seen
from kbadmin.audit.operations import Subject
from kbadmin.seen import ChangedMeanwhile, Trail

TRACE = Trail(Subject("thing", uuid.uuid4(), "Thing"), ("thing changed",))
SHOWN = {"name": "One", "hours": 72, "groups": frozenset({"a", "b"}), "note": None}


def changed(text, *, now, wanted):
    """The names of what would be written over unseen."""
    try:
        seen.require_unchanged(seen.read(text), now=now, wanted=wanted, trail=TRACE)
    except ChangedMeanwhile as error:
        return error.names
    return ()


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("now", "wanted", "names"),
    [
        (SHOWN, SHOWN | {"name": "Mine"}, ()),
        (SHOWN | {"name": "Theirs"}, SHOWN | {"name": "Mine"}, ("name",)),
        (SHOWN | {"name": "Theirs"}, SHOWN | {"note": "Mine"}, ("name",)),
        (SHOWN | {"name": "Same"}, SHOWN | {"name": "Same"}, ()),
        (SHOWN | {"hours": 24, "groups": {"a"}}, SHOWN, ("hours", "groups")),
        (SHOWN | {"hours": 24}, {"name": "Mine"}, ()),  # What would not be written is not asked about.
        (SHOWN, {"name": "Mine", "hours": "72", "groups": ["b", "a"], "note": ""}, ()),
        ({}, SHOWN, ("name", "hours", "groups")),  # It was deleted.
    ],
)
def test_what_would_be_written_over_unseen_is_named(app, now, wanted, names):
    with app.app_context():
        assert changed(seen.stamp(SHOWN), now=now, wanted=wanted) == names


def test_a_form_that_was_opened_on_nothing_has_not_seen_what_is_there(app):
    with app.app_context():
        assert changed(seen.stamp({}), now=SHOWN, wanted=SHOWN | {"name": "Mine"}) == ("name",)
        assert changed(seen.stamp({}), now={}, wanted=SHOWN) == ()


@pytest.mark.parametrize(
    "text", ["", " ", "x", "name:0", "99999999999999999999", "-1", "1 name", "٣ name:1", "1 name:1 name:1", "1\0"]
)
def test_a_stamp_that_says_nothing_has_seen_nothing(app, text):
    with app.app_context():
        assert changed(text, now=SHOWN, wanted=SHOWN | {"name": "Mine"}) == ("name",)


def test_who_has_no_form_is_not_asked(app):
    with app.app_context():
        seen.require_unchanged(None, now=SHOWN, wanted=SHOWN | {"name": "Mine"}, trail=TRACE)


def test_line_ends_make_no_difference(app):
    with app.app_context():
        stamp = seen.stamp({"text": "one\ntwo"})
        assert changed(stamp, now={"text": "one\r\ntwo"}, wanted={"text": "other"}) == ()
