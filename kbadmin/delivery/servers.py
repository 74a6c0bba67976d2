"""From a stored service, or the platform's sender, to a server that the transport can speak to."""

import uuid
from dataclasses import dataclass

from kbadmin import config
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.platform import PlatformSender
from kbadmin.smtp import access_token, operations
from kbadmin.smtp.access_token import AccessToken
from kbadmin.smtp.hosts import NetworkPolicy
from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.security import Authentication, Security
from kbadmin.smtp.sign_in import BearerLogin, PasswordLogin
from kbadmin.smtp.transport import Budget, MailServer


@dataclass(frozen=True)
class Route:
    """Where a message leaves, as read in one short transaction; ``needs_token`` asks for a bearer before connecting."""

    service_id: uuid.UUID
    server: MailServer
    sender: Sender
    needs_token: bool
    configuration_version: int

    @property
    def envelope_from(self) -> str:
        """Where bounces go."""
        return self.sender.address

    def with_token(self, token: AccessToken) -> MailServer:
        """The server, with an access token to sign in with."""
        login = BearerLogin(token.user, token.token)
        return MailServer(self.server.host, self.server.port, self.server.security, login)


def network_policy() -> NetworkPolicy:
    """What the operator lets us connect to."""
    settings = config.current()
    return NetworkPolicy(settings.smtp_allowed_networks, settings.smtp_allowed_ports)


def test_budget() -> Budget:
    """The seconds a test e-mail may take, shared out over its stages."""
    whole = config.current().limits.test_email_seconds
    half = whole / 2
    return Budget(
        dns=min(5.0, half), connect=min(10.0, half), hello=half, sign_in=half, envelope=half, data=whole,
        final_reply=whole, session=whole,
    )  # fmt: skip


test_budget.__test__ = False  # type: ignore[attr-defined]


def route_of(service: SmtpService) -> Route:
    """The service as the transport needs it. Opens its password; call it just before use."""
    login = None
    if service.authentication == Authentication.PASSWORD and service.password is not None:
        login = PasswordLogin(service.username or "", service.password)
    return Route(
        service_id=service.id,
        server=MailServer(service.host, service.port, Security(service.security), login),
        sender=Sender(service.send_from_address, service.send_from_name, service.reply_to_address),
        needs_token=service.authentication == Authentication.OAUTH2,
        configuration_version=service.configuration_version,
    )


def signed_in_server(route: Route, *, refused_version: int | None = None) -> tuple[MailServer, int | None]:
    """The server with its credentials, and the version of the token it signs in with."""
    if not route.needs_token:
        return route.server, None
    token = access_token.fresh(route.service_id, refused_version=refused_version)
    return route.with_token(token), token.version


def platform_server(platform: PlatformSender) -> MailServer:
    """The platform's own sender as a server."""
    login = PasswordLogin(platform.username, platform.password) if platform.username and platform.password else None
    return MailServer(platform.host, platform.port, Security(platform.security), login)


def find_route(service_id: uuid.UUID) -> Route | None:
    """The route of a service of the account that was entered, or nothing if it is gone or switched off."""
    service = operations.find(service_id)
    return None if service is None or service.disabled_at else route_of(service)
