"""The outside world of a test: a mail server with TLS, a relay, a mailbox, and an identity provider, all real.

A module that needs it overrides ``settings`` (see tests/smtp/conftest.py), so that ``app`` and every browser follow.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

from kbadmin.config import Settings
from kbadmin.demo.certificates import CertificateFiles, ensure_certificates
from kbadmin.demo.directory import Directory, demo_directory
from kbadmin.demo.identity_provider import IdentityProvider
from kbadmin.demo.mail_server import MailServer
from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.troubles import Troubles
from kbadmin.encryption import Secret
from kbadmin.smtp.authorization import CALLBACK

MAILBOX = "support@example.com"
MAILBOX_PASSWORD = "canary-mailbox-password-7f3a"
CLIENT_SECRET = "canary~client-secret.Value-91c2"


@dataclass(frozen=True)
class World:
    """Everything outside the product. ``mail`` asks for a sign-in over TLS, ``relay`` takes mail from anybody."""

    provider: IdentityProvider
    directory: Directory
    mail: MailServer
    relay: MailServer
    mailbox: MailboxStore
    troubles: Troubles
    certificates: CertificateFiles

    def seen_from(self, settings: Settings) -> Settings:
        """Settings of an installation in this world."""
        return replace(
            settings,
            microsoft_authority=self.provider.base_url,
            smtp_ca_file=self.certificates.ca,
            smtp_allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        )


@contextmanager
def outside_world(folder: Path, *, base_url: str = "http://localhost") -> Iterator[World]:
    """Start all of it for the length of a block."""
    certificates = ensure_certificates(folder / "certificates")
    directory = demo_directory(redirect_uri=base_url + CALLBACK, secret=Secret(CLIENT_SECRET))
    store, troubles = MailboxStore(), Troubles()
    try:
        with (
            IdentityProvider(directory) as provider,
            MailServer(
                store,
                certificates=certificates,
                passwords={MAILBOX: Secret(MAILBOX_PASSWORD)},
                validate=provider.validate,
                troubles=troubles,
            ) as mail,
            MailServer(store, certificates=certificates, auth_required=False) as relay,
        ):
            yield World(provider, directory, mail, relay, store, troubles, certificates)
    finally:
        store.close()
