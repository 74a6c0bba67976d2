"""/healthz and /readyz: for load balancers. Live means the process answers; ready means it can do its work."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from kbadmin import config, logs, schema, sealing
from kbadmin.access import Permission, requires
from kbadmin.encryption import Unreadable
from kbadmin.installation import check_canary, is_paused

blueprint = Blueprint("health", __name__)

#: What rooms above add to the answer of /readyz; it informs and decides nothing.
TOLD: dict[str, Callable[[], Any]] = {}
log = logs.get(__name__)


def tell(name: str, function: Callable[[], Any]) -> None:
    """Add a JSON value to the answer of /readyz."""
    TOLD[name] = function


@blueprint.get("/healthz")
@requires(Permission.PUBLIC)
def live() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@requires(Permission.PUBLIC)
def ready() -> tuple[Response, int]:
    """Database, schema and keys; 503 names the one that is missing, without details. A paused worker is told apart."""
    checks, is_worker_paused = {"database": True, "schema": True, "keys": True}, False
    try:
        checks["schema"] = schema.is_current()
        is_worker_paused = checks["schema"] and is_paused(config.current()) is not None
        checks["keys"] = checks["schema"] and check_canary(sealing.ring())
    except Unreadable:
        checks["keys"] = False
    except SQLAlchemyError as error:
        log.error("not ready", reason=type(error).__name__)
        checks = dict.fromkeys(checks, False)
    good = all(checks.values())
    status = "ready" if good else "not ready"
    told = {name: function() for name, function in TOLD.items()} if checks["schema"] else {}
    body = jsonify(status=status, app=current_app.name, checks=checks, worker_paused=is_worker_paused, **told)
    return body, 200 if good else 503
