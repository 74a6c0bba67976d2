"""Authorize: the pages around a provider's consent, and the callback it sends people back to."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from kbadmin import logs
from kbadmin.access import Permission, requires
from kbadmin.engine import wake
from kbadmin.forms import BaseForm
from kbadmin.headers import allow_form_action
from kbadmin.seen import ChangedMeanwhile
from kbadmin.smtp import authorization, authorizing, consent, flows, operations
from kbadmin.smtp.authorization import CALLBACK
from kbadmin.smtp.authorization_failures import AuthorizationFailed
from kbadmin.smtp.blueprint import blueprint, service_or_404, traveller
from kbadmin.smtp.changes import shown
from kbadmin.smtp.explanations import explain_failure
from kbadmin.smtp.flows import ConsumedFlow
from kbadmin.smtp.forms import OAuthSettingsForm
from kbadmin.smtp.keeping import refresh_after_new_secret
from kbadmin.smtp.operations import WouldDrop
from kbadmin.smtp.providers import aadsts_number, error_link
from kbadmin.smtp.security import Authentication

MOST_STATES = 4

log = logs.get(__name__)


@blueprint.route("/smtp/<uuid:service_id>/oauth2", methods=["GET", "POST"])
@requires(Permission.MANAGE_SMTP)
def oauth(service_id: uuid.UUID) -> ResponseReturnValue:
    """Update OAuth2 Settings: provider, login, client, secret, tenant."""
    service = service_or_404(service_id)
    form = OAuthSettingsForm(obj=service).shows(shown(service))
    form.authentication.data = Authentication.OAUTH2.value
    would_drop = None
    if form.validate_on_submit():
        values = form.oauth_values()
        try:
            saved, dropped = operations.change_service(
                service_id,
                {**values, "authentication": Authentication.OAUTH2},
                form.secrets(),
                may_drop=request.form.get("accept_dropping") == "yes",
                seen=form.seen,
                actor=current_user.actor,
            )
        except WouldDrop as asked:
            would_drop = asked.dropped
        except ChangedMeanwhile as changed:
            service = service_or_404(service_id)
            form = OAuthSettingsForm(obj=service).shows(shown(service)).say_changed(changed)
        else:
            flash("Saved.", "success")
            if dropped:
                flash(f"Dropped: {' and '.join(dropped.things)}. {dropped.remedy}", "warning")
            elif form.secrets().client_secret and saved.is_authorized:
                wake(refresh_after_new_secret, str(saved.account_id), str(saved.id))
            return redirect(url_for("smtp.edit", service_id=service_id), 303)
    page = render_template("smtp/oauth.html", service=service_or_404(service_id), form=form, would_drop=would_drop)
    return page, 422 if would_drop else form.status


@blueprint.post("/smtp/<uuid:service_id>/authorize")
@requires(Permission.MANAGE_SMTP)
def authorize(service_id: uuid.UUID) -> ResponseReturnValue:
    """Go to the provider. A POST, so that nobody can be sent there by a link."""
    service = service_or_404(service_id)
    if not BaseForm().validate_on_submit():
        return redirect(url_for("smtp.edit", service_id=service_id), 303)
    if service.disabled_at:
        flash("This service is disabled. Enable it, then authorize it.", "error")
        return redirect(url_for("smtp.edit", service_id=service_id), 303)
    if service.authentication != Authentication.OAUTH2 or service.needs_secret:
        flash("This service cannot be authorized now. Complete its OAuth2 settings first.", "error")
        return redirect(url_for("smtp.oauth", service_id=service_id), 303)
    prompt = request.form.get("prompt")
    chosen = prompt if prompt in ("select_account", "consent") else None
    if chosen is None and (service.is_authorized or service.authorization_failure):
        chosen = "select_account"
    authorizing.discard_signed_in_mailbox(service, traveller())
    allow_form_action(authorization.endpoints(service).authority)
    return redirect(authorization.begin(service, traveller(), prompt=chosen), 303)


@blueprint.get(CALLBACK)
@requires(Permission.PUBLIC)
def authorized() -> ResponseReturnValue:
    """The redirect URI. The flow is consumed first, whatever else the address holds; HEAD is nobody coming back."""
    if request.method == "HEAD":
        abort(405, valid_methods=["GET"])
    states = request.args.getlist("state")
    consumed = [flows.consume(state) for state in states[:MOST_STATES] if state]
    # Two states are nobody's way back, but both are used up.
    flow = consumed[0] if len(states) == 1 and consumed else None
    if flow is None and consent.is_return(request.args):
        return consent.receive(request.args)
    if not current_user.may(Permission.MANAGE_SMTP):
        if current_user.is_authenticated:
            flash(_toast(AuthorizationFailed("role_lost")), "error")
            return redirect("/", 303)
        flash("Sign in, then authorize the service again.", "warning")
        return redirect(url_for("users.sign_in"), 303)
    if flow is None:
        return _failed_nowhere(AuthorizationFailed("state_missing" if not states else "state_unknown"))
    if flow.traveller != traveller():
        log.warning("authorization came back to somebody else", service=str(flow.service_id))
        return _failed_nowhere(AuthorizationFailed("state_foreign"))
    if flow.trouble == "state_used":  # A double click or the Back button: nothing about the service failed.
        return _failed(flow.service_id, AuthorizationFailed(flow.trouble))
    try:
        return _complete(flow)
    except AuthorizationFailed as failed:
        authorizing.record_failure(flow.service_id, failed, actor=current_user.actor)
        return _failed(flow.service_id, failed)
    except LookupError:
        return _failed_nowhere(AuthorizationFailed("service_gone"))


@blueprint.post("/smtp/<uuid:service_id>/identity")
@requires(Permission.MANAGE_SMTP)
def choose_identity(service_id: uuid.UUID) -> ResponseReturnValue:
    """Another mailbox than expected signed in: use that one, or sign in again."""
    service = service_or_404(service_id)
    if not BaseForm().validate_on_submit():
        return redirect(url_for("smtp.edit", service_id=service_id), 303)
    if request.form.get("use") == "signed-in":
        mailbox = authorizing.use_signed_in_mailbox(service, traveller(), actor=current_user.actor)
        if mailbox:
            flash("Authorization successful", "success")
            flash(f"Login Email is now {mailbox}.", "info")
        else:
            flash("That took longer than ten minutes, so the sign-in was forgotten. Authorize again.", "warning")
    else:
        authorizing.discard_signed_in_mailbox(service, traveller())
        flash("The sign-in was forgotten. Nothing was changed.", "info")
    return redirect(url_for("smtp.edit", service_id=service_id), 303)


def _complete(flow: ConsumedFlow) -> Response:
    if flow.trouble:
        raise AuthorizationFailed(flow.trouble)
    if not all(flow.is_from(issuer) for issuer in request.args.getlist("iss")):
        raise AuthorizationFailed("issuer_foreign")
    error = request.args.get("error")
    if error is not None:
        raise AuthorizationFailed(
            "provider_error",
            error=error if error.isascii() and error.replace("_", "").isalnum() and len(error) < 60 else "unknown",
            aadsts=aadsts_number(request.args.get("error_description", "")[:4000]),
        )
    codes = request.args.getlist("code")
    if len(codes) != 1 or not 0 < len(codes[0]) <= 4096:
        raise AuthorizationFailed("code_missing")
    grant = authorization.exchange(flow, codes[0])
    service = service_or_404(flow.service_id)
    if not grant.identity.is_mailbox(service.login_email or ""):
        flows.hold(flow, grant)
        flash("Another mailbox signed in than this service expects. Choose below what to do.", "warning")
        return redirect(url_for("smtp.edit", service_id=service.id), 303)
    authorizing.record_grant(flow, grant, actor=current_user.actor)
    flash("Authorization successful", "success")
    return redirect(url_for("smtp.edit", service_id=flow.service_id), 303)


def _failed(service_id: uuid.UUID, failed: AuthorizationFailed) -> Response:
    flash(_toast(failed), "error")
    if operations.find(service_id) is None:
        return redirect(url_for("smtp.index"), 303)
    return redirect(url_for("smtp.edit", service_id=service_id), 303)


def _failed_nowhere(failed: AuthorizationFailed) -> Response:
    flash(_toast(failed), "error")
    return redirect(url_for("smtp.index"), 303)


def _toast(failed: AuthorizationFailed) -> Markup:
    """The seed's words: a link built from the digits alone, or one sentence where there is no number."""
    if failed.aadsts is None:
        return Markup("Authorization failed: {}").format(explain_failure(failed.as_facts()).what)
    link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(error_link(failed.aadsts))
    return Markup("Authorization failed: {}").format(link)
