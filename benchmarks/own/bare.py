"""The least that a list can be: Flask, one query of 50 rows through SQLAlchemy's ORM, and one template."""

import os
import tempfile

from flask import Flask
from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.own.installation import environment
from kbadmin import config, serving
from kbadmin.config import read_environment

ROWS = 100_000
PAGE = (
    "<!doctype html><title>Readers</title><table>{% for one in rows %}<tr><td>{{ one.id }}<td>{{ one.email }}"
    "<td>{{ one.name }}<td>{{ one.status }}</tr>{% endfor %}</table>"
)


class Base(DeclarativeBase):
    """The models."""


class Person(Base):
    """A row of the list."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    status: Mapped[str]


def main() -> None:
    """Serve until a signal; the address is printed first."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{os.path.join(folder, 'people.sqlite3')}")
        Base.metadata.create_all(engine)
        people = [{"email": f"{n}@example.com", "name": f"Berg{n:06}", "status": "active"} for n in range(ROWS)]
        with Session(engine) as session:
            session.execute(insert(Person), people)
            session.commit()
        app = Flask(__name__)
        page = app.jinja_env.from_string(PAGE)
        app.extensions[config.EXTENSION] = read_environment(environment("."), dotenv=False)

        @app.get("/")
        def index() -> str:
            with Session(engine) as session:
                rows = session.scalars(select(Person).order_by(Person.name).limit(50)).all()
                return page.render(rows=rows)

        web = serving.WebServer(app, host="127.0.0.1", port=0)
        print(web.address, flush=True)
        while True:
            web.turn()


if __name__ == "__main__":
    main()
