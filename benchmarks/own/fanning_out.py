"""A digest run to many subscribers, as the product queues it, beside a bare insert of the same rows."""

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from benchmarks.figures import Figures
from benchmarks.own.claims import ground_with
from benchmarks.own.installation import Sending, installed, sending
from benchmarks.rounds import Scale
from kbadmin import clock
from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import db, own_session, unit_of_work
from kbadmin.encryption import Secret, fingerprint, new_token
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.fan_out import CHUNK
from kbadmin.outbox.models import MESSAGES
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader
from kbadmin.subscriptions import fan_out, planning
from kbadmin.subscriptions.models import (
    Frequency,
    KnowledgeBaseSubscriber,
    Source,
    Subscriber,
    Subscription,
    SubscriptionSettings,
    Target,
)
from kbadmin.subscriptions.run_models import DigestRun, RunStage


@dataclass(frozen=True)
class FanOut:
    """A subject: everybody subscribes to a knowledge base that has something to tell. Every reader is asked about."""

    database: str = "sqlite"
    share: float = 10.0

    def __call__(self, scale: Scale) -> Figures:
        """Answers rows a second, the bare insert's time as a part of ours, and by how much memory grew."""
        count = scale.part(self.share)
        with ground_with(self.database) as ground, installed(ground):
            found = sending(ground)
            knowledge_base_id = _knowledge_base(found)
            for start in range(0, count, 1000):
                _subscribe(knowledge_base_id, range(start, min(start + 1000, count)))
            with unit_of_work():
                planning.begin_by_hand(knowledge_base_id, actor=COMMAND_LINE)
            before = _memory()
            took = _timed(lambda: _run_to_its_end(found))
            grown = _memory() - before
            db.session.rollback()
            bare = _bare(found)
            return {
                "rows/s": count / took,
                "µs/message": took / count * 1e6,
                "of a bare insert's speed": bare / took,
                "memory growth, MiB": grown,
            }


def _timed(function) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _memory() -> float:
    """What this process holds now, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _run_to_its_end(found: Sending) -> None:
    """The task and those that it asks for, one after the other as a worker would."""
    run = db.session.scalars(select(DigestRun)).one()
    while run.stage == RunStage.FANNING_OUT:
        fan_out.fan_out_digests(str(found.account_id), str(run.id))
        db.session.refresh(run)


def _bare(found: Sending) -> float:
    """Take all rows out, and insert them again as fast as SQLAlchemy can, in transactions of the same size."""
    with own_session(found.account_id) as session:
        rows = [dict(row) for row in session.execute(select(*MESSAGES.c)).mappings()]
        session.execute(MESSAGES.delete())
    return _timed(lambda: [_insert(found, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)])


def _insert(found: Sending, rows: list[dict]) -> None:
    with own_session(found.account_id) as session:
        assert isinstance(session, Session)
        session.connection().execute(insert(MESSAGES), rows)


def _knowledge_base(found: Sending):
    with unit_of_work():
        made = knowledge_bases.create(name="Help", time_zone="UTC", audience=Audience.READERS, actor=COMMAND_LINE)
        settings = SubscriptionSettings(knowledge_base_id=made.id, smtp_service_id=found.service_id, is_on=True)
        db.session.add(settings)
        for number in range(5):
            article = Article(knowledge_base_id=made.id, title=f"News {number}", slug=f"news-{number}")
            article.status, article.callout = ArticleStatus.PUBLISHED, Callout.NEW
            article.callout_at = clock.now() - timedelta(minutes=1)
            db.session.add(article)
        db.session.flush()
        return made.id


def _subscribe(knowledge_base_id, numbers: range) -> None:
    since = clock.now() - timedelta(hours=1)
    with unit_of_work():
        readers = [_reader(number) for number in numbers]
        people = [Subscriber(email=one.email, email_key=one.email_key, reader_id=one.id) for one in readers]
        here = [_here(knowledge_base_id, one, since) for one in people]
        wanted = [
            Subscription(knowledge_base_subscriber_id=one.id, target=Target.KNOWLEDGE_BASE, target_key="all")
            for one in here
        ]
        for rows in (readers, people, here, wanted):
            db.session.add_all(rows)
            db.session.flush()
        db.session.expunge_all()


def _reader(number: int) -> Reader:
    email = f"reader-{number}@example.org"
    return Reader(email=email, **vars(keys_of(email, "Robin", "Reader")), first_name="Robin", last_name="Reader")


def _here(knowledge_base_id, person: Subscriber, since) -> KnowledgeBaseSubscriber:
    token = new_token()
    here = KnowledgeBaseSubscriber(
        knowledge_base_id=knowledge_base_id, subscriber_id=person.id, frequency=Frequency.SCHEDULED,
        source=Source.ADDED, told_until_at=since, token_fingerprint=fingerprint(token),
    )  # fmt: skip
    here.token = Secret(token)
    return here
