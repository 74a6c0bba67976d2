"""The question behind every Send Test Email button."""

from wtforms import StringField

from kbadmin.forms import BaseForm, OneEmailAddress, Required


class TestEmailForm(BaseForm):
    """Send Test Email Using SMTP."""

    __test__ = False  # The name is the product's word; pytest must not collect it.

    recipient = StringField(
        "Test recipient email address", [Required("Enter the address to send to."), OneEmailAddress()]
    )
