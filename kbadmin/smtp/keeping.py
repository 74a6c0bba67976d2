"""What looks after grants in the background."""

import uuid

from kbadmin import logs
from kbadmin.engine import sweep, task
from kbadmin.smtp import access_token, flows
from kbadmin.smtp.access_token import TokenUnavailable
from kbadmin.tenancy import enter

log = logs.get(__name__)


@task
def refresh_after_new_secret(account_id: str, service_id: str) -> None:
    """A client secret was replaced: prove it at once, so that a mistake shows now and not at the next digest.

    A provider that refuses leaves the service paused with the reason, or without a grant, as any refresh does.
    """
    enter(uuid.UUID(account_id))
    try:
        access_token.fresh(uuid.UUID(service_id), refused_version=access_token.version_of(uuid.UUID(service_id)))
    except TokenUnavailable as unavailable:
        log.info("new client secret not accepted", service=service_id, kind=unavailable.failed.kind)
    except LookupError:
        log.info("service gone before its new secret was tried", service=service_id)


@sweep
def forget_old_flows() -> None:
    """Tokens of a mailbox that nobody confirmed leave after ten minutes, and old flows after a day."""
    flows.forget_old()
