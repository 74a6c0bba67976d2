"""Huey on SQLite, a task per message that carries the rendered texts; each process keeps its connection open."""

import functools
import smtplib

from huey import SqliteHuey

from benchmarks.messages import SENDER, Letter, email_message
from benchmarks.rivals.ground import Ground, given, play, smtp_session

_ground = given()
queue = SqliteHuey("bench", filename=f"{_ground.folder}/huey.sqlite3", results=False)


@functools.cache
def _session() -> smtplib.SMTP:
    return smtp_session(_ground)


@queue.task()
def deliver_one(number: int, recipient: str, name: str, link: str, subject: str, text: str, html: str) -> None:
    """Send one message."""
    message = email_message(Letter(number, recipient, name, link, subject, text, html))
    _session().sendmail(SENDER, [recipient], message.as_bytes())


def prepare(ground: Ground) -> None:
    """A task per message."""
    for one in ground.letters():
        deliver_one(one.number, one.recipient, one.name, one.unsubscribe_link, one.subject, one.text, one.html)


def deliver(_: Ground) -> None:
    """Two worker processes, one for each core."""
    queue.create_consumer(workers=2, worker_type="process", periodic=False).run()


if __name__ == "__main__":
    play(prepare, deliver)
