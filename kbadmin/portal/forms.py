"""The questions to a reader."""

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired

from kbadmin.edit_forms import EditForm
from kbadmin.forms import BaseForm, OneEmailAddress, OneLine, Required
from kbadmin.readers.operations import Details
from kbadmin.users.forms import NewPasswordFields


class SignInForm(BaseForm):
    """Address and password, and whether to be remembered for as many days as the knowledge base allows."""

    email = StringField("E-mail Address", [Required("Enter your e-mail address.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])
    is_remembered = BooleanField("Remember me")
    next = HiddenField()

    def __init__(self, *, remember_days: int, **values: Any) -> None:
        super().__init__(**values)
        if not remember_days:
            del self.is_remembered
        else:
            days = f"{remember_days} days" if remember_days > 1 else "one day"
            self.is_remembered.description = f"For {days}. Only on a device that is yours alone."


class SignUpForm(BaseForm):
    """Who wants to read. ``website`` is hidden from people; whatever fills it in is none."""

    email = StringField("E-mail Address", [Required("Enter your e-mail address."), OneEmailAddress()])
    first_name = StringField("First Name", [Required("Enter your name."), OneLine(80)])
    last_name = StringField("Last Name", [OneLine(80)])
    website = StringField("Leave this empty")

    def __init__(self, *, domains: Sequence[str], **values: Any) -> None:
        super().__init__(**values)
        self.domains = domains
        self.email.description = f"An address of {in_words(domains)}. You sign in with it." if domains else ""

    def validate_email(self, field: Field) -> None:
        """One of the domains that are allowed, if any are named."""
        if self.domains and field.data.rpartition("@")[2] not in self.domains:
            raise ValidationError(f"This knowledge base is open to addresses of {in_words(self.domains)}.")

    @property
    def is_by_machine(self) -> bool:
        """Whether something filled in what nobody sees."""
        return bool(self.website.data)

    @property
    def details(self) -> Details:
        """What was entered."""
        return Details(self.email.data or "", self.first_name.data or "", self.last_name.data or "", {})


class ProfileForm(EditForm):
    """What a reader says about themself; whoever manages readers may say it too."""

    NAMES_OTHERS = False

    first_name = StringField("First Name", [OneLine(80)])
    last_name = StringField("Last Name", [OneLine(80)])


class ChangePasswordForm(NewPasswordFields):
    """A new password for whoever knows the old one."""

    current_password = PasswordField("Current Password", [InputRequired("Enter the password you have now.")])


def in_words(domains: Sequence[str]) -> str:
    """«example.com, example.net or example.org»."""
    *others, last = domains
    return f"{', '.join(others)} or {last}" if others else last
