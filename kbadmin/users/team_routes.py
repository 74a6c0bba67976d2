"""The team: who works in the account and as what; inviting, changing, disabling, removing."""

import uuid

from flask import abort, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin.access import Permission, requires
from kbadmin.outbox.operations import platform_sender_configured
from kbadmin.seen import ChangedMeanwhile
from kbadmin.users import invitations, team
from kbadmin.users.blueprint import blueprint
from kbadmin.users.deeds import DEEDS
from kbadmin.users.forms import DeedForm, InviteForm, MemberForm
from kbadmin.users.invitations import AlreadyHere, Sent
from kbadmin.users.models import Membership
from kbadmin.users.queries import find_member, members
from kbadmin.users.team import NotAnOwner, OwnMembership

LINK = "invitation_link"
OWN = "Nobody changes their own access. Ask another owner to do it."


@blueprint.get("/team", endpoint="team")
@requires(Permission.MANAGE_ACCOUNT)
def index() -> ResponseReturnValue:
    """Everybody who works here or was invited."""
    everybody = members()
    return render_template(
        "users/team.html",
        members=[member for member in everybody if member.joined_at],
        invited=[member for member in everybody if not member.joined_at],
        expires_at=invitations.open_until(everybody),
    )


@blueprint.route("/team/invite", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNT)
def invite() -> ResponseReturnValue:
    """Invite a colleague by address."""
    form = InviteForm()
    if form.validate_on_submit():
        try:
            return _show_link(invitations.invite(form.email.data or "", form.access(), actor=current_user.actor))
        except AlreadyHere as error:
            form.email.errors = [_already(error.membership)]
    mails = platform_sender_configured()
    return render_template("users/invite.html", form=form, mails=mails), 422 if form.errors else 200


@blueprint.get("/team/<uuid:membership_id>/link")
@requires(Permission.MANAGE_ACCOUNT)
def invitation_link(membership_id: uuid.UUID) -> ResponseReturnValue:
    """The link of an invitation that was just made: shown once, as only its fingerprint is stored."""
    member = _member_or_404(membership_id)
    shown = session.pop(LINK, {})
    address = shown.get("address") if shown.get("membership") == str(membership_id) else None
    return render_template(
        "users/invitation_link.html", member=member, address=address, is_mailed=shown.get("is_mailed", False)
    )


@blueprint.route("/team/<uuid:membership_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNT)
def edit_member(membership_id: uuid.UUID) -> ResponseReturnValue:
    """Role and grants of a colleague."""
    member = _member_or_404(membership_id)
    if member.joined_at is None:
        return redirect(url_for("users.team"), 303)
    form = MemberForm.of(member)
    if not _is_self(member) and form.validate_on_submit():
        try:
            team.change_access(membership_id, form.access(), seen=form.seen, actor=current_user.actor)
        except (OwnMembership, NotAnOwner):
            abort(403)
        except LookupError:
            abort(404)
        except ChangedMeanwhile as changed:
            member = _member_or_404(membership_id)
            form = MemberForm.of(member).say_changed(changed)
        else:
            flash(f"Access of {member.user.label} saved.", "success")
            return redirect(url_for("users.team"), 303)
    page = render_template(
        "users/edit_member.html",
        form=form,
        member=member,
        is_self=_is_self(member),
    )
    return page, form.status


@blueprint.route("/team/<uuid:membership_id>/<string:name>", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNT)
def confirm_deed(membership_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """Say what will happen; then do it."""
    deed, member, trouble = DEEDS.get(name), _member_or_404(membership_id), None
    if deed is None:
        abort(404)
    if not deed.fits(member):
        flash("That was done already.", "info")
        return redirect(url_for("users.team"), 303)
    if _is_self(member):
        trouble = OWN
    form = DeedForm()
    if trouble is None and form.validate_on_submit():
        try:
            outcome = deed.perform(membership_id, actor=current_user.actor)
        except (OwnMembership, NotAnOwner):
            abort(403)
        except LookupError:
            abort(404)
        else:
            if isinstance(outcome, Sent):
                return _show_link(outcome)
            flash(deed.done, "success")
            return redirect(url_for("users.team"), 303)
    page = render_template("users/confirm_deed.html", form=form, deed=deed, member=member, trouble=trouble)
    return page, 422 if form.errors or (trouble and form.is_submitted()) else 200


def _show_link(sent: Sent) -> ResponseReturnValue:
    session[LINK] = {"membership": str(sent.membership_id), "address": sent.address, "is_mailed": sent.is_mailed}
    return redirect(url_for("users.invitation_link", membership_id=sent.membership_id), 303)


def _already(member: Membership) -> str:
    if member.joined_at is None:
        return "This person has been invited already. Send the invitation again from the Team page."
    return "This person belongs to the team already. Change what they may do on the Team page."


def _member_or_404(membership_id: uuid.UUID) -> Membership:
    member = find_member(membership_id)
    if member is None:
        abort(404)
    return member


def _is_self(member: Membership) -> bool:
    return bool(member.user_id == current_user.user.id)
