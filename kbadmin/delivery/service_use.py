"""What the delivery log adds to a service's page: the way to its messages, and that some still need the service."""

import uuid
from typing import Any

from flask import url_for
from flask_login import current_user

from kbadmin.access import Permission
from kbadmin.delivery.log_queries import MOST_COUNTED, Count
from kbadmin.delivery.mass_plans import waiting
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.service_page import show_on_service_page
from kbadmin.smtp.usages import Usage, report_usages_with


def way_to_log(service: SmtpService) -> dict[str, Any]:
    """The address of the log, filtered by this service, for those who may read it."""
    may = current_user.may(Permission.MANAGE_DELIVERIES)
    return {"log_url": url_for("delivery_log.index", service=str(service.id)) if may else None}


def waiting_mail(service_id: uuid.UUID) -> list[Usage]:
    """A service is in use while messages wait for it."""
    count = Count(waiting(service_id, MOST_COUNTED + 1))
    if not count:
        return []
    words = "1 message waits" if count.number == 1 else f"{count.words} messages wait"
    return [Usage(f"{words} to be sent", url_for("delivery_log.index", state="queued", service=str(service_id)))]


show_on_service_page(way_to_log)
report_usages_with(waiting_mail)
