"""How fast, how much and over how many connections a service may send: what is usual, and what its provider allows.

Microsoft's figures hold for its mailboxes however they sign in: by OAuth2, or with a password at one of its hosts.
"""

from typing import Any

from kbadmin.smtp.models import SmtpService
from kbadmin.smtp.providers import MICROSOFT, SendingLimits, is_microsoft_host
from kbadmin.smtp.security import Authentication

#: Any other server: no limit of ours unless somebody sets one.
ELSEWHERE = SendingLimits(connections=3, most_connections=10)

#: What no server needs: a figure beyond is a slip of the finger.
MOST_PER_MINUTE = 100_000
MOST_PER_DAY = 100_000_000

FIELDS = {
    "max_connections": ("connections", "most_connections"),
    "messages_per_minute": ("per_minute", "most_per_minute"),
    "recipients_per_day": ("per_day", "most_per_day"),
}


def is_microsofts(host: str, authentication: Authentication | str) -> bool:
    """Whether such a service sends through one of Microsoft's mailboxes."""
    return authentication == Authentication.OAUTH2 or is_microsoft_host(host)


def limits_for(host: str, authentication: Authentication | str) -> SendingLimits:
    """What is usual there, and the most that may be set."""
    return MICROSOFT.limits if is_microsofts(host, authentication) else ELSEWHERE


def most_of(field: str, limits: SendingLimits) -> int:
    """The largest figure that this column may hold."""
    most: int | None = getattr(limits, FIELDS[field][1])
    return most or {"messages_per_minute": MOST_PER_MINUTE, "recipients_per_day": MOST_PER_DAY}[field]


def usual(limits: SendingLimits) -> dict[str, int | None]:
    """The columns as they are where nobody says anything else."""
    return {field: getattr(limits, name) for field, (name, _) in FIELDS.items()}


def keep_within(service: SmtpService) -> None:
    """Bring a service's limits inside what its provider allows, after its host or the way it signs in was changed."""
    limits = limits_for(service.host, service.authentication)
    for field, (usual_name, most_name) in FIELDS.items():
        most = getattr(limits, most_name)
        found: Any = getattr(service, field)
        if found is None:
            setattr(service, field, getattr(limits, usual_name))
        elif most is not None and found > most:
            setattr(service, field, most)
