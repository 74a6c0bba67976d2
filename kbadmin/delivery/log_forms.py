"""What of the delivery log to show, and which suppressed addresses. It travels in the address and changes nothing."""

import uuid
from collections.abc import Sequence
from typing import Any

from wtforms import DateField, Field, HiddenField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from kbadmin.delivery.log_filters import Wanted
from kbadmin.delivery.log_scope import Scope
from kbadmin.delivery.log_words import KINDS, PLATFORM_NAME, STATES
from kbadmin.forms import BaseForm
from kbadmin.outbox.models import PLATFORM
from kbadmin.smtp.models import SmtpService

PLATFORM_CHOICE = "platform"
LONGEST_ADDRESS = 254


def _plausible(_form: Any, field: Field) -> None:
    """Calendars end somewhere: the first and last years of Python's do not survive a change of zone."""
    if field.data is not None and not 2000 <= field.data.year < 3000:
        field.data = None
        raise ValidationError("Choose a day between the years 2000 and 2999.")


class FilterForm(BaseForm):
    """State, kind, service, recipient, knowledge base and days; ``run`` comes along from the page of a digest run."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("recipient", "state", "kind", "service", "knowledge_base", "run", "first_day", "last_day")

    recipient = StringField("Recipient", description="An address, or how it begins.")
    state = SelectField(
        "State", default="", choices=[SelectChoice("", "Any"), *(SelectChoice(*p) for p in STATES.items())]
    )
    kind = SelectField(
        "Kind", default="", choices=[SelectChoice("", "Any"), *(SelectChoice(*p) for p in KINDS.items())]
    )
    service = SelectField("SMTP service", default="")
    knowledge_base = SelectField("Knowledge base", default="")
    run = HiddenField("Digest run")
    first_day = DateField("From", [Optional(), _plausible])
    last_day = DateField("To", [Optional(), _plausible])

    def __init__(self, *args: Any, services: Sequence[SmtpService], scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        named = [SelectChoice(str(service.id), service.friendly_name) for service in services]
        self.service.choices = [
            SelectChoice("", "Any"), SelectChoice(PLATFORM_CHOICE, PLATFORM_NAME), *named,
        ]  # fmt: skip
        bases = [SelectChoice(str(found), name) for found, name in scope.knowledge_bases.items()]
        self.knowledge_base.choices = [SelectChoice("", "Any"), *bases]

    def validate_last_day(self, field: Field) -> None:
        """The days in their order."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError("Choose a day that is not before From.")

    def validate_run(self, field: Field) -> None:
        """The id of a run, or nothing."""
        if field.data and _id_or_none(field.data) is None:
            field.data = ""
            raise ValidationError("Open the list from the page of the digest run.")

    def wanted(self, zone: str) -> Wanted:
        """What was chosen; what cannot be read is left out, and the page says so."""
        return Wanted(
            state=_chosen(self.state),
            kind=_chosen(self.kind),
            lane=_lane(_chosen(self.service)),
            recipient=(self.recipient.data or "").replace("\0", "")[:LONGEST_ADDRESS],
            knowledge_base=uuid.UUID(found) if (found := _chosen(self.knowledge_base)) else None,
            run=_id_or_none(self.run.data or ""),
            first_day=self.first_day.data,
            last_day=self.last_day.data,
            zone=zone,
            within=self.scope.within,
        )


def _chosen(field: Field) -> str:
    offered = {str(choice.value) for choice in field.choices}
    return field.data if field.data in offered else ""


def _id_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _lane(chosen: str) -> uuid.UUID | None:
    if chosen == PLATFORM_CHOICE:
        return PLATFORM
    return uuid.UUID(chosen) if chosen else None
