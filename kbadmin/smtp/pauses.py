"""The end of a service's trouble: what is cleared, and who above this room hears that it may be used again."""

import uuid
from collections.abc import Callable

from kbadmin import clock
from kbadmin.smtp.models import SmtpService

LISTENERS: list[Callable[[uuid.UUID], None]] = []


def when_usable_again(listener: Callable[[uuid.UUID], None]) -> None:
    """Rooms above hear, in the same transaction, that a service was put right: its mail may be tried at once."""
    LISTENERS.append(listener)


def put_right(service: SmtpService) -> None:
    """Somebody or time has removed the cause: clear the trouble, whatever it was, and say so. Inside a write section.

    An authorization's failure stays: it explains itself, until another authorization has succeeded.
    """
    service.paused_at = service.paused_until = service.degraded_at = None
    service.pause_reason = service.submission_failure = None
    service.updated_at = clock.now()  # Connections that were opened before are not used any longer.
    for listener in LISTENERS:
        listener(service.id)
