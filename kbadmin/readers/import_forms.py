"""The questions of an import."""

from contextlib import closing
from typing import Any

from flask_wtf.file import FileField
from wtforms import BooleanField, Field, RadioField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from kbadmin.readers import fields
from kbadmin.readers.csv_files import MOST_BYTES, BadFile, open_sheet
from kbadmin.readers.forms import BelongingFields
from kbadmin.readers.import_models import Existing
from kbadmin.readers.imports import Upload
from kbadmin.readers.welcomers import can_welcome


class ImportForm(BelongingFields):
    """A file, what happens to readers there are already, and what all of the file get."""

    file = FileField(
        "File", description="CSV, at most 5 MiB and 50,000 rows, with a first line that names the columns."
    )
    existing = RadioField(
        "Readers You Have Already",
        [InputRequired("Choose what happens to readers you have already.")],
        choices=[SelectChoice(Existing.SKIP, "Leave them as they are"), SelectChoice(Existing.UPDATE, "Update them")],
        default=Existing.SKIP,
    )
    sends_welcome = BooleanField("Send a welcome e-mail to each new reader")

    upload: Upload | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not can_welcome():
            del self.sends_welcome

    def validate_file(self, field: Field) -> None:
        """Look through the file, if one was chosen."""
        chosen = field.data
        if not chosen or not getattr(chosen, "filename", ""):
            raise ValidationError("Choose the file with your readers.")
        with closing(chosen):
            content = chosen.read(MOST_BYTES + 1)
        labels = {fields.column_of(one): one.label for one in fields.all_fields()}
        try:
            self.upload = Upload(content, _called(chosen.filename), open_sheet(content, labels))
        except BadFile as error:
            raise ValidationError(str(error)) from None


def _called(file_name: str) -> str:
    """The name of a file as pages can show it."""
    return "".join(letter for letter in file_name if letter.isprintable())[:200] or "readers.csv"
