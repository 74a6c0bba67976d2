"""Who works in which knowledge base: everybody's, and one member's to change."""

import uuid
from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from kbadmin.access import Permission, Role, requires
from kbadmin.edit_forms import EditForm
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.blueprint import blueprint
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import RANKS, is_at_least, narrow, narrowed_members, roles_of, shown
from kbadmin.seen import ChangedMeanwhile
from kbadmin.users.forms import FreshPasswordMixin
from kbadmin.users.models import Membership
from kbadmin.users.queries import find_member, members

WORDS = {Role.NONE: "Nothing", Role.WRITER: "Writer", Role.EDITOR: "Editor"}


class NarrowForm(FreshPasswordMixin, EditForm):
    """Where a member works. Made for the knowledge bases there are by :func:`form_for`."""

    where = RadioField(
        "Works In",
        [InputRequired("Choose where this person works.")],
        choices=[SelectChoice("all", "All knowledge bases"), SelectChoice("named", "These only")],
    )
    knowledge_bases: Sequence[KnowledgeBase] = ()

    def named(self) -> dict[uuid.UUID, Role]:
        """What was chosen: nothing means everywhere."""
        if self.where.data == "all":
            return {}
        chosen = {one.id: Role(self[field_name(one)].data) for one in self.knowledge_bases}
        return {found: role for found, role in chosen.items() if role is not Role.NONE}

    def validate(self, extra_validators: Any = None) -> bool:
        """«These only» names at least one."""
        good = super().validate(extra_validators)
        if good and self.where.data == "named" and not self.named():
            self.where.errors = ["Choose a role in at least one knowledge base, or “All knowledge bases”."]
            return False
        return good


def field_name(knowledge_base: KnowledgeBase) -> str:
    """The name of the field for one knowledge base."""
    return f"role_in_{knowledge_base.id.hex}"


def form_for(member: Membership, knowledge_bases: Sequence[KnowledgeBase]) -> NarrowForm:
    """The form with a field for each knowledge base, filled with what the member is now."""
    roles, most = roles_of(member), Role(member.role)
    choices = [SelectChoice(role, WORDS[role]) for role in RANKS if role in WORDS and is_at_least(most, role)]
    fields = {field_name(one): SelectField(one.name, choices=choices) for one in knowledge_bases}
    shown_as = {str(one.id): field_name(one) for one in knowledge_bases}
    made = type("NarrowFormHere", (NarrowForm,), fields | {"SHOWN_AS": shown_as})
    now = shown(roles, [one.id for one in knowledge_bases])
    form: NarrowForm = made(data={shown_as.get(name, name): value for name, value in now.items()})
    form.knowledge_bases = knowledge_bases
    return form.shows(now)


@blueprint.get("/knowledge-bases/people")
@requires(Permission.MANAGE_ACCOUNT)
def people() -> ResponseReturnValue:
    """Everybody who writes or edits, and where."""
    writing = [one for one in members() if one.joined_at and is_at_least(Role(one.role), Role.WRITER)]
    return render_template("knowledge_bases/people.html", members=writing, narrowed=narrowed_members())


@blueprint.route("/knowledge-bases/people/<uuid:membership_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNT)
def edit_person(membership_id: uuid.UUID) -> ResponseReturnValue:
    """In which knowledge bases a member works, and as what."""
    member = _editor_or_writer_or_404(membership_id)
    form = form_for(member, operations.all_of_account())
    if form.validate_on_submit():
        try:
            narrow(membership_id, form.named(), seen=form.seen, actor=current_user.actor)
        except ChangedMeanwhile as changed:
            form = form_for(_editor_or_writer_or_404(membership_id), operations.all_of_account()).say_changed(changed)
        except (LookupError, ValueError):
            abort(409)
        else:
            flash(f"What {member.user.label} works in is saved.", "success")
            return redirect(url_for("knowledge_bases.people"), 303)
    page = render_template("knowledge_bases/edit_person.html", form=form, member=member, field_name=field_name)
    return page, form.status


def _editor_or_writer_or_404(membership_id: uuid.UUID) -> Membership:
    member = find_member(membership_id)
    if member is None or Role(member.role) not in (Role.EDITOR, Role.WRITER):
        abort(404)
    return member
