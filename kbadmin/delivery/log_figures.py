"""How many messages stand where: above the delivery log, and on Home."""

from flask import url_for
from flask_login import current_user

from kbadmin.access import Permission
from kbadmin.accounts import home
from kbadmin.accounts.home import Figure
from kbadmin.delivery import log_queries, waiting
from kbadmin.delivery.log_scope import Scope, scope_of
from kbadmin.outbox.models import PLATFORM, Status
from kbadmin.smtp import operations

_WAITING = (("queued", "Waiting", "info", "clock"), ("sending", "Being sent", "info", "send"))
_WRONG = (("failed", "Failed", "danger", "circle-x"), ("held", "Held", "warning", "player-pause"))


def figures(scope: Scope, sent_today: int) -> list[Figure]:
    """One for each state that matters. What servers were given is counted for the account as a whole only."""
    counts = log_queries.counts(scope.within)
    found = [_figure(*one, counts[one[0]].words) for one in _WAITING]
    if scope.within is None:
        given = (Status.ACCEPTED.value, "Given to servers", "success", "circle-check")
        found.append(_figure(*given, f"{sent_today:,}", hint="in 24 hours"))
    return found + [_figure(*one, counts[one[0]].words) for one in _WRONG]


def _figure(state: str, label: str, kind: str, icon: str, words: str, hint: str = "") -> Figure:
    url = url_for("delivery_log.index", state=state)
    return Figure(label, words, url, kind if words != "0" else "muted", icon, hint, state)


def _on_home() -> list[Figure]:
    """Nothing where nothing was ever sent, so that a new account is not met by zeros."""
    scope = scope_of(current_user)
    if scope.is_empty:
        return []
    lanes = [PLATFORM, *(service.id for service in operations.all_services())] if scope.within is None else []
    found = figures(scope, sum(waiting.sent_in_24_hours(lanes).values()) if lanes else 0)
    return found if any(one.words != "0" for one in found) else []


home.figures_with(_on_home, permission=Permission.READ_DELIVERIES)
