"""The pages of reader groups: list, create, edit, delete."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.forms import BaseForm
from kbadmin.readers import groups, tabs
from kbadmin.readers.blueprint import blueprint
from kbadmin.readers.forms import GroupForm, group_form
from kbadmin.readers.group_usages import GroupInUse, usages
from kbadmin.readers.groups import NameTaken
from kbadmin.readers.models import ReaderGroup
from kbadmin.seen import ChangedMeanwhile

NAME_TAKEN = "Another group has this name already. Choose a name of its own."

tabs.add(
    tabs.Tab(
        "Groups", "readers.groups_index", "users-group", 20,
        ("readers.create_group", "readers.edit_group", "readers.delete_group"),
    )
)  # fmt: skip


@blueprint.get("/readers/groups")
@requires(Permission.MANAGE_READERS)
def groups_index() -> ResponseReturnValue:
    """Every group with how many belong to it."""
    return render_template("readers/groups.html", listed=groups.listed())


@blueprint.route("/readers/groups/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def create_group() -> ResponseReturnValue:
    """Create Group."""
    form = GroupForm()
    if form.validate_on_submit():
        try:
            group = groups.create(**_wanted(form), actor=current_user.actor)
        except NameTaken:
            form.name.errors = [NAME_TAKEN]
        else:
            flash(f"Group {group.name} created.", "success")
            return redirect(url_for("readers.groups_index"), 303)
    return render_template("readers/create_group.html", form=form), 422 if form.errors else 200


@blueprint.route("/readers/groups/<uuid:group_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def edit_group(group_id: uuid.UUID) -> ResponseReturnValue:
    """What a group is called, and who joins it by themselves."""
    form = group_form(_group_or_404(group_id))
    if form.validate_on_submit():
        try:
            saved = groups.change(group_id, **_wanted(form), seen=form.seen, actor=current_user.actor)
        except NameTaken:
            form.name.errors = [NAME_TAKEN]
        except ChangedMeanwhile as changed:
            form = group_form(_group_or_404(group_id)).say_changed(changed)
        except LookupError:
            abort(404)
        else:
            flash(f"Group {saved.name} saved.", "success")
            return redirect(url_for("readers.groups_index"), 303)
    return render_template("readers/edit_group.html", form=form, group=_group_or_404(group_id)), form.status


@blueprint.route("/readers/groups/<uuid:group_id>/delete", methods=["GET", "POST"])
@requires(Permission.MANAGE_READERS)
def delete_group(group_id: uuid.UUID) -> ResponseReturnValue:
    """Say what will happen, or what is still restricted to the group; then delete it."""
    group, form, refused = _group_or_404(group_id), BaseForm(), False
    if form.validate_on_submit():
        name = group.name
        try:
            groups.remove(group_id, actor=current_user.actor)
        except GroupInUse:
            group, refused = _group_or_404(group_id), True
        except LookupError:
            abort(404)
        else:
            flash(f"Group {name} deleted.", "success")
            return redirect(url_for("readers.groups_index"), 303)
    used = usages(group_id)
    page = render_template("readers/delete_group.html", form=form, group=group, usages=used, is_in_use=refused or used)
    return page, 422 if refused else 200


def _wanted(form: GroupForm) -> dict[str, Any]:
    domains = (form.domains.data or "").split()
    return {"name": form.name.data or "", "description": form.description.data or "", "domains": domains}


def _group_or_404(group_id: uuid.UUID) -> ReaderGroup:
    group = groups.find(group_id)
    if group is None:
        abort(404)
    return group
