"""A text in every row of this room that is shown, put there past the forms, for the tests of what pages escape."""

from sqlalchemy import select

from kbadmin.articles import markup
from kbadmin.articles.models import Article, ArticleRevision, Category
from kbadmin.database import db
from kbadmin.readers.models import ReaderGroup


def mark_articles(payload: str) -> None:
    """Put it into the account that was entered; the HTML is what would be made of it."""
    for number, article in enumerate(db.session.scalars(select(Article))):
        article.title, article.summary, article.body = payload[:190] + str(number), payload[:400], payload
        article.html = markup.render(payload).html
        article.change_note, article.updated_by = payload[:300], payload[:254]
    for revision in db.session.scalars(select(ArticleRevision)):
        revision.title, revision.body, revision.saved_by = payload[:200], payload, payload[:254]
    for category in db.session.scalars(select(Category)):
        category.name, category.description = payload[:120], payload[:300]
    for group in db.session.scalars(select(ReaderGroup)):
        group.name = payload[:120]
