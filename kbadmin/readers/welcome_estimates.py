"""How long welcomes to many readers take, in words, for whoever is about to send them."""

from kbadmin.delivery.estimates import estimate
from kbadmin.delivery.mass_plans import waiting
from kbadmin.delivery.waiting import look
from kbadmin.outbox.models import PLATFORM
from kbadmin.readers import email_settings


def how_long(number: int) -> str | None:
    """«4,200 messages, about 2 h 48 min»; nothing if nobody can send them."""
    way, service = email_settings.way(), email_settings.chosen_service()
    if way is None:
        return None
    lane_id, lanes = way.smtp_service_id or PLATFORM, look([service] if service else [])
    per_minute, per_day = lanes.limits(lane_id)
    return estimate(
        number,
        waiting_before=waiting(lane_id),
        messages_per_minute=per_minute,
        recipients_per_day=per_day,
        sent_today=lanes.sent_today.get(lane_id, 0),
    ).words
