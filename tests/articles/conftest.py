"""A knowledge base with makers of what stands in it, and the paths of its pages."""

import itertools
from contextlib import contextmanager

import pytest

from kbadmin.articles import categories, operations, publishing
from kbadmin.articles.models import ArticleStatus
from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.names import folded
from kbadmin.readers.models import ReaderGroup
from tests.factories import inside

OLIVE = Actor(None, "Olive Owner")
_numbers = itertools.count(1)


class Shelves:
    """A knowledge base of one account, and what its writers do in it."""

    def __init__(self, app, account, **values):
        self.app, self.account = app, account
        wanted = {"name": "Customer Help", "time_zone": "Europe/Berlin", "audience": Audience.PUBLIC} | values
        with self.writing():
            self.id = knowledge_bases.create(actor=OLIVE, **wanted).id
        self.path = f"/knowledge-bases/{self.id}"

    def inside(self):
        return inside(self.app, self.account)

    @contextmanager
    def writing(self):
        with self.inside(), unit_of_work():
            yield

    def category(self, name="Basics", *, parent=None, groups=()):
        with self.writing():
            wanted = categories.Wanted(name, parent_id=parent, groups=frozenset(groups))
            return categories.create(self.id, wanted, actor=OLIVE).id

    def article(self, title="Installing", *, body="", summary="", category=None, groups=(), is_published=False):
        with self.writing():
            wanted = operations.Wanted(title, summary, body, category, frozenset(groups))
            made = operations.create(self.id, wanted, actor=OLIVE).id
            if is_published:
                publishing.publish(self.id, made, actor=OLIVE)
            return made

    def group(self, name=None):
        name = name or f"Group {next(_numbers)}"
        with self.writing():
            group = ReaderGroup(name=name, name_key=folded(name))
            db.session.add(group)
            db.session.flush()
            return group.id

    def row(self, article_id):
        """The article as it is stored."""
        with self.inside():
            found = operations.find(self.id, article_id)
            db.session.expunge_all()
            return found

    def visibility_version(self):
        with self.inside():
            return knowledge_bases.find(self.id).visibility_version


@pytest.fixture
def shelves(app, account):
    return Shelves(app, account)


def text_of(found):
    return " ".join(found.get_text(" ").split())


__all__ = ["OLIVE", "ArticleStatus", "Shelves", "text_of"]
