"""The blueprint that the portal's pages hang on: each of its requests enters the account that its address names."""

from typing import Any

from flask import Blueprint, abort, current_app, g, render_template, request
from werkzeug.exceptions import NotFound

from kbadmin.accounts import operations as accounts
from kbadmin.portal import kept_pages
from kbadmin.portal.personal import Mine
from kbadmin.tenancy import enter

blueprint = Blueprint("portal", __name__, url_prefix="/kb/<string:account>")


@blueprint.url_value_preprocessor
def _take_account(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.account_slug = (values or {}).pop("account", "")


blueprint.before_request(kept_pages.answer)


@blueprint.before_request
def _enter_account() -> None:
    if "doorstep" in g:  # Its account was found with it.
        g.account = g.doorstep.account
        enter(g.account.id)
        return
    names = (g.account_slug, *(request.view_args or {}).values())
    is_readable = all(str(name).isprintable() for name in names)  # PostgreSQL takes no NUL, not even to find nothing.
    account = accounts.find_by_slug(g.account_slug) if is_readable else None
    if account is None:
        abort(404)
    enter(account.id)
    g.account = account


@blueprint.url_defaults
def _stay_here(endpoint: str, values: dict[str, Any]) -> None:
    """Links lead on within the same account and, from a page of a knowledge base, within that."""
    if "account_slug" in g:
        values.setdefault("account", g.account_slug)
    if "inside" in g and current_app.url_map.is_endpoint_expecting(endpoint, "knowledge_base"):
        values.setdefault("knowledge_base", g.inside)


@blueprint.context_processor
def _for_templates() -> dict[str, Any]:
    """The account, the knowledge base one is in, the one whose looks the page has, and what is the reader's own."""
    visit = g.get("visit")
    return {
        "account": g.get("account"),
        "visit": visit,
        "mine": Mine(),
        "themed_by": visit.knowledge_base if visit else g.get("themed_by"),
    }


@blueprint.errorhandler(404)
def _not_found(_error: NotFound) -> tuple[str, int]:
    """The same page for what does not exist and for what this reader may not see."""
    return render_template("portal/not_found.html"), 404
