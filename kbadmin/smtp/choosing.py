"""Choosing a service by its Friendly Name: the dropdown that other rooms show, and the words beside each name.

Editors and managers of readers see names and states only; never a host, a login or what a server said.
"""

import uuid

from wtforms import SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.form import BaseForm

from kbadmin.smtp import operations
from kbadmin.smtp.models import SmtpService, State

NONE = ""
#: What stands behind a name that is not simply ready.
WORDS = {
    State.NEEDS_AUTHORIZING: "needs authorizing",
    State.UNTESTED: "not tested yet",
    State.DEGRADED: "with difficulties",
    State.PAUSED: "paused",
    State.DISABLED: "disabled",
}


class SmtpServiceField(SelectField):  # type: ignore[misc]
    """Custom SMTP: the account's services. Those that cannot be used are shown, disabled, with the reason.

    The one that is stored stays choosable whatever has become of it, so that saving a form changes nothing unasked.
    ``data`` is the service's id, or None for ``without``: what is used when none is chosen.
    """

    def __init__(self, label: str = "Custom SMTP", *, without: str, **kwargs: object) -> None:
        super().__init__(label, coerce=_id_or_none, choices=[], **kwargs)
        self.without = without
        self.stored: uuid.UUID | None = None

    def process(self, *args: object, **kwargs: object) -> None:
        """Look the services up when the form is made."""
        super().process(*args, **kwargs)
        self.stored = self.object_data if isinstance(self.object_data, uuid.UUID) else None
        services = operations.all_services()
        self.choices = [SelectChoice(NONE, self.without), *(_choice(one, self.stored) for one in services)]

    def pre_validate(self, form: BaseForm) -> None:
        """A service of the account that can be used, or the one that was there before."""
        if self.data is None or self.data == self.stored:
            return
        chosen = operations.find(self.data)
        if chosen is None or not chosen.is_choosable:
            raise ValidationError("This service cannot be used now. Choose another one.")


def in_words(service: SmtpService) -> str:
    """A name, and how the service stands unless it is ready."""
    word = WORDS.get(service.state)
    return f"{service.friendly_name} ({word})" if word else service.friendly_name


def _choice(service: SmtpService, stored: uuid.UUID | None) -> SelectChoice:
    may_choose = service.is_choosable or service.id == stored
    return SelectChoice(str(service.id), in_words(service), render_kw=None if may_choose else {"disabled": True})


def _id_or_none(text: object) -> uuid.UUID | None:
    if text in (None, NONE):
        return None
    try:
        return text if isinstance(text, uuid.UUID) else uuid.UUID(str(text))
    except ValueError:
        raise ValueError("Choose one of the services in the list.") from None
