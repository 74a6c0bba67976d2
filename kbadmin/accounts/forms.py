"""The questions about an account itself."""

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from kbadmin.accounts import time_zones
from kbadmin.forms import BaseForm, OneLine, Required


class AccountForm(BaseForm):
    """Name and time zone."""

    name = StringField(
        "Account Name",
        [Required("Enter the name of your company or team."), OneLine(120)],
        description="Shown on every page and in invitations.",
    )
    time_zone = SelectField(
        "Time Zone",
        choices=[SelectChoice(name, place, optgroup=region) for name, place, region in time_zones.by_region()],
        description="Dates on these pages are shown in it, and schedules follow it.",
    )
