"""A wording and a reader become a letter."""

from collections.abc import Mapping
from datetime import timedelta

from flask import render_template

from kbadmin.outbox.merge_fields import body, line
from kbadmin.outbox.rendering import Letter
from kbadmin.readers.wordings import FIELDS, Wording


def write(wording: Wording, values: Mapping[str, str]) -> Letter:
    """The letter with these values in the places of the fields."""
    merged = body(wording.body, FIELDS, values)
    subject = line(wording.subject, values)
    return Letter(subject, merged.text, render_template("emails/written.html", body=merged.html))


def in_words(lifetime: timedelta) -> str:
    """How long a link works, as one says it: ``60 minutes``, ``72 hours``, ``14 days``."""
    minutes = int(lifetime.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours <= 72 or hours % 24 else f"{hours // 24} days"
