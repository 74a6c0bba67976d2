"""The blueprint that the pages of this room hang on; its modules are gathered in routes.py."""

import uuid

from flask import Blueprint, abort
from flask_login import current_user

from kbadmin.smtp import authorization, operations
from kbadmin.smtp.flows import Traveller
from kbadmin.smtp.models import SmtpService

blueprint = Blueprint("smtp", __name__)


def service_or_404(service_id: uuid.UUID) -> SmtpService:
    """The service of this account; another account's looks like none at all."""
    service = operations.find(service_id)
    if service is None:
        abort(404)
    return service


@blueprint.context_processor
def _redirect_uri() -> dict[str, str]:
    """Every page of the room may show the redirect URI."""
    return {"redirect_uri": authorization.redirect_uri()}


def traveller() -> Traveller:
    """Whoever is signed in, as one who goes to a provider and must come back."""
    return Traveller(current_user.session_id, current_user.user.id, current_user.account_id)
