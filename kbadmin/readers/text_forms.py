"""The questions about what a welcome or a reset says, and which service a knowledge base uses for both."""

import uuid

from wtforms import StringField, TextAreaField

from kbadmin.edit_forms import EditForm
from kbadmin.forms import OneEmailAddress, OneLine, Required
from kbadmin.outbox.merged_text import MergedText
from kbadmin.readers.wordings import FIELDS, REQUIRED, SUBJECT_FIELDS, Wording
from kbadmin.smtp.choosing import SmtpServiceField


class TextForm(EditForm):
    """What one kind of e-mail says."""

    from_name = StringField("From Name", [OneLine(120)], description="Instead of the service’s Send From Name.")
    reply_to = StringField("Reply To", [OneEmailAddress()], description="Instead of the service’s Reply To Address.")
    subject = StringField("Subject", [Required("Enter a subject."), OneLine(200), MergedText(SUBJECT_FIELDS)])
    body = TextAreaField(
        "Text",
        [Required("Enter a text."), MergedText(FIELDS, required=REQUIRED)],
        description="Markdown: # heading, **bold**, [words](address). A link alone in a paragraph becomes a button.",
    )

    @property
    def wanted(self) -> Wording:
        """What was asked for."""
        reply_to, from_name = self.reply_to.data or "", self.from_name.data or ""
        return Wording(self.subject.data, self.body.data, from_name, reply_to)


class OverrideForm(EditForm):
    """Reader e-mails of one knowledge base."""

    smtp_service_id = SmtpServiceField(
        without="As for the whole account",
        description="Welcomes and resets to readers of this knowledge base leave through it.",
    )


def text_form(wording: Wording) -> TextForm:
    """The form, filled in with what is said now."""
    return TextForm(obj=wording).shows(wording.stored)


def override_form(smtp_service_id: uuid.UUID | None) -> OverrideForm:
    """The form, filled in with the service that was chosen."""
    stored = {"smtp_service_id": smtp_service_id}
    return OverrideForm(data=stored).shows(stored)
