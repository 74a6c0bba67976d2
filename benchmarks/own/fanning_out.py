"""A digest run to many subscribers, as the product queues it, beside a bare insert of the same rows."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Insert, insert, select, text

from benchmarks.figures import Figures
from benchmarks.own.claims import ground_with
from benchmarks.own.installation import Sending, installed, sending
from benchmarks.own.writes import writing
from benchmarks.rounds import Scale
from kbadmin import clock
from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.audit.operations import COMMAND_LINE
from kbadmin.database import db, new_id, own_session, unit_of_work
from kbadmin.encryption import Place, fingerprint, new_token
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import MESSAGES
from kbadmin.readers.keys import keys_of
from kbadmin.readers.models import Reader
from kbadmin.sealing import ring
from kbadmin.subscriptions import entitlement, fan_out, planning
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
from kbadmin.tenancy import current_account

_CHUNK = 5_000


@dataclass(frozen=True)
class FanOut:
    """A subject: everybody subscribes to a knowledge base that has something to tell. Every reader is asked about."""

    database: str = "sqlite"
    share: float = 10.0
    is_watched: bool = False  # Somebody else writes meanwhile, which takes time from both.

    def __call__(self, scale: Scale) -> Figures:
        """Answers rows a second, the bare insert's time as a part of ours, and by how much memory grew."""
        count = scale.part(self.share)
        with ground_with(self.database) as ground, installed(ground):
            found = sending(ground)
            knowledge_base_id = _knowledge_base(found)
            _subscribe(knowledge_base_id, count)
            with unit_of_work():
                planning.begin_by_hand(knowledge_base_id, actor=COMMAND_LINE)
            if self.is_watched:
                with writing(ground) as waits:
                    took = _timed(lambda: _run_to_its_end(found))
                return {"rows/s": count / took, "longest stall, ms": max(waits) * 1e3}
            before = _memory()
            took = _timed(lambda: _run_to_its_end(found))
            grown = _memory() - before
            db.session.rollback()
            bare = _bare(found)
            return {
                "rows/s": count / took,
                "µs/message": took / count * 1e6,
                "of a bare insert's speed": bare["driver"] / took,
                "of SQLAlchemy's bare insert's speed": bare["SQLAlchemy"] / took,
                "bare rows/s": count / bare["driver"],
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


def _bare(found: Sending) -> dict[str, float]:
    """Take all rows out, and insert them again, waiting for the disk as often as the fan-out does; answers seconds.

    By the driver's own ``executemany``, from values as the driver takes them; and, to see what that costs, by
    SQLAlchemy, which makes them of Python's.
    """
    with own_session(found.account_id) as session:
        connection = session.connection()
        cursor = connection.exec_driver_sql(f"SELECT * FROM {MESSAGES.name} ORDER BY id")
        names = list(cursor.keys())
        raw = [tuple(row) for row in cursor]
        typed = [dict(row) for row in session.execute(select(*MESSAGES.c).order_by(MESSAGES.c.id)).mappings()]
    mark = "?" if db.engine.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO {MESSAGES.name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    took = {}
    for name, way, rows in (("driver", statement, raw), ("SQLAlchemy", insert(MESSAGES), typed)):
        _empty()
        took[name] = _timed(lambda: [_insert(found, way, chunk) for chunk in _chunks(rows)])  # noqa: B023 - At once.
    return took


def _chunks(rows: list) -> Iterator[list]:
    return (rows[start : start + entitlement.CHUNK] for start in range(0, len(rows), entitlement.CHUNK))


def _insert(found: Sending, way: str | Insert, rows: list) -> None:
    with own_session(found.account_id) as session:
        if isinstance(way, str):
            session.connection().connection.cursor().executemany(way, rows)
        else:
            session.connection().execute(way, rows)


def _empty() -> None:
    """Without traces: neither free pages to be filled again, nor dead rows, nor a log to be written back."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not is_sqlite:
            connection.exec_driver_sql(f"TRUNCATE {MESSAGES.name} CASCADE")
            connection.exec_driver_sql("CHECKPOINT")
            return
        connection.exec_driver_sql(f"DELETE FROM {MESSAGES.name}")
        connection.exec_driver_sql("COMMIT")
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "BEGIN"):
            connection.exec_driver_sql(statement)


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


def _subscribe(knowledge_base_id, count: int) -> None:
    with unit_of_work():
        waiting = _people(knowledge_base_id, count)
        while chunk := list(islice(waiting, _CHUNK)):
            for model, rows in zip(_MODELS, zip(*chunk, strict=True), strict=True):
                db.session.connection().execute(insert(model.__table__), list(rows))
    with unit_of_work():
        db.session.connection().execute(text("ANALYZE"))


_MODELS = (Reader, Subscriber, KnowledgeBaseSubscriber, Subscription)


def _people(knowledge_base_id, count: int) -> Iterator[tuple[dict[str, Any], ...]]:
    """A reader each, as a subscriber, here, of everything."""
    keys, account_id = ring(), current_account()
    since = clock.now() - timedelta(hours=1)
    for number in range(count):
        email, token = f"reader-{number}@example.org", new_token()
        reader, person, here, wanted = ({"id": new_id(), "account_id": account_id} for _ in _MODELS)
        reader |= {"email": email, "first_name": "Robin", "last_name": "Reader"}
        reader |= vars(keys_of(email, "Robin", "Reader"))
        person |= {"email": email, "email_key": reader["email_key"], "reader_id": reader["id"]}
        place = Place(
            KnowledgeBaseSubscriber.__tablename__, "token_sealed", str(account_id), str(here["id"]), str(person["id"])
        )
        here |= {
            "knowledge_base_id": knowledge_base_id, "subscriber_id": person["id"], "frequency": Frequency.SCHEDULED,
            "source": Source.ADDED, "told_until_at": since, "token_fingerprint": fingerprint(token),
            "token_sealed": keys.seal_text(token, purpose="subscriptions", place=place),
        }  # fmt: skip
        wanted |= {"knowledge_base_subscriber_id": here["id"], "target": Target.KNOWLEDGE_BASE, "target_key": "all"}
        yield reader, person, here, wanted
