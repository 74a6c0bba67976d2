"""The pages of categories: create, edit, move, delete."""

import uuid

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.articles import categories, moving
from kbadmin.articles.blueprint import blueprint, category_or_404
from kbadmin.articles.categories import NoRoom, NotEmpty
from kbadmin.articles.category_forms import CategoryForm, category_form
from kbadmin.articles.models import Category
from kbadmin.articles.places import asked_place
from kbadmin.articles.writing import Direction
from kbadmin.forms import BaseForm
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.seen import ChangedMeanwhile

NO_ROOM = "A category stands neither in itself nor more than six levels deep. Choose another place."


@blueprint.route("/categories/new", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def create_category(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """A new category; ``parent`` in the address says in which."""
    knowledge_base = knowledge_base_or_404(knowledge_base_id)
    form = category_form(knowledge_base, parent=_named(knowledge_base_id))
    if form.validate_on_submit():
        try:
            made = categories.create(knowledge_base_id, form.wanted, actor=current_user.actor)
        except NoRoom:
            form.parent.errors = [NO_ROOM]
        else:
            flash(f"Category {made.name} created.", "success")
            return _back_to(made)
    return _page("create", knowledge_base_id, form)


@blueprint.route("/categories/<uuid:category_id>", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def edit_category(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> ResponseReturnValue:
    """What a category is called, where it stands, for whom it is."""
    knowledge_base, category = category_or_404(knowledge_base_id, category_id)
    form = category_form(knowledge_base, category)
    if form.validate_on_submit():
        try:
            wanted, seen = form.wanted, form.seen
            saved = categories.change(knowledge_base_id, category_id, wanted, seen=seen, actor=current_user.actor)
        except NoRoom:
            form.parent.errors = [NO_ROOM]
        except ChangedMeanwhile as changed:
            form = category_form(*category_or_404(knowledge_base_id, category_id)).say_changed(changed)
        else:
            flash(f"Category {saved.name} saved.", "success")
            return _back_to(saved)
    return _page("edit", knowledge_base_id, form, category_id)


@blueprint.post("/categories/<uuid:category_id>/move")
@requires(Permission.WRITE_ARTICLES)
def move_category(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> ResponseReturnValue:
    """One place up or down, or to where it was dropped."""
    category_or_404(knowledge_base_id, category_id)
    place = asked_place()
    if place is not None:
        try:
            moving.put_category(knowledge_base_id, category_id, place, actor=current_user.actor)
        except NoRoom:
            return Response(NO_ROOM, 409, mimetype="text/plain")  # static/js/tree.js shows it as a toast.
        return redirect(url_for("articles.index", knowledge_base_id=knowledge_base_id), 303)
    direction = Direction.UP if request.form.get("direction") == "up" else Direction.DOWN
    moved = categories.move(knowledge_base_id, category_id, direction, actor=current_user.actor)
    return _back_to(moved, f"-{direction}")


@blueprint.route("/categories/<uuid:category_id>/delete", methods=["GET", "POST"])
@requires(Permission.WRITE_ARTICLES)
def delete_category(knowledge_base_id: uuid.UUID, category_id: uuid.UUID) -> ResponseReturnValue:
    """Say what is in it, or that it is empty; then delete it."""
    knowledge_base, category = category_or_404(knowledge_base_id, category_id)
    form = BaseForm()
    if form.validate_on_submit():
        try:
            categories.delete(knowledge_base_id, category_id, actor=current_user.actor)
        except NotEmpty as error:
            flash(f"{error} is not empty any more, so it is kept.", "error")
        else:
            flash(f"Category {category.name} deleted.", "success")
        return redirect(url_for("articles.index", knowledge_base_id=knowledge_base_id), 303)
    articles, below = categories.contents(category)
    return render_template(
        "articles/delete_category.html",
        knowledge_base=knowledge_base,
        category=category,
        articles=articles,
        below=below,
        form=form,
    )


def _named(knowledge_base_id: uuid.UUID) -> Category | None:
    """The category that the address names as the parent of a new one."""
    parent_id = request.args.get("parent", type=uuid.UUID)
    return categories.find(knowledge_base_id, parent_id) if parent_id else None


def _back_to(category: Category, button: str = "") -> ResponseReturnValue:
    """The list, at this category or a button of it: whoever moves it with the keyboard goes on from there."""
    anchor = f"category-{category.id}{button}"
    return redirect(url_for("articles.index", knowledge_base_id=category.knowledge_base_id, _anchor=anchor), 303)


def _page(
    name: str, knowledge_base_id: uuid.UUID, form: CategoryForm, category_id: uuid.UUID | None = None
) -> ResponseReturnValue:
    # Read again: a refused operation may have given up what was read before.
    knowledge_base: KnowledgeBase = knowledge_base_or_404(knowledge_base_id)
    category = categories.find(knowledge_base_id, category_id) if category_id else None
    page = render_template(
        f"articles/{name}_category.html", knowledge_base=knowledge_base, category=category, form=form
    )
    return page, form.status
