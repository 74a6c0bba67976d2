"""The pages of articles: the tree, one article, write, edit, move, delete."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.articles import (
    callouts,
    categories,
    category_routes,
    facts,
    group_uses,
    markup,
    moving,
    operations,
    outline,
    picture_routes,
    preview_routes,
    publishing_routes,
    reach,
    revision_routes,
)
from kbadmin.articles.blueprint import article_or_404, blueprint
from kbadmin.articles.differences import differences
from kbadmin.articles.forms import ArticleForm, article_form, filter_form
from kbadmin.articles.operations import ChangedMeanwhile
from kbadmin.articles.places import asked_place
from kbadmin.articles.preview_routes import shown_here
from kbadmin.articles.words import CALLOUTS, STATUSES
from kbadmin.articles.writing import Direction
from kbadmin.forms import BaseForm, takes_uploads
from kbadmin.knowledge_bases import tabs
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404

__all__ = [
    "blueprint",
    "category_routes",
    "facts",
    "group_uses",
    "picture_routes",
    "preview_routes",
    "publishing_routes",
    "revision_routes",
]

tabs.add(tabs.Tab("Articles", "articles.index", "file-text", 20, lit=("articles.",)))


@blueprint.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"current_callout": callouts.current, "callout_words": CALLOUTS, "status_words": STATUSES}


@blueprint.get("/articles")
@requires(Permission.WRITE_ARTICLES)
def index(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """The tree with its articles, or those that the filter in the address finds."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    form = filter_form(knowledge_base_id, request.args)
    wanted, turned = (
        form.wanted,
        {name: request.args.get(name, type=uuid.UUID) for name in ("older_than", "newer_than")},
    )
    if wanted.is_everything and not any(turned.values()):
        return render_template(
            "articles/index.html", knowledge_base=knowledge_base, form=form, top=outline.tree(knowledge_base_id)
        )
    return render_template(
        "articles/found.html",
        knowledge_base=knowledge_base,
        form=form,
        page=outline.page(knowledge_base_id, wanted, **turned),
        names={category.id: category.name for category in categories.all_in(knowledge_base_id)},
        kept={name: request.args[name] for name in form.NAMES if request.args.get(name)},
    )


@blueprint.route("/articles/new", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
@takes_uploads(markup.MOST_BYTES)
def create(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """A new draft; ``category`` in the address says where."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    named = request.args.get("category", type=uuid.UUID)
    form = article_form(knowledge_base, category=categories.find(knowledge_base_id, named) if named else None)
    if form.validate_on_submit():
        made = operations.create(knowledge_base_id, form.wanted, actor=current_user.actor)
        flash(f"{made.title} is saved as a draft. Publish it when it is ready.", "success")
        return _to(knowledge_base_id, made.id)
    page = render_template("articles/create.html", knowledge_base=knowledge_base, form=form)
    return page, 422 if form.errors else 200


@blueprint.get("/articles/<uuid:article_id>")
@requires(Permission.WRITE_ARTICLES)
def show(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """What it says, whether it can be read, by whom, and what can be done with it."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    return render_template(
        "articles/show.html",
        knowledge_base=knowledge_base,
        article=article,
        content=shown_here(knowledge_base_id, article.html),
        reach=reach.of(article),
    )


@blueprint.route("/articles/<uuid:article_id>/edit", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
@takes_uploads(markup.MOST_BYTES)
def edit(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Write on. Over what somebody else saved meanwhile, nothing is written without being asked for."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    form = article_form(knowledge_base, article)
    if form.validate_on_submit():
        over, actor = form.written_over, current_user.actor
        try:
            saved = operations.change(knowledge_base_id, article_id, form.wanted, revision=over, actor=actor)
        except ChangedMeanwhile:
            return _both(knowledge_base_id, article_id, form)
        flash(f"{saved.title} saved.", "success")
        return _to(knowledge_base_id, article_id)
    page = render_template("articles/edit.html", knowledge_base=knowledge_base, article=article, form=form)
    return page, 422 if form.errors else 200


@blueprint.post("/articles/<uuid:article_id>/move")
@requires(Permission.WRITE_ARTICLES)
def move(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """One place up or down in its category, or to where it was dropped."""
    article_or_404(knowledge_base_id, article_id)
    place = asked_place()
    if place is not None:
        moving.put_article(knowledge_base_id, article_id, place, actor=current_user.actor)
        return redirect(url_for("articles.index", knowledge_base_id=knowledge_base_id), 303)
    direction = Direction.UP if request.form.get("direction") == "up" else Direction.DOWN
    operations.move(knowledge_base_id, article_id, direction, actor=current_user.actor)
    here = url_for("articles.index", knowledge_base_id=knowledge_base_id, _anchor=f"article-{article_id}-{direction}")
    return redirect(here, 303)


@blueprint.route("/articles/<uuid:article_id>/delete", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def delete(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will be gone; then delete it for good."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    form = BaseForm()
    if form.validate_on_submit():
        title = article.title
        operations.delete(knowledge_base_id, article_id, actor=current_user.actor)
        flash(f"{title} is deleted.", "success")
        return redirect(url_for("articles.index", knowledge_base_id=knowledge_base_id), 303)
    return render_template("articles/delete.html", knowledge_base=knowledge_base, article=article, form=form)


def _both(knowledge_base_id: uuid.UUID, article_id: uuid.UUID, form: ArticleForm) -> ResponseReturnValue:
    """What was typed beside what somebody else saved meanwhile; saving again is then a decision."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    form.revision.data = str(article.revision)
    theirs_to_mine = [
        ("Title", differences(article.title, form.wanted.title)),
        ("Summary", differences(article.summary, form.wanted.summary)),
        ("Text", differences(article.body, form.wanted.body)),
    ]
    page = render_template(
        "articles/conflict.html",
        knowledge_base=knowledge_base,
        article=article,
        form=form,
        parts=[(label, lines) for label, lines in theirs_to_mine if lines],
        theirs=reach.of(article),
    )
    return page, 409


def _to(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("articles.show", knowledge_base_id=knowledge_base_id, article_id=article_id), 303)
