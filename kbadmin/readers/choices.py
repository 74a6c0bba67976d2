"""Fields in which several of the account's groups or knowledge bases are chosen."""

import uuid
from typing import Any

from wtforms import SelectMultipleField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.readers.groups import names


class ChecksField(SelectMultipleField):  # type: ignore[misc]
    """One box for each of the things that may be chosen; its values are their ids."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, coerce=_as_id, validate_choice=True, **kwargs)

    def pre_validate(self, form: Any) -> None:
        """What went meanwhile, or was never ours, is refused with a word."""
        known = {choice.value for choice in self.choices}
        if any(one not in known for one in self.data or []):
            raise ValidationError("One of these is gone by now. Choose again.")

    @property
    def chosen(self) -> frozenset[uuid.UUID]:
        """The ids of what was chosen."""
        return frozenset(self.data or [])


def group_choices() -> list[SelectChoice]:
    """The account's groups, by name."""
    return [SelectChoice(group.id, group.name) for group in names()]


def knowledge_base_choices() -> list[SelectChoice]:
    """The account's knowledge bases, by name; archived ones are marked, as they may be brought back."""
    return [
        SelectChoice(found.id, f"{found.name} (archived)" if found.is_archived else found.name)
        for found in knowledge_bases.names_of_account()
    ]


def _as_id(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
