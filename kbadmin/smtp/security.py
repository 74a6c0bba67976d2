"""How a connection to a mail server is protected, and how we prove there who we are."""

from enum import StrEnum


class Security(StrEnum):
    """What protects the connection."""

    #: It begins in the clear and must become TLS before anything is said (RFC 3207); port 587.
    STARTTLS = "starttls"
    #: It is TLS from the first byte (RFC 8314); port 465.
    IMPLICIT_TLS = "implicit_tls"
    #: It stays in the clear; only without signing in, for relays that know us by our address.
    NONE = "none"


class Authentication(StrEnum):
    """How a service signs in."""

    #: Not at all: the relay knows us by our address.
    UNAUTHENTICATED = "unauthenticated"
    #: With a username and a password (RFC 4616, or LOGIN where the server has nothing else).
    PASSWORD = "password"
    #: With an access token that a provider granted (XOAUTH2).
    OAUTH2 = "oauth2"
