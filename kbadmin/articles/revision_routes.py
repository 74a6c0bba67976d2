"""The pages of an article's revisions: which there are, what changed, and back to one of them."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.articles import operations, revisions
from kbadmin.articles.blueprint import article_or_404, blueprint
from kbadmin.articles.differences import Line, differences
from kbadmin.articles.markdown import TooMuch
from kbadmin.articles.models import Article, ArticleRevision
from kbadmin.forms import BaseForm

MOST = 1_000_000_000  # What fits into the column of every database.


@blueprint.get("/articles/<uuid:article_id>/revisions")
@requires(Permission.WRITE_ARTICLES)
def list_revisions(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Who saved what and when, the newest first."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    page = revisions.page(article_id, older_than=_number("older_than"), newer_than=_number("newer_than"))
    return render_template("articles/revisions.html", knowledge_base=knowledge_base, article=article, page=page)


@blueprint.get("/articles/<uuid:article_id>/revisions/<uuid:revision_id>")
@requires(Permission.WRITE_ARTICLES)
def show_revision(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, revision_id: uuid.UUID) -> ResponseReturnValue:
    """What a revision changed, or how it differs from the one that ``since`` names."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    revision, other = _found(article, revision_id), request.args.get("since", type=uuid.UUID)
    before = _found(article, other) if other is not None else revisions.before(article, revision.number)
    return render_template(
        "articles/revision.html",
        knowledge_base=knowledge_base,
        article=article,
        revision=revision,
        before=before,
        parts=_parts(before, revision),
        is_present=revisions.says_the_same(revision, article),
        newest=revisions.newest(article),
    )


@blueprint.route("/articles/<uuid:article_id>/revisions/<uuid:revision_id>/restore", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def restore_revision(
    knowledge_base_id: uuid.UUID, article_id: uuid.UUID, revision_id: uuid.UUID
) -> ResponseReturnValue:
    """Say what will change; then let the article say again what it said."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    revision = _found(article, revision_id)
    form = BaseForm()
    if form.validate_on_submit():
        try:
            restored = operations.restore(knowledge_base_id, article_id, revision_id, actor=current_user.actor)
        except TooMuch as error:  # It was saved when there were other limits.
            flash(f"{error} Its text is here to copy.", "error")
            shown = url_for(
                "articles.show_revision",
                knowledge_base_id=knowledge_base_id, article_id=article_id, revision_id=revision_id,
            )  # fmt: skip
            return redirect(shown, 303)
        flash(f"{restored.title} says again what it said in revision {revision.number}.", "success")
        return redirect(url_for("articles.show", knowledge_base_id=knowledge_base_id, article_id=article_id), 303)
    return render_template(
        "articles/restore_revision.html",
        knowledge_base=knowledge_base,
        article=article,
        revision=revision,
        parts=_parts(article, revision),
        form=form,
    )


def _parts(before: Article | ArticleRevision | None, after: ArticleRevision) -> list[tuple[str, list[Line]]]:
    """The differences of title, summary and text, as far as there are any."""
    old = before or revisions.NOTHING
    names = (("Title", "title"), ("Summary", "summary"), ("Text", "body"))
    found = [(label, differences(getattr(old, name), getattr(after, name))) for label, name in names]
    return [(label, lines) for label, lines in found if lines]


def _found(article: Article, revision_id: uuid.UUID) -> ArticleRevision:
    found = revisions.find(article.id, revision_id)
    if found is None:
        abort(404)
    return found


def _number(name: str) -> int | None:
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number < MOST else None
