"""The pages of the knowledge bases: list, create, overview, settings, archive, pictures."""

import uuid

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import navigation
from kbadmin.access import Permission, Role, requires
from kbadmin.accounts import home
from kbadmin.delivery import log_scope
from kbadmin.forms import BaseForm, takes_uploads
from kbadmin.knowledge_bases import operations, overview, pictures, role_routes, tabs
from kbadmin.knowledge_bases.addresses import SlugTaken
from kbadmin.knowledge_bases.blueprint import (
    blueprint,
    knowledge_base_or_404,
    my_knowledge_base_names,
    my_knowledge_bases,
    my_roles,
)
from kbadmin.knowledge_bases.forms import CreateForm, SettingsForm
from kbadmin.knowledge_bases.models import Audience, GroupRule, SignUp
from kbadmin.knowledge_bases.operations import NameTaken, Settings
from kbadmin.knowledge_bases.roles import is_at_least
from kbadmin.seen import ChangedMeanwhile

__all__ = ["blueprint", "overview", "role_routes"]

NAME_TAKEN = "Another knowledge base has this name already. Choose a name of its own."
SLUG_TAKEN = "Another knowledge base has, or once had, this address. Choose another one."
A_YEAR = 365 * 24 * 60 * 60

navigation.in_main_menu(
    navigation.Place(
        "Knowledge bases",
        "knowledge_bases.index",
        "book",
        Permission.WRITE_ARTICLES,
        20,
        ("knowledge_bases.", "articles.", "subscriptions."),
    )
)
tabs.add(tabs.Tab("Overview", "knowledge_bases.show", "home", 10))
tabs.add(tabs.Tab("Settings", "knowledge_bases.settings", "settings", 90, Role.EDITOR))
log_scope.knowledge_bases_with(lambda: my_knowledge_base_names(Role.EDITOR))


def _set_up() -> home.SetUpStep:
    """How far the account is with something to read."""
    if any(not found.is_archived for found in operations.all_of_account()):
        return home.SetUpStep(
            "Knowledge base", True, "There is something to write in.", "Open knowledge bases", "knowledge_bases.index"
        )
    text = "No knowledge base yet: create one, then write its first article."
    return home.SetUpStep("Knowledge base", False, text, "Create a knowledge base", "knowledge_bases.create")


home.quick_link(
    home.QuickLink(
        "Knowledge bases",
        "Articles, categories, settings, and subscriptions to what is new.",
        "knowledge_bases.index",
        "book",
        Permission.WRITE_ARTICLES,
        10,
    )
)
home.set_up_with(_set_up, permission=Permission.EDIT_KNOWLEDGE_BASES, order=10)


@blueprint.get("/knowledge-bases")
@requires(Permission.WRITE_ARTICLES)
def index() -> ResponseReturnValue:
    """Those that whoever is signed in works in."""
    roles = my_roles()
    found = my_knowledge_bases()
    return render_template(
        "knowledge_bases/index.html",
        knowledge_bases=[one for one in found if not one.is_archived],
        archived=[one for one in found if one.is_archived],
        facts=overview.figures(found),
        role_in=roles.in_one,
        may_create=_may_create(),
    )


@blueprint.route("/knowledge-bases/new", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def create() -> ResponseReturnValue:
    """Create Knowledge Base."""
    if not _may_create():
        abort(403)
    form = CreateForm(time_zone=current_user.time_zone)
    if form.validate_on_submit():
        try:
            made = operations.create(
                name=form.name.data or "",
                time_zone=form.time_zone.data,
                audience=Audience(form.audience.data),
                actor=current_user.actor,
            )
        except NameTaken:
            form.name.errors = [NAME_TAKEN]
        else:
            flash(f"Knowledge base {made.name} created.", "success")
            return redirect(url_for("knowledge_bases.show", knowledge_base_id=made.id), 303)
    return render_template("knowledge_bases/create.html", form=form), 422 if form.errors else 200


@blueprint.get("/knowledge-bases/<uuid:knowledge_base_id>")
@requires(Permission.WRITE_ARTICLES)
def show(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """What is set up, what is missing, what failed."""
    found = knowledge_base_or_404(knowledge_base_id)
    role = my_roles().in_one(found.id)
    return render_template(
        "knowledge_bases/show.html",
        knowledge_base=found,
        steps=overview.steps_of(found, role),
        facts=overview.figures([found]).get(found.id, []),
        may_edit=is_at_least(role, Role.EDITOR),
    )


@blueprint.route("/knowledge-bases/<uuid:knowledge_base_id>/settings", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
@takes_uploads(pictures.MOST_UPLOADED)
def settings(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Name, address, looks, and who may read."""
    found = knowledge_base_or_404(knowledge_base_id, Role.EDITOR)
    form = SettingsForm(obj=found).shows(operations.shown(found))
    if form.validate_on_submit():
        try:
            saved = operations.change_settings(
                knowledge_base_id,
                _wanted(form),
                logo=form.picture,
                without_logo=form.without_logo.data,
                seen=form.seen,
                actor=current_user.actor,
            )
        except NameTaken:
            form.name.errors = [NAME_TAKEN]
        except SlugTaken:
            form.slug.errors = [SLUG_TAKEN]
        except ChangedMeanwhile as changed:
            found = knowledge_base_or_404(knowledge_base_id, Role.EDITOR)
            form = SettingsForm(obj=found).shows(operations.shown(found)).say_changed(changed)
        except LookupError:
            abort(404)
        else:
            flash(f"Settings of {saved.name} saved.", "success")
            return redirect(url_for("knowledge_bases.settings", knowledge_base_id=saved.id), 303)
    found = knowledge_base_or_404(knowledge_base_id, Role.EDITOR)
    return render_template("knowledge_bases/settings.html", form=form, knowledge_base=found), form.status


@blueprint.route("/knowledge-bases/<uuid:knowledge_base_id>/archive", methods=["GET", "POST"])
@requires(Permission.EDIT_KNOWLEDGE_BASES)
def archive(knowledge_base_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen; then archive it, or bring it back."""
    found = knowledge_base_or_404(knowledge_base_id, Role.EDITOR)
    form = BaseForm()
    if form.validate_on_submit():
        deed = operations.bring_back if request.form.get("deed") == "bring_back" else operations.archive
        changed = deed(knowledge_base_id, actor=current_user.actor)
        flash(f"{changed.name} is {'archived' if changed.is_archived else 'back'}.", "success")
        return redirect(url_for("knowledge_bases.show", knowledge_base_id=changed.id), 303)
    return render_template("knowledge_bases/archive.html", form=form, knowledge_base=found)


@blueprint.get("/knowledge-bases/<uuid:knowledge_base_id>/pictures/<uuid:picture_id>")
@requires(Permission.WRITE_ARTICLES)
def picture(knowledge_base_id: uuid.UUID, picture_id: uuid.UUID) -> ResponseReturnValue:
    """A picture of a knowledge base, for those who work in it."""
    found, kept = knowledge_base_or_404(knowledge_base_id), pictures.find(picture_id)
    if kept is None or kept.knowledge_base_id != found.id:
        abort(404)
    return Response(kept.content, mimetype=kept.media_type)


def _may_create() -> bool:
    """Whoever works everywhere; a new knowledge base would be outside what a narrowed member may see."""
    return bool(current_user.may(Permission.EDIT_KNOWLEDGE_BASES)) and not my_roles().is_narrowed


def _wanted(form: SettingsForm) -> Settings:
    return Settings(
        name=form.name.data or "",
        slug=form.slug.data or "",
        description=form.description.data or "",
        time_zone=form.time_zone.data,
        colour=form.colour.data or "",
        audience=Audience(form.audience.data),
        group_rule=GroupRule(form.group_rule.data),
        sign_up=SignUp(form.sign_up.data),
        sign_up_domains=form.sign_up_domains.data or "",
        remember_days=int(form.remember_days.data or 0),
    )
