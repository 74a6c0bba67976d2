"""What a person reads before a large send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.delivery.estimates import DAY, Estimate, estimate

MICROSOFT = {"messages_per_minute": 25, "recipients_per_day": 10_000}
UNLIMITED = {"messages_per_minute": None, "recipients_per_day": None}
HUNDRED_A_DAY = {"messages_per_minute": None, "recipients_per_day": 100}
# 7,200 a day at most, so that the day's limit never makes anything wait.
SLOW = {"messages_per_minute": 5, "recipients_per_day": 10_000}

BECAUSE = "because this service sends at most"

# How many, how many wait before, how many were sent today, the limits, and the words.
SENDS = [
    (4_200, 0, 0, MICROSOFT, "4,200 messages, about 2 h 48 min"),
    (1, 0, 0, MICROSOFT, "1 message, less than a minute"),
    (25, 0, 0, MICROSOFT, "25 messages, about 1 min"),
    (26, 0, 0, MICROSOFT, "26 messages, about 2 min"),
    (4_500, 0, 0, MICROSOFT, "4,500 messages, about 3 h"),
    (100, 50, 0, MICROSOFT, "100 messages, about 6 min, with the 50 that wait before them"),
    (1, 49, 0, MICROSOFT, "1 message, about 2 min, with the 49 that wait before it"),
    (10_000, 0, 0, MICROSOFT, "10,000 messages, about 6 h 40 min"),
    (10_001, 0, 0, MICROSOFT, f"10,001 messages, about 1 day 1 h, {BECAUSE} 10,000 a day"),
    (100, 0, 9_950, MICROSOFT, f"100 messages, about 1 day 1 h, {BECAUSE} 10,000 a day"),
    (25_000, 0, 0, MICROSOFT, f"25,000 messages, about 3 days, {BECAUSE} 10,000 a day"),
    (1, 24_999, 0, MICROSOFT, f"1 message, about 3 days, with the 24,999 that wait before it, {BECAUSE} 10,000 a day"),
    (200, 0, 0, HUNDRED_A_DAY, f"200 messages, about 1 day, {BECAUSE} 100 a day"),
    (300, 0, 0, HUNDRED_A_DAY, f"300 messages, about 2 days, {BECAUSE} 100 a day"),
    (300, 0, 100, HUNDRED_A_DAY, f"300 messages, about 3 days, {BECAUSE} 100 a day"),
    (100, 0, 0, HUNDRED_A_DAY, "100 messages, as fast as the server takes them"),
    (20_000, 0, 0, SLOW, "20,000 messages, about 3 days"),
    (1_000_000, 0, 0, UNLIMITED, "1,000,000 messages, as fast as the server takes them"),
    (0, 70, 0, MICROSOFT, "no messages"),
]


@pytest.mark.parametrize(("count", "before", "sent", "limits", "words"), SENDS)
def test_a_send_is_estimated_in_words(count, before, sent, limits, words):
    assert estimate(count, waiting_before=before, sent_today=sent, **limits).words == words


@pytest.mark.parametrize(
    ("count", "before", "sent", "limits", "seconds"),
    [
        (4_200, 0, 0, MICROSOFT, 168 * 60),
        (4_100, 100, 0, MICROSOFT, 168 * 60),
        (10_000, 0, 10_000, MICROSOFT, DAY + 400 * 60),
        (5_000, 0, 5_000, MICROSOFT, 200 * 60),
        (10_000, 0, 12_000, MICROSOFT, DAY + 400 * 60),
        (20_025, 0, 0, MICROSOFT, 2 * DAY + 60),
        (20_000, 0, 0, SLOW, 4_000 * 60),
        (5_000, 0, 0, UNLIMITED, 0),
    ],
)
def test_a_send_is_estimated_in_seconds(count, before, sent, limits, seconds):
    assert estimate(count, waiting_before=before, sent_today=sent, **limits).seconds == seconds


LIMIT = st.none() | st.integers(1, 100_000)
AMOUNT = st.integers(0, 10_000_000)


@given(count=AMOUNT, before=AMOUNT, sent=AMOUNT, rate=LIMIT, day=LIMIT)
def test_no_estimate_promises_more_than_the_limits_allow(count, before, sent, rate, day):
    made = estimate(count, waiting_before=before, messages_per_minute=rate, recipients_per_day=day, sent_today=sent)
    assert isinstance(made, Estimate)
    if count and rate:
        assert made.seconds * rate >= (count + before) * 60
    if count and day:
        assert count + before <= max(day - sent, 0) + (made.seconds // DAY) * day
