"""A row of everything in this room, marked, for the tests that knock at every door of an account."""

from kbadmin.articles import categories, operations
from kbadmin.articles.models import Article, ArticleRevision
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience
from kbadmin.names import folded
from kbadmin.readers.models import ReaderGroup
from tests.knowledge_bases.conftest import picture


def fill_articles(mark: str) -> dict[str, list[str]]:
    """Add them to the account that was entered; answers what may stand in addresses."""
    actor = Actor(None, mark)
    found = knowledge_bases.create(name=mark, time_zone="Europe/Berlin", audience=Audience.READERS, actor=actor)
    group = ReaderGroup(name=mark, name_key=folded(mark))
    db.session.add(group)
    db.session.flush()
    only = frozenset([group.id])
    category = categories.create(found.id, categories.Wanted(mark, mark, groups=only), actor=actor)
    article = operations.create(found.id, operations.Wanted(mark, mark, mark, category.id, only), actor=actor)
    operations.change(found.id, article.id, operations.Wanted(mark, "", mark, None, only), revision=1, actor=actor)
    kept = pictures.keep(pictures.read(picture()), knowledge_base_id=found.id, by=mark)
    db.session.flush()
    revision = db.session.query(ArticleRevision).filter_by(article_id=article.id, number=1).one()
    return {
        "knowledge_base_id": [str(found.id)],
        "category_id": [str(category.id)],
        "article_id": [str(article.id)],
        "revision_id": [str(revision.id)],
        "picture_id": [str(kept.id)],
    }


def mark_articles(payload: str) -> None:
    """Put a text into every row of this room that is shown, past the forms; HTML is what would be made of it."""
    for number, article in enumerate(db.session.query(Article)):
        article.title, article.summary, article.body = payload[:190] + str(number), payload[:400], payload
        article.html = operations.markup.render(payload).html
        article.change_note, article.updated_by = payload[:300], payload[:254]
    for revision in db.session.query(ArticleRevision):
        revision.title, revision.body, revision.saved_by = payload[:200], payload, payload[:254]
    for category in db.session.query(categories.Category):
        category.name, category.description = payload[:120], payload[:300]
    for group in db.session.query(ReaderGroup):
        group.name = payload[:120]
