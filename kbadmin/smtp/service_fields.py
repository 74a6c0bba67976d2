"""The fields of an SMTP service, with the labels and in the order people know from their provider's guide."""

from datetime import date
from typing import Any

from wtforms import (
    DateField,
    Field,
    Form,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import Optional

from kbadmin import clock, config
from kbadmin.forms import (
    AsciiInteger,
    BaseForm,
    Canonical,
    InputRequired,
    KeptSecretField,
    OneEmailAddress,
    OneLine,
    OnlyWhen,
    Required,
)
from kbadmin.smtp.hosts import NetworkPolicy, canonical_host
from kbadmin.smtp.providers import (
    AUDIENCES,
    CLOUDS,
    canonical_client_id,
    canonical_tenant,
    looks_like_mask,
    looks_like_secret_id,
)
from kbadmin.smtp.security import Authentication, Security

PASSWORD, OAUTH2 = Authentication.PASSWORD.value, Authentication.OAUTH2.value

SECURITY_CHOICES = [
    SelectChoice(Security.STARTTLS.value, "STARTTLS (usual on port 587)"),
    SelectChoice(Security.IMPLICIT_TLS.value, "TLS from the start (usual on port 465)"),
    SelectChoice(Security.NONE.value, "None (unauthenticated relays only)"),
]
AUTHENTICATION_CHOICES = [
    SelectChoice(Authentication.UNAUTHENTICATED.value, "Unauthenticated"),
    SelectChoice(PASSWORD, "Username/Password"),
    SelectChoice(OAUTH2, "OAuth2"),
]
GENERAL = ("friendly_name", "host", "port", "security", "send_from_address", "reply_to_address", "send_from_name")
OAUTH = ("provider", "cloud", "audience", "login_email", "client_id", "tenant_id", "secret_expires_on")


def _host(text: str) -> str:
    settings = config.current()
    return canonical_host(text, NetworkPolicy(settings.smtp_allowed_networks, settings.smtp_allowed_ports))


def _secret_value(_form: Form, field: Field) -> None:
    """A client secret's value: neither the Secret ID beside it in the portal, nor dots from a form, nor two lines."""
    text = field.data or ""
    if looks_like_mask(text):
        raise ValidationError("These are dots, not the secret. Leave the field blank to keep what is stored.")
    if looks_like_secret_id(text):
        raise ValidationError(
            "This looks like the Secret ID. Paste the Value, which stands beside it in Certificates & secrets; "
            "it is shown only once, so create a new secret if it is gone."
        )
    if not text.isprintable() or len(text) > 1000:
        raise ValidationError("Paste the secret's Value alone, without line breaks.")


def _password_value(_form: Form, field: Field) -> None:
    text = field.data or ""
    if looks_like_mask(text):
        raise ValidationError("These are dots, not the password. Leave the field blank to keep what is stored.")
    if not text.isprintable() or len(text) > 1000:
        raise ValidationError("Enter the password without line breaks.")


class GeneralFields(BaseForm):
    """What every kind of service has."""

    friendly_name = StringField("Friendly Name", [Required("Enter a name for this service."), OneLine(120)])
    host = StringField("SMTP Host", [Required("Enter the SMTP host your provider gave you."), Canonical(_host)])
    port = StringField("Port", [AsciiInteger(1, 65535, "Enter a port as digits, such as 587.")], default="587")
    security = SelectField("Connection Security", choices=SECURITY_CHOICES, default=Security.STARTTLS.value)
    send_from_address = StringField(
        "Send From Address", [Required("Enter the address mail is sent from."), OneEmailAddress()]
    )
    reply_to_address = StringField("Reply To Address", [OneEmailAddress()])
    send_from_name = StringField("Send From Name", [OneLine(120)])

    def validate_port(self, field: Field) -> None:
        """Only the ports that the operator lets mail leave through."""
        allowed = config.current().smtp_allowed_ports
        if not field.errors and not allowed.allows(int(field.data)):
            raise ValidationError(f"Port {field.data} is not allowed. Mail may leave through {allowed}.")

    def general_values(self) -> dict[str, Any]:
        """The validated answers, by column."""
        values = {name: self[name].data or None for name in GENERAL}
        return {**values, "port": int(self.port.data), "security": Security(self.security.data)}


class SignInFields(BaseForm):
    """How the service signs in: the choice, and the fields of Username/Password."""

    authentication = RadioField(
        "Authentication",
        [InputRequired("Choose how the service signs in.")],
        choices=AUTHENTICATION_CHOICES,
        default=Authentication.UNAUTHENTICATED.value,
    )
    username = StringField(
        "Username", [OnlyWhen("authentication", PASSWORD), Required("Enter the username."), OneLine(254)]
    )
    password = KeptSecretField("Password", [OnlyWhen("authentication", PASSWORD), _password_value])

    def validate_authentication(self, field: Field) -> None:
        """A password or token is never sent without TLS, so the two cannot be chosen together."""
        secured = self["security"].data if "security" in self else None
        if field.data != Authentication.UNAUTHENTICATED.value and secured == Security.NONE.value:
            raise ValidationError(
                "A password or token is never sent without TLS. Choose STARTTLS or TLS from the start above."
            )


class OAuthFields(BaseForm):
    """A provider, the mailbox that signs in, and the app registration."""

    provider = SelectField(
        "Provider", [OnlyWhen("authentication", OAUTH2)], choices=[SelectChoice("microsoft", "Microsoft")]
    )
    login_email = StringField(
        "Login Email",
        [OnlyWhen("authentication", OAUTH2), Required("Enter the mailbox that will sign in."), OneEmailAddress()],
    )
    client_id = StringField(
        "Client ID",
        [
            OnlyWhen("authentication", OAUTH2),
            Required("Enter the Application (client) ID."),
            Canonical(canonical_client_id),
        ],
    )
    client_secret = KeptSecretField("Client Secret", [OnlyWhen("authentication", OAUTH2), _secret_value])
    tenant_id = StringField("Tenant ID", [OnlyWhen("authentication", OAUTH2), Canonical(canonical_tenant)])
    secret_expires_on = DateField("Secret Expires On", [OnlyWhen("authentication", OAUTH2), Optional()])
    audience = SelectField(
        "Who May Sign In",
        [OnlyWhen("authentication", OAUTH2)],
        choices=[SelectChoice(key, label) for key, label in AUDIENCES.items()],
        default="work",
    )
    cloud = SelectField(
        "Microsoft Cloud",
        [OnlyWhen("authentication", OAUTH2)],
        choices=[SelectChoice(key, cloud.label) for key, cloud in CLOUDS.items()],
        default="global",
    )

    def validate_tenant_id(self, field: Field) -> None:
        """The two GUIDs of the Overview page are easily swapped or pasted twice."""
        if field.data and self.client_id.data and field.data.lower() == str(self.client_id.data).lower():
            raise ValidationError(
                "This is the Client ID again. Paste the Directory (tenant) ID, or leave the field blank."
            )

    def validate_secret_expires_on(self, field: Field) -> None:
        """A date that has passed would stop the service at once."""
        if isinstance(field.data, date) and field.data <= clock.now().date():
            raise ValidationError("This date has passed: create a new secret, and enter the day on which it expires.")

    def oauth_values(self) -> dict[str, Any]:
        """The validated answers, by column; those of an unchosen kind are empty."""
        values = {name: self[name].data or None for name in OAUTH}
        return values | {"cloud": self.cloud.data or "global", "audience": self.audience.data or "work"}
