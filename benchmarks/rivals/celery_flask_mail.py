"""Celery on Redis, a task per message that carries the rendered texts, sent with Flask-Mail: the usual Flask advice."""

from celery import Celery
from flask import Flask
from flask_mail import Mail, Message

from benchmarks.messages import SENDER
from benchmarks.rivals.ground import Ground, given, play

_ground = given()
app = Flask(__name__)
app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=_ground.port, MAIL_DEFAULT_SENDER=SENDER)
mail = Mail(app)
queue = Celery("bench", broker=_ground.redis_url)
queue.conf.task_ignore_result = True


@queue.task(name="deliver_one")
def deliver_one(recipient: str, subject: str, text: str, html: str, link: str) -> None:
    """Send one message."""
    headers = {"List-Unsubscribe": f"<{link}>"}
    with app.app_context():
        mail.send(Message(subject, [recipient], body=text, html=html, extra_headers=headers))


def prepare(ground: Ground) -> None:
    """A task per message."""
    for one in ground.letters():
        deliver_one.delay(one.recipient, one.subject, one.text, one.html, one.unsubscribe_link)


def deliver(_: Ground) -> None:
    """Two worker processes, one for each core."""
    queue.worker_main(["worker", "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    play(prepare, deliver)
