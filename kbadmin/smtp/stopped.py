"""Of a service, as a condition of a query: it sends nothing until somebody acts. The same as its state says of one."""

from sqlalchemy import ColumnElement, and_, or_

from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication


def has_stopped() -> ColumnElement[bool]:
    """Whether a service is disabled or paused, or lacks its password, its client secret or its authorization."""
    here = SmtpService
    without_password = and_(here.authentication == Authentication.PASSWORD, here.password_sealed.is_(None))
    without_grant = and_(
        here.authentication == Authentication.OAUTH2,
        or_(here.client_secret_sealed.is_(None), here.refresh_token_sealed.is_(None)),
    )
    return or_(here.disabled_at.is_not(None), here.paused_at.is_not(None), without_password, without_grant)
