"""The page of an account's own settings; brings Home along."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from kbadmin import navigation
from kbadmin.access import Permission, requires
from kbadmin.accounts import home, operations
from kbadmin.accounts.forms import account_form
from kbadmin.seen import ChangedMeanwhile

blueprint = Blueprint("accounts", __name__)
blueprint.record_once(lambda state: state.app.register_blueprint(home.blueprint))

navigation.in_profile_menu(
    navigation.Place("Account", "accounts.settings", "building", Permission.MANAGE_ACCOUNT, order=40)
)
home.quick_link(
    home.QuickLink("Account", "Name and time zone.", "accounts.settings", "building", Permission.MANAGE_ACCOUNT, 40)
)


@blueprint.route("/account", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNT)
def settings() -> ResponseReturnValue:
    """Name and time zone of the account, and how long it keeps its delivery log."""
    form = account_form(operations.current())
    if form.validate_on_submit():
        try:
            operations.change_settings(
                name=form.name.data or "",
                time_zone=form.time_zone.data,
                delivery_log_days=int(form.delivery_log_days.data),
                seen=form.seen,
                actor=current_user.actor,
            )
        except ChangedMeanwhile as changed:
            form = account_form(operations.current()).say_changed(changed)
        else:
            flash("Account settings saved.", "success")
            return redirect(url_for("accounts.settings"), 303)
    return render_template("accounts/settings.html", form=form), form.status
