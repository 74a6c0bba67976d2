"""The pages on which an article is published, planned, withdrawn, archived and called out."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.articles import callouts, publishing
from kbadmin.articles.blueprint import article_or_404, blueprint
from kbadmin.articles.models import ArticleStatus
from kbadmin.articles.publishing_forms import callout_form, publish_form
from kbadmin.forms import BaseForm


@blueprint.route("/articles/<uuid:article_id>/publish", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def publish(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Now or at a time, and what readers are told."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    if article.status == ArticleStatus.PUBLISHED:
        flash(
            f"{article.title} is published already, so nothing was changed. Set its callout on its own page.", "warning"
        )
        return _back(knowledge_base_id, article_id)
    form = publish_form(knowledge_base, article)
    if form.validate_on_submit():
        told, actor = form.wanted_callout, current_user.actor
        if form.at is None:
            publishing.publish(knowledge_base_id, article_id, callout=told, actor=actor)
            flash(f"{article.title} is published.", "success")
        else:
            publishing.schedule(knowledge_base_id, article_id, at=form.at, callout=told, actor=actor)
            flash(f"{article.title} will be published at the time you chose.", "success")
        return _back(knowledge_base_id, article_id)
    page = render_template("articles/publish.html", knowledge_base=knowledge_base, article=article, form=form)
    return page, 422 if form.errors else 200


@blueprint.route("/articles/<uuid:article_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def withdraw(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then make a draft of it."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    form = BaseForm()
    if form.validate_on_submit():
        publishing.withdraw(knowledge_base_id, article_id, actor=current_user.actor)
        flash(f"{article.title} is a draft.", "success")
        return _back(knowledge_base_id, article_id)
    return render_template("articles/withdraw.html", knowledge_base=knowledge_base, article=article, form=form)


@blueprint.route("/articles/<uuid:article_id>/archive", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def archive(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then keep it away from everybody."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    form = BaseForm()
    if form.validate_on_submit():
        publishing.archive(knowledge_base_id, article_id, actor=current_user.actor)
        flash(f"{article.title} is archived.", "success")
        return _back(knowledge_base_id, article_id)
    return render_template("articles/archive.html", knowledge_base=knowledge_base, article=article, form=form)


@blueprint.route("/articles/<uuid:article_id>/callout", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def callout(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    """New, Updated or nothing; set again, it is told again."""
    knowledge_base, article = article_or_404(knowledge_base_id, article_id)
    if article.status != ArticleStatus.PUBLISHED:
        abort(404)  # Nobody sees it: publication asks for its callout.
    form = callout_form(knowledge_base, article)
    if form.validate_on_submit():
        callouts.call_out(knowledge_base_id, article_id, form.wanted_callout, actor=current_user.actor)
        flash(f"The callout of {article.title} is saved.", "success")
        return _back(knowledge_base_id, article_id)
    page = render_template(
        "articles/callout.html",
        knowledge_base=knowledge_base,
        article=article,
        form=form,
        current=callouts.current(article),
    )
    return page, 422 if form.errors else 200


def _back(knowledge_base_id: uuid.UUID, article_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("articles.show", knowledge_base_id=knowledge_base_id, article_id=article_id), 303)
