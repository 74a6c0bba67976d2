"""The questions about people: who signs in, with which password, in which role.

:class:`FreshPasswordMixin` is for every form that changes a secret or a role, in whatever room.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_login import current_user
from wtforms import BooleanField, Field, HiddenField, PasswordField, RadioField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import EqualTo, InputRequired

from kbadmin.access import Role
from kbadmin.edit_forms import EditForm
from kbadmin.forms import BaseForm, OneEmailAddress, OneLine, Required
from kbadmin.users.invitations import Access
from kbadmin.users.models import Membership
from kbadmin.users.password_changes import WrongPassword, confirm_own_password
from kbadmin.users.password_rules import LEAST, WeakPassword, require_strong
from kbadmin.users.team import shown
from kbadmin.users.tries import TooManyTries

WRONG_PASSWORD = "This is not your password. Type the one you sign in with."


class FreshPasswordMixin(BaseForm):
    """Asks "Your Password" if it was last given more than half an hour ago; otherwise the field is not there.

    It is verified last, when everything else is right, and before any write section. Draw it with the macro
    ``confirm_password(form)`` of ``users/_confirm_password.html``.
    """

    confirm_password = PasswordField(
        "Your Password",
        [InputRequired("Enter the password you sign in with.")],
        description="You gave it more than half an hour ago, and this changes secrets or permissions.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not current_user.password_is_stale:
            del self.confirm_password

    def validate(self, extra_validators: Any = None) -> bool:
        """The other fields first: a slip elsewhere costs no try."""
        good = super().validate(extra_validators)
        return good and (self.confirm_password is None or _is_own_password(self.confirm_password))


class SignInForm(BaseForm):
    """Address and password."""

    email = StringField("E-mail Address", [Required("Enter your e-mail address.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])
    is_kept = BooleanField("Keep me signed in", description="For 7 days. Only on a device that is yours alone.")
    next = HiddenField()


class ForgotPasswordForm(BaseForm):
    """Whose password was forgotten."""

    email = StringField("E-mail Address", [Required("Enter your e-mail address."), OneEmailAddress()])


class NewPasswordFields(BaseForm):
    """A new password, typed twice. ``known_words`` are those it must not contain."""

    known_words: Sequence[str] = ()

    new_password = PasswordField(
        "New Password",
        [InputRequired("Enter a new password.")],
        description=f"At least {LEAST} characters. Several words of your own work well; you may paste.",
    )
    repeated = PasswordField(
        "Repeat New Password",
        [InputRequired("Enter the new password again."), EqualTo("new_password", "The two passwords differ.")],
    )

    def __iter__(self) -> Iterator[Field]:
        """As they stand on the page, which the error summary follows: what a form asks besides comes first."""
        return iter(sorted(super().__iter__(), key=lambda field: field.short_name in ("new_password", "repeated")))

    def validate_new_password(self, field: Field) -> None:
        """The rules of :mod:`kbadmin.users.password_rules`."""
        try:
            require_strong(field.data or "", known_words=self.known_words)
        except WeakPassword as error:
            raise ValidationError(str(error)) from None


class SetPasswordForm(NewPasswordFields):
    """A new password for whoever holds a link."""


class ChangePasswordForm(NewPasswordFields):
    """A new password for whoever knows the old one."""

    current_password = PasswordField("Current Password", [InputRequired("Enter the password you have now.")])

    def validate(self, extra_validators: Any = None) -> bool:
        """The current password is verified last."""
        return super().validate(extra_validators) and _is_own_password(self.current_password)


class JoinForm(NewPasswordFields):
    """Name and password of somebody who has just been invited."""

    name = StringField("Your Name", [Required("Enter your name as colleagues know it."), OneLine(120)])


class ProfileForm(BaseForm):
    """What a person says about themself."""

    name = StringField(
        "Your Name", [Required("Enter your name as colleagues know it."), OneLine(120)],
        description="Shown to the people of your accounts and in the audit log.",
    )  # fmt: skip


class AccessFields(BaseForm):
    """Role and grants."""

    role = RadioField(
        "Role",
        [InputRequired("Choose a role.")],
        choices=[
            SelectChoice(Role.OWNER, "Owner"),
            SelectChoice(Role.EDITOR, "Editor"),
            SelectChoice(Role.WRITER, "Writer"),
            SelectChoice(Role.NONE, "No role"),
        ],
        default=Role.WRITER,
    )
    manages_smtp = BooleanField(
        "Manage SMTP services", description="Create, authorize and test the mail servers that this account sends with."
    )
    manages_readers = BooleanField(
        "Manage readers", description="Add readers and groups, and decide what they may read."
    )

    def validate_role(self, field: Field) -> None:
        """Somebody without a role needs at least one permission."""
        if field.data == Role.NONE and not (self.manages_smtp.data or self.manages_readers.data):
            raise ValidationError("Choose a role, or tick at least one of the permissions below.")

    def access(self) -> Access:
        """What was chosen. An owner has every permission anyway, so nothing beside the role is kept."""
        role = Role(self.role.data)
        if role is Role.OWNER:
            return Access(role)
        return Access(role, bool(self.manages_smtp.data), bool(self.manages_readers.data))


class InviteForm(AccessFields, FreshPasswordMixin):
    """Who is invited, as what."""

    email = StringField(
        "E-mail Address",
        [Required("Enter the e-mail address of your colleague."), OneEmailAddress()],
        description="They sign in with it.",
    )


class MemberForm(AccessFields, FreshPasswordMixin, EditForm):
    """What somebody is to be."""

    @classmethod
    def of(cls, member: Membership) -> "MemberForm":
        """Filled with what the person is now."""
        return cls(obj=member).shows(shown(member))


class DeedForm(FreshPasswordMixin):
    """Nothing but the password, where one is needed."""


def _is_own_password(field: Field) -> bool:
    try:
        confirm_own_password(current_user, field.data or "")
    except WrongPassword:
        field.errors = [WRONG_PASSWORD]
    except TooManyTries as error:
        field.errors = [f"That was tried too often. Wait {error.wait_minutes} min, then try again."]
    return not field.errors
