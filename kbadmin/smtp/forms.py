"""The forms about an SMTP service: create, edit, OAuth2 settings, duplicate, and the box for a provider's code."""

from typing import Any

from wtforms import Field, RadioField, StringField, ValidationError

from kbadmin.edit_forms import EditForm
from kbadmin.encryption import Secret
from kbadmin.forms import BaseForm, OneLine, Required
from kbadmin.smtp.limit_fields import LimitFields
from kbadmin.smtp.operations import NewSecrets
from kbadmin.smtp.security import Authentication
from kbadmin.smtp.service_fields import (
    AUTHENTICATION_CHOICES,
    OAUTH2,
    PASSWORD,
    GeneralFields,
    OAuthFields,
    SignInFields,
)
from kbadmin.users.forms import FreshPasswordMixin


class CreateServiceForm(GeneralFields, SignInFields, OAuthFields, LimitFields, FreshPasswordMixin):
    """Create SMTP Service."""

    def validate_password(self, field: Field) -> None:
        """A new service has no stored password to keep."""
        if self.authentication.data == PASSWORD and not field.data:
            raise ValidationError("Enter the password.")

    def validate_client_secret(self, field: Field) -> None:
        """A new service has no stored secret to keep."""
        if self.authentication.data == OAUTH2 and not field.data:
            raise ValidationError("Enter the client secret's Value from your app registration.")

    def values(self) -> dict[str, Any]:
        """All columns of the new service."""
        kind = {"authentication": Authentication(self.authentication.data), "username": self.username.data or None}
        return {**self.general_values(), **kind, **self.oauth_values(), **self.limit_values()}

    def secrets(self) -> NewSecrets:
        """What was typed into the write-only fields."""
        return _typed(self.password, self.client_secret)


class EditServiceForm(GeneralFields, SignInFields, LimitFields, FreshPasswordMixin, EditForm):
    """Edit SMTP Service: everything but the registration, which has a page of its own."""

    def values(self) -> dict[str, Any]:
        """The columns this page may change. Leaving OAuth2 keeps its fields for the day one returns."""
        kind = Authentication(self.authentication.data)
        signs_in = {"authentication": kind, "username": self.username.data or None}
        return {**self.general_values(), **signs_in, **self.limit_values()}

    def secrets(self) -> NewSecrets:
        """A new password, if one was typed."""
        return _typed(self.password, None)


class OAuthSettingsForm(OAuthFields, FreshPasswordMixin, EditForm):
    """Update OAuth2 Settings."""

    authentication = RadioField("Authentication", choices=AUTHENTICATION_CHOICES, default=OAUTH2)

    def secrets(self) -> NewSecrets:
        """A new client secret, if one was typed."""
        return _typed(None, self.client_secret)


class DeleteForm(FreshPasswordMixin):
    """Deleting overwrites secrets, so it asks for a password that was given long ago."""


class DuplicateForm(BaseForm):
    """The name of a copy."""

    friendly_name = StringField("Friendly Name", [Required("Enter a name for the copy."), OneLine(120)])


class ErrorCodeForm(BaseForm):
    """Microsoft showed me a code: any text that holds an AADSTS number."""

    class Meta(BaseForm.Meta):
        """A look-up that changes nothing: sent by GET, so that its answer has an address."""

        csrf = False

    error_code = StringField("Code or message from Microsoft", [OneLine(4000)])


def _typed(password: Field | None, client_secret: Field | None) -> NewSecrets:
    return NewSecrets(
        password=Secret(password.data) if password is not None and password.data else None,
        client_secret=Secret(client_secret.data) if client_secret is not None and client_secret.data else None,
    )
