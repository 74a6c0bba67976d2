"""The questions about an account itself."""

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from kbadmin.accounts import time_zones
from kbadmin.accounts.models import Account
from kbadmin.accounts.operations import shown
from kbadmin.edit_forms import EditForm
from kbadmin.forms import AsciiInteger, OneLine, Required


class AccountForm(EditForm):
    """Name, time zone, and how long the delivery log is kept."""

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
    delivery_log_days = StringField(
        "Keep the delivery log for",
        [
            Required("Enter how many days, from 7 to 730."),
            AsciiInteger(7, 730, "Enter a whole number of days from 7 to 730."),
        ],
        description="Days, from 7 to 730. Messages that wait or are held stay longer.",
    )


def account_form(account: Account) -> AccountForm:
    """The form, filled in with what is stored."""
    return AccountForm(obj=account).shows(shown(account))
