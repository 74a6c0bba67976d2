"""Unsubscribing by the link that every digest carries, for people and for mail programs.

A mail program sends a bare POST: no cookie, no form token, no redirect wanted (RFC 8058). Therefore this view alone
is exempt from the form token; the token in its address is what gives the right. GET and HEAD, which scanners of mail
send, show a page and change nothing. All answers are the same for links that are known, used and unknown.
"""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kbadmin.access import Permission, requires
from kbadmin.forms import without_form_token
from kbadmin.portal.blueprint import blueprint
from kbadmin.subscriptions import one_click


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
@without_form_token
def unsubscribe(token: str) -> ResponseReturnValue:
    """A page with a button; a POST unsubscribes, or takes it back where the button for that was pressed."""
    if request.method != "POST":
        return render_template("portal/unsubscribe.html")
    network_address = request.remote_addr or ""
    if "again" in request.form:
        one_click.subscribe_again(token, network_address=network_address)
        return render_template("portal/subscribed_again.html")
    one_click.unsubscribe(token, network_address=network_address)
    return render_template("portal/unsubscribed.html")
