"""Where something was dropped, as static/js/tree.js says it."""

import uuid

from flask import abort, request

from kbadmin.articles.moving import Place


def asked_place() -> Place | None:
    """The place that the form names; nothing where a button was pressed instead."""
    if "category" not in request.form:
        return None
    return Place(_id("category"), before_id=_id("before"), after_id=_id("after"))


def _id(name: str) -> uuid.UUID | None:
    text = request.form.get(name, "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        abort(400)
