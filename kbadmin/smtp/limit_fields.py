"""The fields of a service's sending limits: within what the provider allows, and blank for what is usual there."""

from typing import Any

from wtforms import Field, RadioField, SelectChoice, StringField, ValidationError

from kbadmin.forms import BaseForm
from kbadmin.smtp.limits import FIELDS, is_microsofts, limits_for, most_of, usual
from kbadmin.smtp.providers import SendingLimits

RESEND, HOLD = "resend", "hold"
UNCERTAIN_CHOICES = [SelectChoice(RESEND, "Send it again"), SelectChoice(HOLD, "Hold it for a person")]
WHY = {
    "max_connections": "Microsoft allows 3 connections at once for each mailbox.",
    "messages_per_minute": "Microsoft allows 30 messages a minute for each mailbox, and up to 5 leave in a burst.",
    "recipients_per_day": "Microsoft allows 10,000 recipients in 24 hours for each mailbox.",
}
THINGS = {
    "max_connections": "connections",
    "messages_per_minute": "messages a minute",
    "recipients_per_day": "recipients a day",
}


class LimitFields(BaseForm):
    """How fast and how much this service may send."""

    max_connections = StringField("Connections At Once")
    messages_per_minute = StringField("Messages Per Minute")
    recipients_per_day = StringField("Recipients Per Day")
    uncertain_messages = RadioField(
        "When it is unclear whether a message was accepted", choices=UNCERTAIN_CHOICES, default=RESEND
    )

    def validate_max_connections(self, field: Field) -> None:
        """Within what the provider allows."""
        self._require_within(field)

    def validate_messages_per_minute(self, field: Field) -> None:
        """Within what the provider allows."""
        self._require_within(field)

    def validate_recipients_per_day(self, field: Field) -> None:
        """Within what the provider allows."""
        self._require_within(field)

    def limit_values(self) -> dict[str, Any]:
        """The validated answers, by column."""
        values: dict[str, Any] = usual(self._limits())
        typed = {name: _typed(self[name]) for name in FIELDS}
        values |= {name: int(text) for name, text in typed.items() if text}
        return values | {"uncertain_messages": self.uncertain_messages.data}

    def _limits(self) -> SendingLimits:
        return limits_for(str(self["host"].data or ""), str(self["authentication"].data or ""))

    def _require_within(self, field: Field) -> None:
        text, limits = _typed(field), self._limits()
        most = most_of(field.name, limits)
        if not text or (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            return
        said = f"Enter 1 to {most:,} {THINGS[field.name]}, in digits, or leave the field blank."
        is_bound = is_microsofts(str(self["host"].data or ""), str(self["authentication"].data or ""))
        raise ValidationError(f"{WHY[field.name]} {said}" if is_bound else said)


def _typed(field: Field) -> str:
    """What stands in the field; thousands may be written as people read them."""
    return "" if field.data is None else str(field.data).strip().replace(",", "")
