"""``kbadmin digests due``: one line for each knowledge base, with the number or the reason."""

from datetime import timedelta

from kbadmin import clock as house_clock
from tests.subscriptions.readership import Readership


def test_it_says_what_goes_next_to_how_many_and_why_the_rest_does_not(app, two_accounts, clock):
    ours, theirs = two_accounts
    here = Readership(app, ours)
    here.readers(2, since=house_clock.now() - timedelta(hours=1))
    here.subscriber(reader=here.reader(status="disabled"))
    here.news()
    here.knowledge_base("Another")
    Readership(app, theirs, paused_at=house_clock.now())

    said = app.test_cli_runner().invoke(args=["digests", "due"]).output.splitlines()

    assert said == [
        f"{ours.name} / Another: nothing leaves. Subscriptions are off. Turn them on in the subscription settings.",
        f"{ours.name} / Help: next 2026-03-02 10:00 UTC; 2 of 3 subscribers would be told of 1 article.",
        f"{theirs.name} / Help: nothing leaves. Digests are paused. Resume them in the subscription settings.",
    ]
