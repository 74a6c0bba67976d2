"""What is about oneself: name, password, where one is signed in."""

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.portal import door, profiles
from kbadmin.portal.blueprint import blueprint
from kbadmin.portal.forms import ProfileForm
from kbadmin.portal.principal import COOKIE, SignedInReader
from kbadmin.seen import ChangedMeanwhile


@blueprint.route("/profile", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def profile() -> ResponseReturnValue:
    """Name, and the ways to password and sessions."""
    signed_in = door.reader_or_leave()
    form = _form(signed_in)
    if form.validate_on_submit():
        try:
            profiles.rename(
                signed_in.reader.id,
                first_name=form.first_name.data or "",
                last_name=form.last_name.data or "",
                seen=form.seen,
                network_address=signed_in.network_address,
            )
        except LookupError:
            return redirect(url_for("portal.sign_in"), 303)
        except ChangedMeanwhile as changed:
            form = _form(signed_in).say_changed(changed)
        else:
            flash("Profile saved.", "success")
            return redirect(url_for("portal.profile"), 303)
    return render_template("portal/profile.html", form=form, email=signed_in.reader.email), form.status


@blueprint.post("/profile/sign-out-everywhere")
@requires(Permission.PUBLIC)
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign every browser out, this one too."""
    signed_in = door.reader_or_leave()
    profiles.sign_out_everywhere(signed_in.reader.id, network_address=signed_in.network_address)
    flash("You are signed out everywhere.", "success")
    response = redirect(url_for("portal.sign_in"), 303)
    assert isinstance(response, Response)
    COOKIE.take_back(response)
    return response


def _form(signed_in: SignedInReader) -> ProfileForm:
    return ProfileForm(obj=signed_in.reader).shows(profiles.shown(signed_in.reader))
