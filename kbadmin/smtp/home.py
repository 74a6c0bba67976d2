"""What Home says about sending: that there is no SMTP service yet, that one waits for somebody, or that it works."""

from kbadmin.access import Permission
from kbadmin.accounts import home
from kbadmin.smtp import operations
from kbadmin.smtp.models import State

WORKING = (State.READY, State.DEGRADED)


def sending() -> home.SetUpStep:
    """How far the account is with a mail server of its own."""
    states = [service.state for service in operations.all_services()]
    if not states:
        text = "No SMTP service yet: configure one, so that readers get mail from your own mail server."
        return home.SetUpStep("SMTP service", False, text, "Configure an SMTP service", "smtp.create")
    if any(state in WORKING for state in states):
        return home.SetUpStep("SMTP service", True, "Mail can be sent.", "Open SMTP services", "smtp.index")
    if State.NEEDS_AUTHORIZING in states:
        text = "A service is configured, but has to be authorized before it can be used."
    elif State.UNTESTED in states:
        text = "A service is configured, but no test e-mail has been accepted yet."
    else:
        text = "No service can send now. Open the list to see why."
    return home.SetUpStep("SMTP service", False, text, "Open SMTP services", "smtp.index")


home.set_up_with(sending, permission=Permission.MANAGE_SMTP, order=20)
home.quick_link(
    home.QuickLink(
        "SMTP", "The mail servers this account sends with.", "smtp.index", "mail", Permission.MANAGE_SMTP, 20
    )
)
