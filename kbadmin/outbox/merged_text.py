"""MergedText: what a form asks of a tenant's text with merge fields."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from wtforms import Field, Form, ValidationError

from kbadmin.outbox.merge_fields import MergeField, problems

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class MergedText:
    """A text with these merge fields and no others, the ``required`` among them; all complaints are said at once."""

    def __init__(self, fields: Sequence[MergeField], *, required: Collection[str] = ()) -> None:
        self.fields, self.required = fields, required

    def __call__(self, form: Form, field: Field) -> None:
        text = re.sub(r"\r\n?", "\n", field.data or "")
        field.data = unicodedata.normalize("NFC", _CONTROL.sub("", text))
        if found := problems(field.data, self.fields, required=self.required):
            raise ValidationError(" ".join(found))
