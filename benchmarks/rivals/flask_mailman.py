"""A table of one's own and Flask-Mailman on an open connection: what one writes by hand in an afternoon."""

from collections.abc import Iterator

from flask import Flask
from flask_mailman import EmailMultiAlternatives, Mail
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.messages import SENDER
from benchmarks.rivals.ground import Ground, play


class _Base(DeclarativeBase):
    pass


class Queued(_Base):
    """A message that waits."""

    __tablename__ = "queued"
    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    link: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued", index=True)


def prepare(ground: Ground) -> None:
    """A row per message."""
    with _session(ground) as session:
        _Base.metadata.create_all(session.connection())
        session.add_all(
            Queued(recipient=o.recipient, subject=o.subject, text=o.text, html=o.html, link=o.unsubscribe_link)
            for o in ground.letters()
        )
        session.commit()


def deliver(ground: Ground) -> None:
    """Build, send and mark each message, with a commit of its own."""
    app = Flask(__name__)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=ground.port)
    mail = Mail(app)
    with app.app_context(), mail.get_connection() as connection, _session(ground) as session:
        for row in _waiting(session):
            message = EmailMultiAlternatives(
                row.subject, row.text, SENDER, [row.recipient], headers={"List-Unsubscribe": f"<{row.link}>"}
            )
            message.attach_alternative(row.html, "text/html")
            connection.send_messages([message])
            row.status = "sent"
            session.commit()


def _waiting(session: Session) -> Iterator[Queued]:
    while rows := session.scalars(select(Queued).where(Queued.status == "queued").limit(100)).all():
        yield from rows


def _session(ground: Ground) -> Session:
    url = f"sqlite:///{ground.sqlite_file}"
    if ground.database_url:
        url = ground.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    if not ground.database_url:
        event.listen(engine, "connect", _careful)
    return Session(engine, expire_on_commit=False)


def _careful(connection: object, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


if __name__ == "__main__":
    play(prepare, deliver)
