"""The questions to a reader."""

from typing import Any

from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired

from kbadmin.forms import BaseForm, OneLine, Required
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


class ProfileForm(BaseForm):
    """What a reader says about themself."""

    first_name = StringField("First Name", [OneLine(80)])
    last_name = StringField("Last Name", [OneLine(80)])


class ChangePasswordForm(NewPasswordFields):
    """A new password for whoever knows the old one."""

    current_password = PasswordField("Current Password", [InputRequired("Enter the password you have now.")])
