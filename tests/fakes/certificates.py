"""An authority for tests, and certificates a mail server may show: one good, the others each wrong.

    certificates.chest().ca_file            what a client must trust
    certificates.chest()["expired"]         the PEM file (certificate and key) for a server

All are for ``mail.example.com``, ``localhost`` and ``127.0.0.1``, except ``wrong_name``.
"""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "mail.example.com"
LOOPBACK = ip_network("127.0.0.0/8")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chest:
    """A folder with the authority's certificate and one PEM file per kind of server certificate."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "authority.pem"

    def __getitem__(self, kind: str) -> Path:
        return self.folder / f"{kind}.pem"


@cache
def chest() -> Chest:
    """Made once per process, removed at its end. Valid for 30 days, unless the kind says otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    now = datetime.now(UTC)
    authority, stranger = _Authority("Test Authority", now), _Authority("Unknown Authority", now)
    (folder / "authority.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    pems = {
        "good": authority.issue(since=now - DAY, until=now + 30 * DAY),
        "wrong_name": authority.issue(since=now - DAY, until=now + 30 * DAY, names=("other.example.org",)),
        "expired": authority.issue(since=now - 30 * DAY, until=now - DAY),
        "not_yet_valid": authority.issue(since=now + DAY, until=now + 30 * DAY),
        "untrusted": stranger.issue(since=now - DAY, until=now + 30 * DAY),
    }
    for kind, pem in pems.items():
        (folder / f"{kind}.pem").write_bytes(pem)
    return Chest(folder)


class _Authority:
    def __init__(self, name: str, now: datetime) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = (
            self._builder(self.name, self.key, now - 60 * DAY, now + 60 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, *, since: datetime, until: datetime, names: tuple[str, ...] = (HOST, "localhost")) -> bytes:
        """A server's certificate and its key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        if HOST in names:
            alternatives.append(x509.IPAddress(ip_address("127.0.0.1")))
        certificate = (
            self._builder(subject, key, since, until)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
        )
