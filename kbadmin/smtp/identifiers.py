"""What is copied from an app registration: tenant, client and secret, and how each looks.

A tenant becomes part of the address that the client secret is sent to, so only known shapes pass: a directory
id or a domain, in ASCII. The rest catches what people paste by mistake, before any network is touched.
"""

import re

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}")
_MASK = re.compile(r"[*\u2022\u25cf\u2219\u00b7\u2024\u22c5\u26ab]+")
# The portal shows a stored secret as its first letters and a row of asterisks.
_PORTAL_MASK = re.compile(r"[!-~]{1,4}[*\u2022\u25cf]{8,}")

TENANT_SHAPE = (
    "Enter the Directory (tenant) ID from the app registration's Overview page, such as "
    "72f988bf-86f1-41af-91ab-2d7cd011db47, or a domain of your organization; or leave the field blank."
)
CLIENT_SHAPE = (
    "Enter the Application (client) ID from the app registration's Overview page: 36 letters, digits and "
    "hyphens, such as 6731de76-14a6-49ae-97bc-6eba6914391e."
)


def canonical_tenant(text: str) -> str | None:
    """A tenant in stored form: a directory id or a domain in lower case, or nothing for blank.

    Raises ValueError, whose text is a sentence for the person, for every other shape.
    """
    text = text.strip(" ")
    if not text:
        return None
    folded = text.lower() if text.isascii() else text
    if folded in ("common", "organizations", "consumers"):
        raise ValueError(f"“{folded}” is not a tenant. Leave the field blank and choose under Who May Sign In.")
    if _GUID.fullmatch(folded) or (len(folded) <= 253 and _DOMAIN.fullmatch(folded)):
        return folded
    raise ValueError(TENANT_SHAPE)


def canonical_client_id(text: str) -> str:
    """A client ID in stored form; raises ValueError, whose text is a sentence for the person."""
    text = text.strip(" ")
    if not _GUID.fullmatch(text):
        raise ValueError(CLIENT_SHAPE)
    return text.lower()


def looks_like_secret_id(text: str) -> bool:
    """Whether a client secret is the Secret ID beside it: a GUID, which Microsoft's secrets never are."""
    return _GUID.fullmatch(text.strip()) is not None


def looks_like_mask(text: str) -> bool:
    """Whether a secret is the dots or asterisks that stood in its place on a page."""
    return bool(_MASK.fullmatch(text.strip()) or _PORTAL_MASK.fullmatch(text.strip()))
