"""A certificate for localhost and the throw-away authority that signed it, kept in the demo's folder.

Clients really verify: they are given ``ca`` as ``KBADMIN_SMTP_CA_FILE``. The authority's own key is never written,
so nobody can sign anything else with it; both are made anew together (RFC 5280).
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kbadmin import clock

# The demo's clock may be shifted while OpenSSL reads the real one, hence the generous start and end.
VALID_SINCE = timedelta(days=365)
VALID_FOR = timedelta(days=730)
RENEW_BEFORE = timedelta(days=60)


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files: the authority to trust, the server's certificate, and its private key (readable by us alone)."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path) -> CertificateFiles:
    """The files of this folder, made if one is missing, unreadable or near its expiry."""
    files = CertificateFiles(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    if not _are_good(files):
        folder.mkdir(parents=True, exist_ok=True)
        _make(files)
    return files


def _are_good(files: CertificateFiles) -> bool:
    if not files.key.is_file():
        return False
    try:
        found = [x509.load_pem_x509_certificate(path.read_bytes()) for path in (files.ca, files.certificate)]
        found[1].verify_directly_issued_by(found[0])
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return all(certificate.not_valid_after_utc - clock.now() > RENEW_BEFORE for certificate in found)


def _make(files: CertificateFiles) -> None:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    server = _server(server_key, authority, authority_key)
    files.key.unlink(missing_ok=True)
    files.key.touch(mode=0o600)
    files.key.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.ca.write_bytes(authority.public_bytes(Encoding.PEM))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("kbadmin demo authority")
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(_name("localhost"), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_SINCE)
        .not_valid_after(now + VALID_FOR)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(**allowed: bool) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**dict.fromkeys(every.split(), False) | allowed)
