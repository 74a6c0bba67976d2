"""What stands in the database about services, for tests that must look behind the pages. Use it inside an account."""

import uuid

from sqlalchemy import select

from kbadmin.database import db, unit_of_work
from kbadmin.smtp.models import OAuthFlow, SmtpService


def services_of() -> list[SmtpService]:
    """The account's services, deleted ones too, oldest first."""
    return list(db.session.scalars(select(SmtpService).order_by(SmtpService.created_at, SmtpService.id)))


def only_service() -> SmtpService:
    """The account's one service."""
    [service] = services_of()
    return service


def flows() -> list[OAuthFlow]:
    """Every authorization under way or over, oldest first."""
    return list(db.session.scalars(select(OAuthFlow).order_by(OAuthFlow.created_at, OAuthFlow.id)))


def change(service_id: uuid.UUID | None = None, **values: object) -> None:
    """Set columns past every rule, as somebody with a hand in the database could."""
    with unit_of_work():
        service = only_service() if service_id is None else db.session.get(SmtpService, service_id)
        for name, value in values.items():
            setattr(service, name, value)
