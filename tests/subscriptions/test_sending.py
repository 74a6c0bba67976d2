"""From the hour into mailboxes: what each reader gets is what they may see at the moment in which it leaves."""

import json
from dataclasses import fields, replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_network

import pytest
from sqlalchemy import select

from kbadmin import clock as house_clock
from kbadmin.articles import callouts, publishing, restrictions
from kbadmin.articles.models import Article, Callout
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.delivery import log_operations
from kbadmin.delivery.housekeeping import forget
from kbadmin.delivery.log_filters import Wanted
from kbadmin.delivery.log_operations import Deed
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.readers import operations as readers
from kbadmin.readers.models import Reader
from kbadmin.readers.operations import Belongings, Details
from kbadmin.smtp.models import SmtpService
from kbadmin.subscriptions import digest_words, fan_out, planning, runs, subscribing, unsubscribing
from kbadmin.subscriptions import settings as settings_of
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source, Target
from kbadmin.subscriptions.run_models import DigestRun, RunStage
from tests.databases import both_databases
from tests.fakes import hostile_smtp
from tests.portal.library import Made
from tests.subscriptions.readership import Readership, article, category

OLIVE = Actor(None, "Olive Owner")
HOUR = timedelta(hours=1)


@pytest.fixture
def settings(settings):
    return replace(settings, smtp_allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


@pytest.fixture
def server():
    with hostile_smtp.server("good", offers_starttls=False) as found:
        yield found


@pytest.fixture
def here(app, account, server, clock):
    """A knowledge base whose digest is due in an hour, through a service that is stopped until :func:`send`."""
    made = Readership(app, account, port=server.port, minute=10 * 60, intro="Hello {{first_name}}.")
    made.change(SmtpService, made.service_id, paused_at=house_clock.now(), pause_reason="a person")
    return made


def plan(here, worker, clock):
    """Let the hour come; the messages wait for the service."""
    clock.advance(hours=1)
    worker.sweep()
    worker.drain()


def send(here, worker, clock):
    here.change(SmtpService, here.service_id, paused_at=None, pause_reason=None)
    for _ in range(4):
        worker.sweep()
        worker.drain()
        clock.advance(seconds=11)


def mails(server):
    """What came, by recipient: the text, and the headers."""
    return {to: message_from_bytes(content, policy=default) for _, to, content in server.messages}


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def statuses(here):
    return {one.recipient: one.status for one in here.messages()}


def change(here, function, *arguments, **values):
    with here.inside(), unit_of_work():
        function(here.id, *arguments, **values)


@both_databases
def test_each_reader_gets_one_mail_with_their_own_words_and_links(app, account, here, server, worker, clock):
    staff = here.group("Staff")
    zoe = here.reader("zoe@example.com", first_name="Zoë", groups=[staff])
    ids = [here.subscriber(reader=zoe), here.subscriber(reader=here.reader("max@example.com", first_name="Max"))]
    here.subscriber(reader=here.reader("nameless@example.com", first_name=""))
    clock.advance(minutes=1)
    here.news("For everybody", callout=Callout.UPDATED, change_note="Fees & fines")
    here.news("For staff", groups=[staff])
    clock.advance(minutes=-1)

    plan(here, worker, clock)
    send(here, worker, clock)

    found = mails(server)
    assert set(found) == {"zoe@example.com", "max@example.com", "nameless@example.com"}
    assert "For staff" in text_of(found["zoe@example.com"])
    assert "For staff" not in str(found["max@example.com"])
    assert "Hello Max." in text_of(found["max@example.com"])
    assert "Hello nameless@example.com." in text_of(found["nameless@example.com"])
    assert "Fees & fines" in text_of(found["max@example.com"])
    with here.inside():
        tokens = [db.session.get(KnowledgeBaseSubscriber, one).token.reveal() for one in ids]
    for mail, token in zip((found["zoe@example.com"], found["max@example.com"]), tokens, strict=True):
        base = f"http://localhost/kb/{account.slug}"
        assert mail["List-Unsubscribe"] == f"<{base}/unsubscribe/{token}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["List-Id"] == f"<help.{account.slug}.localhost>"
        assert mail["List-Help"] == f"<{base}/subscriptions/{token}>"
        assert (mail["Precedence"], mail["Auto-Submitted"]) == ("bulk", "auto-generated")
        assert f"{base}/unsubscribe/{token}" in text_of(mail)
    [run] = here.runs()
    assert run.stage == RunStage.DONE
    assert run.tallies["sent"] == 3
    assert set(statuses(here).values()) == {Status.ACCEPTED}


@both_databases
def test_what_changes_before_it_leaves_is_decided_again(app, account, here, server, worker, clock):
    staff = here.group("Staff")
    shelf = here.category(here.id, "Shelf")
    insider = here.reader("insider@example.com", groups=[staff])
    here.subscriber(reader=insider)
    here.subscriber(reader=here.reader("outsider@example.com"))
    here.subscriber(reader=here.reader("one@example.com"), to=[{"target": "category", "category_id": shelf}])
    here.subscriber(reader=here.reader("both@example.com"))
    stays, goes = here.news("It stays", at=house_clock.now() + HOUR / 4), here.news("It goes", category=shelf)
    here.change(Article, goes, callout_at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    assert set(statuses(here).values()) == {Status.QUEUED}

    with here.inside(), unit_of_work():
        restrictions.restrict(db.session.get(Article, stays), frozenset([staff]))
        knowledge_bases.visibility_changed(here.id)
    change(here, publishing.withdraw, goes, actor=OLIVE)
    send(here, worker, clock)

    assert set(mails(server)) == {"insider@example.com"}
    assert "It goes" not in str(mails(server)["insider@example.com"])
    assert "It stays" in text_of(mails(server)["insider@example.com"])
    assert statuses(here)["one@example.com"] == Status.CANCELLED
    [cancelled] = {one.last_reply for one in here.messages() if one.status == Status.CANCELLED}
    assert cancelled == digest_words.NOTHING_LEFT
    assert not [one for one in here.messages() if one.parts_sealed], "nothing personal is kept of what is over"
    tally = tally_of(here)
    assert (tally.planned, tally.sent, tally.cancelled, tally.skipped) == (4, 1, 3, 0)


@both_databases
@pytest.mark.parametrize("moment", ["while it waits", "while it is being queued"])
def test_whoever_ends_one_of_several_subscriptions_is_not_told_of_it(app, account, here, server, worker, clock, moment):
    shelf, lamps = here.category(here.id, "Shelf"), here.category(here.id, "Lamps")
    bulbs = here.category(here.id, "Bulbs", parent=lamps)
    both = [category(shelf), category(lamps)]
    people = {name: here.subscriber(f"{name}@example.org", to=both, reader=here.reader(f"{name}@example.org"))
              for name in ("ends", "narrows", "stays")}  # fmt: skip
    other = here.subscriber(reader=here.reader("left@example.org"), to=[*both, article(here.news("Never told"))])
    for title, where in (("On the shelf", shelf), ("A lamp", lamps), ("A bulb", bulbs)):
        here.news(title, category=where, at=house_clock.now() + HOUR / 2)

    def change_their_minds():
        with here.inside():
            mine = {row.target_key: row.id for row in subscribing.subscriptions_of(people["ends"])}
            theirs = {row.target_key: row.id for row in subscribing.subscriptions_of(other)}
        with here.inside(), unit_of_work():
            row = db.session.get_one(KnowledgeBaseSubscriber, people["ends"])
            subscribing.unsubscribe_from(row, mine[str(shelf)], by=OLIVE)
            row = db.session.get_one(KnowledgeBaseSubscriber, other)
            for thing in (shelf, lamps):
                subscribing.unsubscribe_from(row, theirs[str(thing)], by=OLIVE)
            reader = db.session.scalar(select(Reader).filter_by(email="narrows@example.org"))
            subscribing.subscribe(
                db.session.get_one(KnowledgeBase, here.id), reader=reader, target=Target.CATEGORY, category_id=lamps,
                with_subcategories=False, source=Source.PORTAL, by=OLIVE,
            )  # fmt: skip

    if moment == "while it waits":
        plan(here, worker, clock)
        change_their_minds()
    else:
        clock.advance(hours=1)
        with here.inside(), unit_of_work():
            run_id = planning.begin_by_hand(here.id, actor=OLIVE).id
        with here.inside():
            work = fan_out._begun(run_id)
            chunk = fan_out._next(work)
            db.session.rollback()
            change_their_minds()
            assert fan_out._queue(work, chunk)
    send(here, worker, clock)

    told = {to: {one for one in ("On the shelf", "A lamp", "A bulb") if one in text_of(mail)}
            for to, mail in mails(server).items()}  # fmt: skip
    assert told == {
        "ends@example.org": {"A lamp", "A bulb"},
        "narrows@example.org": {"On the shelf", "A lamp"},
        "stays@example.org": {"On the shelf", "A lamp", "A bulb"},
    }
    assert statuses(here)["left@example.org"] == Status.CANCELLED


def test_the_same_items_are_only_stamped_anew_and_nobody_waits_longer_than_needed(here, server, worker, clock):
    here.readers(3)
    here.news("It stays", at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    bodies = {one.body_id for one in here.messages()}
    change(here, knowledge_bases.visibility_changed)
    send(here, worker, clock)
    assert len(server.messages) == 3
    assert {one.body_id for one in here.messages()} == bodies
    assert {one.attempts for one in here.messages()} == {1}, "being put off is no attempt"


@pytest.mark.parametrize("how", ["its callout ends", "its callout is taken away", "the knowledge base is archived"])
def test_a_callout_that_is_over_is_not_told_of(here, server, worker, clock, how):
    here.readers(1)
    article = here.news("Soon over", at=house_clock.now() + HOUR / 2, until=house_clock.now() + 2 * HOUR)
    plan(here, worker, clock)
    if how == "its callout ends":
        clock.advance(hours=2)
    elif how == "its callout is taken away":
        change(here, callouts.call_out, article, None, actor=OLIVE)
    else:
        change(here, knowledge_bases.archive, actor=OLIVE)
    send(here, worker, clock)
    assert server.messages == []
    assert set(statuses(here).values()) == {Status.CANCELLED}


def test_a_message_without_a_version_is_claimed_without_a_second_look(here, server, worker, clock):
    here.readers(2)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    with here.inside(), unit_of_work():
        for one in db.session.scalars(select(OutboxMessage)):
            one.visibility_version = None
    change(here, knowledge_bases.visibility_changed)
    send(here, worker, clock)
    assert len(server.messages) == 2


@both_databases
def test_what_was_planned_is_what_became_of_it_at_every_moment(app, account, here, server, worker, clock):
    here.readers(4)
    here.subscriber(reader=here.reader(status="disabled"))
    here.subscriber(reader=here.reader(access=[]))
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    assert balance(here) == (6, 4, 2)
    with here.inside(), unit_of_work():
        first = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
        first.status, first.settled_at = Status.HELD, house_clock.now()
    assert balance(here) == (6, 4, 2)
    send(here, worker, clock)
    assert here.runs()[0].stage == RunStage.DONE
    assert balance(here) == (6, 4, 2)
    with here.inside(), unit_of_work():
        for one in db.session.scalars(select(OutboxMessage)):
            db.session.delete(one)
    assert balance(here) == (6, 4, 2), "kept when the outbox has forgotten"


@both_databases
@pytest.mark.parametrize(
    ("how", "sent", "cancelled"),
    [("sent again", 2, 0), ("all sent again", 2, 0), ("cancelled", 1, 1), ("unsubscribed", 1, 1), ("deleted", 1, 1)],
)
def test_what_is_done_to_a_message_after_the_end_of_its_run_is_counted(
    app, account, here, server, worker, clock, how, sent, cancelled
):
    reader = add_reader(here, "held@example.org")
    held = here.subscriber(reader=reader)
    here.readers(1)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    hold = {"status": Status.HELD, "settled_at": house_clock.now()}
    [message] = [one for one in here.messages() if one.recipient == reader.email]
    here.change(OutboxMessage, message.id, **hold)
    send(here, worker, clock)
    assert (here.runs()[0].stage, tally_of(here).held, tally_of(here).sent) == (RunStage.DONE, 1, 1)

    with here.inside(), unit_of_work():
        match how:
            case "sent again" | "cancelled":
                deed = Deed.CANCEL if how == "cancelled" else Deed.SEND_AGAIN
                log_operations.do(message.public_id, deed, actor=OLIVE)
            case "all sent again":
                log_operations.do_to_all(Wanted(state=Status.HELD), Deed.SEND_AGAIN, actor=OLIVE, facts={})
            case "unsubscribed":
                unsubscribing.unsubscribe_all(db.session.get_one(KnowledgeBaseSubscriber, held), by=OLIVE)
            case "deleted":
                readers.remove(reader.id, actor=OLIVE)
    assert balance(here) == (2, 2, 0)
    assert tally_of(here).held == 0
    send(here, worker, clock)
    run = here.runs()[0]
    assert (run.stage, run.tallies["sent"], run.tallies["cancelled"]) == (RunStage.DONE, sent, cancelled)
    assert run.finished_at is not None


def test_what_a_stopped_service_keeps_waiting_is_over_after_three_days(here, worker, clock):
    here.readers(2)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    clock.advance(hours=71)
    worker.sweep()
    worker.drain()
    assert here.runs()[0].stage == RunStage.QUEUED
    clock.advance(hours=3)
    worker.sweep()
    worker.drain()
    assert here.runs()[0].stage == RunStage.DONE
    assert tally_of(here).expired == 2
    assert json.dumps(here.runs()[0].tallies)


@both_databases
@pytest.mark.parametrize("how", ["a bare address became a reader's", "the address is written otherwise now"])
def test_whoever_unsubscribes_gets_nothing_in_whatever_letters_the_address_is_written(
    app, account, server, worker, clock, how
):
    here = Readership(app, account, port=server.port, minute=10 * 60, is_public=True, audience=Audience.PUBLIC)
    here.change(SmtpService, here.service_id, paused_at=house_clock.now(), pause_reason="a person")
    if how == "a bare address became a reader's":
        mine = here.subscriber("Robin@example.org")
        add_reader(here, "robin@example.org")
    else:
        reader = add_reader(here, "Robin@example.org")
        mine = here.subscriber(reader=reader)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    assert list(statuses(here).values()) == [Status.QUEUED]
    if how == "the address is written otherwise now":
        with here.inside(), unit_of_work():
            readers.change(reader.id, Details("robin@example.org", "", "", {}), Belongings(), actor=OLIVE)
    with here.inside(), unit_of_work():
        unsubscribing.unsubscribe_all(db.session.get_one(KnowledgeBaseSubscriber, mine), by=OLIVE)
    send(here, worker, clock)
    assert server.messages == []
    assert list(statuses(here).values()) == [Status.CANCELLED]


@both_databases
def test_strangers_get_nothing_that_waits_once_only_readers_may_subscribe(app, account, server, worker, clock):
    here = Readership(app, account, port=server.port, minute=10 * 60, is_public=True, audience=Audience.PUBLIC)
    here.change(SmtpService, here.service_id, paused_at=house_clock.now(), pause_reason="a person")
    here.subscriber("stranger@example.org")
    here.subscriber(reader=add_reader(here, "reader@example.org"))
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    with here.inside():
        row = here.settings()
        wanted = settings_of.Wanted(**{one.name: getattr(row, one.name) for one in fields(settings_of.Wanted)})
    with here.inside(), unit_of_work():
        settings_of.change(here.id, replace(wanted, is_public=False), actor=OLIVE)
    send(here, worker, clock)
    assert list(mails(server)) == ["reader@example.org"]
    assert statuses(here)["stranger@example.org"] == Status.CANCELLED


def test_whoever_is_disabled_gets_nothing_in_whatever_letters_the_address_is_written(here, server, worker, clock):
    reader = add_reader(here, "Robin@example.org")
    here.subscriber("robin@EXAMPLE.org", reader=reader)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    with here.inside(), unit_of_work():
        readers.disable(reader.id, actor=OLIVE)
    assert list(statuses(here).values()) == [Status.CANCELLED]
    send(here, worker, clock)
    assert server.messages == []


@pytest.mark.parametrize(
    "intro", ['See [all]({{knowledge_base_link}} "{{first_name}}").', "``` {{first_name}}\ncode\n```"]
)
def test_a_field_where_nobody_sees_it_costs_nobody_their_digest(here, server, worker, clock, intro):
    here.set(intro=intro)
    here.readers(2)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    send(here, worker, clock)
    assert len(server.messages) == 2
    assert set(statuses(here).values()) == {Status.ACCEPTED}


def add_reader(here, email):
    with here.inside(), unit_of_work():
        made = readers.create(Details(email, "", "", {}), Belongings(), actor=OLIVE)
        return Made(made.id, made.email)


def tally_of(here):
    with here.inside():
        [run_id] = db.session.scalars(select(DigestRun.id).order_by(DigestRun.id).limit(1))
        return runs.tallies_of([run_id])[run_id]


def balance(here):
    tally = tally_of(here)
    assert tally.planned == tally.messages + tally.skipped
    return tally.planned, tally.messages, tally.skipped


@both_databases
@pytest.mark.parametrize("how", ["cancelled", "unsubscribed"])
def test_what_is_done_to_the_last_message_that_the_log_still_knows_is_counted(
    app, account, here, server, worker, clock, how
):
    reader = add_reader(here, "held@example.org")
    held = here.subscriber(reader=reader)
    here.readers(3)
    here.news(at=house_clock.now() + HOUR / 2)
    plan(here, worker, clock)
    [message] = [one for one in here.messages() if one.recipient == reader.email]
    here.change(OutboxMessage, message.id, status=Status.HELD, settled_at=house_clock.now())
    send(here, worker, clock)
    assert (here.runs()[0].stage, tally_of(here).held, tally_of(here).sent) == (RunStage.DONE, 1, 3)
    clock.advance(days=40)
    with app.app_context():
        forget(account.id, 30)
    with here.inside(), unit_of_work():
        if how == "cancelled":
            log_operations.do(message.public_id, Deed.CANCEL, actor=OLIVE)
        else:
            unsubscribing.unsubscribe_all(db.session.get_one(KnowledgeBaseSubscriber, held), by=OLIVE)
    for _ in range(2):
        tally = tally_of(here)
        assert (tally.sent, tally.held, tally.cancelled) == (3, 0, 1)
        send(here, worker, clock)
    assert here.runs()[0].stage == RunStage.DONE
