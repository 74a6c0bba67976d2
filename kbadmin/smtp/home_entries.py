"""What Home says about SMTP services: whether there is one that works, and where they are."""

from kbadmin.access import Permission
from kbadmin.accounts import home
from kbadmin.smtp import operations
from kbadmin.smtp.models import State


def _sending() -> home.SetUpStep:
    services = operations.all_services()
    ready = [service for service in services if service.state == State.READY]
    if ready:
        text = f"{ready[0].friendly_name} works." if len(ready) == 1 else f"{len(ready)} SMTP services work."
        return home.SetUpStep("Sending e-mail", True, text, "", "smtp.index")
    if not services:
        text = "No SMTP service yet. Readers’ e-mail leaves through your own mail server."
        return home.SetUpStep("Sending e-mail", False, text, "Configure New Service", "smtp.create")
    text = "No SMTP service is ready yet. Authorize one, or send its test e-mail."
    return home.SetUpStep("Sending e-mail", False, text, "Open SMTP services", "smtp.index")


home.set_up_with(_sending, permission=Permission.MANAGE_SMTP, order=10)
home.quick_link(
    home.QuickLink(
        "SMTP", "The mail servers that e-mail leaves through.", "smtp.index", "mail", Permission.MANAGE_SMTP, 10
    )
)
