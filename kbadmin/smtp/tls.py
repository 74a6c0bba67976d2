"""TLS towards a mail server: verified, by name, 1.2 or newer (RFC 8314, RFC 8446, RFC 9525).

Python's own default for SMTP verifies nothing, so no connection is made without the context from here.
"""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from kbadmin import clock
from kbadmin.smtp.replies import printable

#: OpenSSL's X509_V_ERR_… numbers that we have a sentence for; any other means that no trusted authority
#: vouches.
_KINDS = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    62: "certificate_wrong_name",
    64: "certificate_wrong_name",  # of an IP address
}


def verifying_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """A context that trusts the system's authorities, and those of an extra file if the operator gave one.

    Built by hand and not by ``create_default_context``, which would write session keys where an environment
    variable tells it to. Kept for the life of the process, for reading the system's store takes a while; a
    changed extra file is read again. Raises OSError if that file cannot be read.
    """
    return _context(ca_file, ca_file.stat().st_mtime_ns if ca_file is not None else 0)


@lru_cache(maxsize=4)
def _context(ca_file: Path | None, _modified_at: int) -> ssl.SSLContext:
    return new_context(ca_file)


def new_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """The same for a library that changes what it is given: a context that nobody else uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def is_verified(connection: object) -> bool:
    """Whether this is a TLS connection whose certificate was checked, by name: which signing in needs."""
    if not isinstance(connection, ssl.SSLSocket) or connection.version() is None:
        return False
    return connection.context.verify_mode == ssl.CERT_REQUIRED and connection.context.check_hostname


def failure_kind(error: ssl.SSLError) -> str:
    """The kind of failure, as a word that :class:`~kbadmin.smtp.failures.SubmissionFailed` knows."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _KINDS.get(error.verify_code, "certificate_untrusted")
    return "tls_failed"


def connection_facts(connection: ssl.SSLSocket) -> Mapping[str, str]:
    """What a person may want to know of a verified connection, its certificate's dates included."""
    cipher = connection.cipher()
    return {
        "protocol": connection.version() or "",
        "cipher": cipher[0] if cipher else "",
        **_certificate_facts(dict(connection.getpeercert() or {})),
    }


def _certificate_facts(certificate: Mapping[str, Any]) -> Mapping[str, str]:
    names = [value for _, value in certificate.get("subjectAltName", ())]
    issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    return {
        "certificate_name": printable(", ".join(names)),
        "issuer": printable(issuer.get("organizationName") or issuer.get("commonName") or ""),
        "expires_at": expires.date().isoformat(),
        "days_left": str((expires - clock.now()).days),
    }
