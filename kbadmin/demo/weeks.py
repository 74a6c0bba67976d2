"""What happened in the demo's account in the last ten weeks, so that every page has something to show.

Two letters could not be delivered: mail for ``nobody@…`` is refused by the demo's mail server. One address was refused
twice, and nothing is sent to it any more.
"""

import uuid
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.demo import subscribers, updates
from kbadmin.demo.content import Content
from kbadmin.demo.past import Event
from kbadmin.demo.updates import Updates
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import KnowledgeBase, SignUp
from kbadmin.readers import operations as readers
from kbadmin.readers.models import ReaderStatus
from kbadmin.readers.operations import Belongings, Details
from kbadmin.smtp import operations as smtp
from kbadmin.subscriptions import settings, trials
from kbadmin.subscriptions.settings import Wanted

BEGAN = timedelta(days=72)
_MONDAY_AND_THURSDAY = 0b0001001
_INTRO = """Hello {{first_name}},

this is new since our last e-mail."""
_FOOTER = """Questions? Answer this e-mail: it reaches our support."""
_MORE_READERS = (
    ("maya@example.org", "Maya", "Moreau"),
    ("jonas@example.org", "Jonas", "Jensen"),
    ("priya@example.org", "Priya", "Patel"),
    ("luca@example.org", "Luca", "Lombardi"),
    ("aylin@example.org", "Aylin", "Aydin"),
    ("tom@example.org", "Tom", "Taylor"),
)
_NOT_REACHED = Details("nobody@example.org", "Noah", "Novak", {})
_WAITS_TO_BE_LET_IN = Details("wilma@example.net", "Wilma", "Weber", {})


def events(
    found: Content, service_id: uuid.UUID, *, now: datetime, editor: Actor, writer: Actor, password_hash: str
) -> list[Event]:
    """All of it, in no order; call it in a write section, in which the second knowledge base is made.

    ``password_hash`` is of the password that everybody in the demo has.
    """
    made = updates.open_up(found.groups, actor=editor)
    people = found.readers | _add_readers(editor)
    return [
        *_set_up(made.knowledge_base, service_id, now, editor),
        *_stories(made, now, writer),
        *subscribers.coming_and_going(made, people, now=now, by=editor),
        Event(now - timedelta(days=4), partial(readers.disable, people["Tom"], actor=editor)),
        Event(now - timedelta(days=2), partial(_welcome_somebody, editor), wakes=True),
        Event(now - timedelta(hours=20), partial(_sign_up, found.knowledge_base, editor, password_hash)),
    ]


def _set_up(knowledge_base: uuid.UUID, service_id: uuid.UUID, now: datetime, by: Actor) -> list[Event]:
    """Everything ready, then paused until there was something to tell."""
    wanted = Wanted(
        smtp_service_id=service_id,
        weekdays=_MONDAY_AND_THURSDAY,
        minute=9 * 60,
        subject="What is new in {{knowledge_base}}",
        intro=_INTRO,
        footer=_FOOTER,
        allows_weekly=True,
        is_public=True,
    )
    first = now - timedelta(days=70)
    return [
        Event(first, partial(settings.change, knowledge_base, wanted, actor=by)),
        Event(first + timedelta(minutes=2), partial(_send_test, knowledge_base, service_id, by), wakes=True),
        Event(first + timedelta(minutes=4), partial(settings.turn_on, knowledge_base, actor=by)),
        Event(first + timedelta(minutes=6), partial(settings.pause, knowledge_base, actor=by)),
        Event(now - timedelta(days=18), partial(settings.resume, knowledge_base, actor=by), wakes=True),
        Event(now, partial(settings.change, knowledge_base, replace(wanted, allows_immediate=True), actor=by)),
    ]


def _send_test(knowledge_base: uuid.UUID, service_id: uuid.UUID, by: Actor) -> None:
    service = smtp.find(service_id)
    if service is not None:
        trials.send(knowledge_base, service, recipient="editor@example.com", actor=by)


def _stories(found: Updates, now: datetime, writer: Actor) -> list[Event]:
    publish = partial(updates.publish, found, actor=writer)
    rewrite = partial(updates.rewrite, found, actor=writer)
    beta = "How firmware is numbered", "A beta has the number of what it becomes.", "What a beta is."
    size = "Label One at a glance", "It is 120 mm wide and 180 mm long.", "Its measures are added."
    return [
        Event(now - timedelta(days=17), partial(publish, updates.MID_MONTH)),
        Event(now - timedelta(days=10), partial(publish, updates.POWER_SUPPLIES)),
        Event(now - timedelta(days=5.5), partial(publish, updates.OPEN_HOUSE)),
        Event(now - timedelta(days=5.5) + timedelta(minutes=5), partial(rewrite, *beta)),
        # So late that they are in the next digest.
        Event(now - timedelta(minutes=2), partial(publish, updates.NEWEST)),
        Event(now - timedelta(minutes=1), partial(rewrite, *size)),
    ]


def _add_readers(by: Actor) -> dict[str, uuid.UUID]:
    return {
        first: readers.create(Details(email, first, last, {}), Belongings(), actor=by).id
        for email, first, last in _MORE_READERS
    }


def _welcome_somebody(by: Actor) -> None:
    readers.create(_NOT_REACHED, Belongings(), sends_welcome=True, actor=by)


def _sign_up(knowledge_base_id: uuid.UUID, editor: Actor, password_hash: str) -> None:
    """Somebody may sign up for the readers' knowledge base, did, and waits to be let in."""
    here = db.session.get_one(KnowledgeBase, knowledge_base_id)
    wanted = knowledge_bases.Settings(**{one.name: getattr(here, one.name) for one in fields(knowledge_bases.Settings)})
    knowledge_bases.change_settings(here.id, replace(wanted, sign_up=SignUp.APPROVAL), actor=editor)
    reader = readers.create(
        _WAITS_TO_BE_LET_IN,
        Belongings(reads_everything=False, knowledge_bases=frozenset([here.id])),
        status=ReaderStatus.PENDING,
        how="reader signed up",
        actor=Actor(None, "Sign-up"),
    )
    reader.password_hash, reader.password_changed_at = password_hash, clock.now()
