"""The identity provider's addresses: Microsoft's paths, its own home page, and a few buttons for visitors."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kbadmin import clock
from kbadmin.demo import admission
from kbadmin.demo.directory import Registration
from kbadmin.demo.misbehaviours import AT_CONSENT, AT_TOKEN, LABELS, Misbehaviour
from kbadmin.demo.pages import allow_form_action, make_app, refuse_other_sites
from kbadmin.demo.refusals import ANSWERS, Refused
from kbadmin.demo.wire_answers import wire_answer

if TYPE_CHECKING:
    from kbadmin.demo.identity_provider import IdentityProvider

PERMISSIONS = {
    admission.SMTP_SEND: ("Send emails from your mailbox using SMTP AUTH", "SMTP.Send"),
    "offline_access": ("Maintain access to data you have given it access to", "offline_access"),
    "openid": ("Sign you in", "openid"),
    "profile": ("View your basic profile", "profile"),
    "email": ("View your email address", "email"),
}


def make_provider_app(provider: "IdentityProvider") -> Flask:
    """The application, with every route."""
    app = make_app("kbadmin.demo.identity")
    app.jinja_env.globals.update(misbehaviours=LABELS)
    _add_protocol(app, provider)
    _add_consent(app, provider)
    _add_home(app, provider)
    return app


def _add_protocol(app: Flask, provider: "IdentityProvider") -> None:
    """What programs ask."""

    @app.post("/<tenant>/oauth2/v2.0/token")
    def token(tenant: str) -> ResponseReturnValue:
        provider.remember_call(tenant)
        code = provider.vault.code(request.form.get("code", ""))
        g.misbehaviour = provider.misbehaviour or (code.misbehaviour if code else None)
        if answer := wire_answer(provider, g.misbehaviour):
            return answer
        client_id = request.authorization.username if request.authorization else request.form.get("client_id")
        try:
            if number := AT_TOKEN.get(g.misbehaviour):
                raise Refused(number, client=client_id or "")
            admission.admit_app(provider.directory, tenant, client_id or "")
        except Refused as refused:
            return provider.server.refuse(refused)
        return provider.server.answer_token_request()

    @app.get("/<tenant>/discovery/v2.0/keys")
    def keys(tenant: str) -> ResponseReturnValue:  # noqa: ARG001 - one key set for all, as at Microsoft.
        return provider.id_tokens.public_keys()

    @app.get("/<tenant>/v2.0/.well-known/openid-configuration")
    def configuration(tenant: str) -> ResponseReturnValue:
        found = provider.directory.tenant(tenant)
        if found is None and tenant.casefold() not in admission.SHARED:
            return provider.server.refuse(Refused(90002, tenant=tenant))
        base = f"{provider.base_url}/{tenant}"
        return {
            "issuer": f"{provider.base_url}/{found.id if found else '{tenantid}'}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(admission.OPENID_SCOPES),
        }

    @app.route("/elsewhere", methods=["GET", "POST"])
    def elsewhere() -> ResponseReturnValue:
        """Stands for an attacker's host: remembers what it is sent and answers as if all were well."""
        provider.elsewhere_bodies.append(request.get_data(as_text=True))
        return {
            "access_token": "from-elsewhere",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": "elsewhere",
        }


def _add_consent(app: Flask, provider: "IdentityProvider") -> None:
    """What people see when they are sent here."""

    @app.route("/<tenant>/oauth2/v2.0/authorize", methods=["GET", "POST"])
    def authorize(tenant: str) -> ResponseReturnValue:
        refuse_other_sites()
        registration = _admitted(provider, tenant)
        grant = provider.server.get_consent_grant()
        person = provider.directory.person(request.form.get("account", ""))
        if person is None:
            return render_template(
                "demo/identity/accounts.html",
                registration=registration,
                people=provider.directory.people,
                hint=request.args.get("login_hint", "").casefold(),
            )
        admission.admit_person(provider.directory, tenant, registration, person)
        if request.form.get("decision") is None:
            asked = request.args.get("scope", "").split()
            return render_template(
                "demo/identity/consent.html",
                registration=registration,
                person=person,
                tenant=provider.directory.tenant(person.tenant),
                permissions=[PERMISSIONS.get(name, (name, name)) for name in asked],
            )
        g.misbehaviour = provider.misbehaviour or _chosen_misbehaviour()
        if request.form["decision"] != "accept":
            g.misbehaviour = Misbehaviour.DECLINED
        if number := AT_CONSENT.get(g.misbehaviour):
            raise _sent_back(Refused(number))
        return provider.server.answer_consent(grant, person)

    @app.route("/<tenant>/v2.0/adminconsent", methods=["GET", "POST"])
    def admin_consent(tenant: str) -> ResponseReturnValue:
        refuse_other_sites()
        registration = _admitted(provider, tenant)
        found = provider.directory.tenant(tenant) or provider.directory.tenants[0]
        asked = request.args.get("scope", "").split()
        match request.form.get("decision"):
            case None:
                return render_template(
                    "demo/identity/admin_consent.html",
                    registration=registration,
                    tenant=found,
                    permissions=[PERMISSIONS.get(name, (name, name)) for name in asked],
                )
            case "accept":
                answer = {"admin_consent": "True", "tenant": found.id, "scope": " ".join(asked)}
                return _back(answer | {"state": request.args.get("state", "")})
            case _:
                raise _sent_back(Refused(65004))

    @app.get("/error")
    def error() -> ResponseReturnValue:
        code = request.args.get("code", "")
        number = int(code) if re.fullmatch(r"[0-9]{1,9}", code) else None
        return render_template("demo/identity/error.html", number=number, answer=ANSWERS.get(number or 0))

    @app.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> ResponseReturnValue:
        if error.redirect_uri:
            error.state = request.args.get("state")
            return provider.server.refuse(error)
        number = getattr(error, "number", 90014)
        text = f"AADSTS{number}: {getattr(error, 'text', error.description)}"
        page = render_template(
            "demo/identity/problem.html",
            error=error,
            number=number,
            text=text,
            now=clock.now(),
            retry_url=request.full_path,
        )
        return Response(page, 400, {"X-AADSTS": text})


def _add_home(app: Flask, provider: "IdentityProvider") -> None:
    """The provider's own page: what to copy into the product, and the buttons that make things go wrong later."""

    @app.get("/")
    def home() -> ResponseReturnValue:
        return render_template(
            "demo/identity/home.html",
            directory=provider.directory,
            chosen=provider.misbehaviour,
            now=clock.now(),
        )

    @app.post("/misbehave")
    def misbehave() -> ResponseReturnValue:
        refuse_other_sites()
        provider.misbehaviour = _chosen_misbehaviour()
        return redirect(url_for("home"), 303)

    @app.post("/registrations/<client_id>/expire-secrets")
    def expire_secrets(client_id: str) -> ResponseReturnValue:
        refuse_other_sites()
        return _changed(lambda: provider.directory.expire_secrets(client_id))

    @app.post("/registrations/<client_id>/new-secret")
    def new_secret(client_id: str) -> ResponseReturnValue:
        refuse_other_sites()
        return _changed(lambda: provider.directory.add_secret(client_id))

    @app.post("/expire-tokens")
    def expire_tokens() -> ResponseReturnValue:
        refuse_other_sites()
        provider.expire_tokens()
        return redirect(url_for("home"), 303)

    @app.post("/revoke-grants")
    def revoke_grants() -> ResponseReturnValue:
        refuse_other_sites()
        provider.revoke_grants()
        return redirect(url_for("home"), 303)


def _changed(change: Callable[[], object]) -> ResponseReturnValue:
    """Back to the provider's page after a change of a registration; 404 where there is none."""
    try:
        change()
    except LookupError:
        abort(404)
    return redirect(url_for("home"), 303)


def _admitted(provider: "IdentityProvider", tenant: str) -> Registration:
    """The app that asks, if it may; from here on the page's form may end at the app's address."""
    registration = admission.admit_app(provider.directory, tenant, request.args.get("client_id", ""))
    redirect_uri = request.args.get("redirect_uri", "")
    admission.require_redirect_uri(registration, redirect_uri)
    parts = urlsplit(redirect_uri)
    allow_form_action(f"{parts.scheme}://{parts.netloc}")
    return registration


def _chosen_misbehaviour() -> Misbehaviour | None:
    word = request.form.get("answer", "")
    return Misbehaviour(word) if word in set(Misbehaviour) else None


def _sent_back(refused: Refused) -> Refused:
    refused.redirect_uri = request.args["redirect_uri"]
    return refused


def _back(answer: dict[str, Any]) -> ResponseReturnValue:
    address = request.args["redirect_uri"]
    return redirect(f"{address}{'&' if '?' in address else '?'}{urlencode(answer)}", 302)
