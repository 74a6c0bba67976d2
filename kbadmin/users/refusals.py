"""Refused requests, in the audit log: who wanted to open what, and which permission was missing."""

from flask import request
from flask_login import current_user

from kbadmin import throttle
from kbadmin.access import Permission, Refusals
from kbadmin.audit.operations import record
from kbadmin.database import ledger
from kbadmin.throttle import Limit

# Enough to see what happened, too little to bury the log.
NOTED = Limit("refusals", 60, 60 * 60)


def record_refusal(permission: Permission) -> None:
    """Keep a refusal; it goes through the ledger, as a refused request is rolled back."""
    if throttle.count(NOTED, str(current_user.user.id)) > NOTED.count:
        return
    with ledger(current_user.account_id) as session:
        record(
            "request refused",
            actor=current_user.actor,
            session=session,
            page=request.path[:200],
            needed=permission.value.replace("_", " "),
        )


Refusals.listeners.append(record_refusal)
