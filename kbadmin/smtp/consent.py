"""Admin consent: a link to forward to an administrator, and the return of whoever followed it.

The one who comes back has no session with us, and the answer can be forged: nothing follows from it but a note on
the service and a line in the audit log. The directory named in the answer is ignored.
https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
"""

from datetime import timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from kbadmin import links
from kbadmin.audit.operations import Actor
from kbadmin.database import begin_writing, ledger, stop_reading
from kbadmin.links import Purpose
from kbadmin.smtp import authorization, authorizing
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.providers import admin_consent_link
from kbadmin.tenancy import enter

DAYS = 7
_PREFIX = "consent-"


def link_for(service: SmtpService) -> str:
    """A new link to forward; it is recognised when its reader returns within seven days."""
    begin_writing()
    token = links.hand_out(
        Purpose.ADMIN_CONSENT,
        subject_id=service.id,
        lifetime=timedelta(days=DAYS),
        account_id=service.account_id,
    )
    return admin_consent_link(
        authorization.endpoints(service),
        cloud=service.cloud,
        client_id=service.client_id or "",
        redirect_uri=authorization.redirect_uri(),
        state=_PREFIX + token,
    )


def is_return(arguments: MultiDict[str, str]) -> bool:
    """Whether a callback is the return of an admin consent, by its own words or by our kind of state."""
    return "admin_consent" in arguments or arguments.get("state", "").startswith(_PREFIX)


def receive(arguments: MultiDict[str, str]) -> ResponseReturnValue:
    """Thank whoever returned; note it on the service if the state is ours. The page is the same either way."""
    state = arguments.get("state", "")
    refused = "error" in arguments
    link = links.find(Purpose.ADMIN_CONSENT, state.removeprefix(_PREFIX)) if state.startswith(_PREFIX) else None
    if link is not None and link.account_id is not None and not refused:
        link_id, account_id, service_id = link.id, link.account_id, link.subject_id
        stop_reading()
        with ledger() as session:  # Noted once: whoever holds the address must not be able to fill the audit log.
            is_first = links.consume(link_id, session=session)
        if not is_first:
            return render_template("smtp/consent_received.html", refused=False)
        enter(account_id)
        actor = Actor(None, "Somebody with the admin-consent link", request.remote_addr or "")
        authorizing.note_admin_consent(service_id, actor=actor)
    return render_template("smtp/consent_received.html", refused=refused)
