"""The questions about reader e-mails."""

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice

from kbadmin.edit_forms import EditForm
from kbadmin.forms import AsciiInteger, Required
from kbadmin.readers.email_models import ReaderEmailSettings, WhenStopped
from kbadmin.readers.email_settings import shown
from kbadmin.smtp.choosing import SmtpServiceField


class ReaderEmailForm(EditForm):
    """Reader E-Mail Settings."""

    smtp_service_id = SmtpServiceField(
        without="Platform sender",
        description="Welcomes and password resets leave through it, from its own address.",
    )
    when_stopped = RadioField(
        "While the Service Cannot Send",
        [Required("Choose what happens while the service cannot send.")],
        choices=[
            SelectChoice(WhenStopped.WAIT, "Wait for it"),
            SelectChoice(WhenStopped.PLATFORM, "Use the platform sender"),
        ],
        default=WhenStopped.WAIT,
    )
    welcome_hours = StringField(
        "Welcome Links Work For",
        [
            Required("Enter how many hours, from 1 to 720."),
            AsciiInteger(1, 720, "Enter a whole number of hours from 1 to 720."),
        ],
        description="Hours, from 1 to 720. A new welcome can be sent at any time.",
        default="72",
    )


def email_form(settings: ReaderEmailSettings | None) -> ReaderEmailForm:
    """The form, filled in with what is stored."""
    return ReaderEmailForm(obj=settings).shows(shown(settings))
