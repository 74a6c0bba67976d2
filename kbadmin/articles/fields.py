"""Questions about articles and categories that several forms ask: where it stands, for whom it is, the text."""

import re
import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any

from wtforms import Field, Form, SelectField, SelectMultipleField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from kbadmin.articles import categories, markup, restrictions
from kbadmin.articles.branches import Branches
from kbadmin.articles.markdown import TooMuch
from kbadmin.articles.restrictions import Groups

TOP = "top"
TOP_WORDS = "The top, in no category"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class PlaceField(SelectField):  # type: ignore[misc]
    """A category to stand in, or the top; :meth:`offer` says which there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.type = "SelectField"  # What pages draw it as.

    def offer(
        self,
        knowledge_base_id: uuid.UUID,
        *,
        first: Sequence[tuple[str, str]] = (("", TOP_WORDS),),
        moved: uuid.UUID | None = None,
        is_category: bool = False,
    ) -> None:
        """Offer the categories there are, after what comes ``first``; for a category, those that it finds room in."""
        found = {category.id: category for category in categories.all_in(knowledge_base_id)}
        tree = Branches({category.id: category.parent_id for category in found.values()})
        self.choices = [SelectChoice(*pair) for pair in first] + [
            SelectChoice(str(category_id), "\N{EM DASH} " * (level - 1) + found[category_id].name)
            for category_id, level in tree.in_order()
            if not is_category or tree.may_stand_in(moved, category_id)
        ]

    def pre_validate(self, form: Form) -> None:
        """One of those there are."""
        if self.data not in {choice.value for choice in self.choices}:
            raise ValidationError("This place is no longer there. Choose another one.")

    @property
    def chosen(self) -> uuid.UUID | None:
        """The category that was chosen."""
        return uuid.UUID(self.data) if self.data and self.data != TOP else None


class GroupsField(SelectMultipleField):  # type: ignore[misc]
    """Reader groups to tick; none means no restriction."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def offer(self) -> None:
        """Offer the account's groups."""
        self.choices = [SelectChoice(str(group.id), group.name) for group in restrictions.all_groups()]

    def pre_validate(self, form: Form) -> None:
        """Only those there are: leaving one out silently would open what was to be closed."""
        if not set(self.data or ()) <= {choice.value for choice in self.choices}:
            raise ValidationError("One of these groups is no longer there. Choose again.")

    @property
    def chosen(self) -> Groups:
        """The groups that were ticked."""
        return frozenset(uuid.UUID(value) for value in self.data or ())


class Markdown:
    """A text that an article can be made of; line ends are made one kind, control characters are dropped."""

    def __call__(self, form: Form, field: Field) -> None:
        text = re.sub(r"\r\n?", "\n", field.data or "")
        field.data = unicodedata.normalize("NFC", _CONTROL.sub("", text))
        if field.data == field.object_data:  # What is kept already may be over limits that are newer.
            return
        try:
            markup.render(field.data)
        except TooMuch as error:
            raise ValidationError(str(error)) from None
