"""The questions about the digests of a knowledge base."""

from collections.abc import Mapping
from typing import Any, ClassVar

from wtforms import BooleanField, StringField, TextAreaField

from kbadmin.edit_forms import EditForm
from kbadmin.forms import OneLine, Required
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.merged_text import MergedText
from kbadmin.smtp.choosing import SmtpServiceField
from kbadmin.subscriptions import digest, weekdays
from kbadmin.subscriptions.fields import TimeOfDayField, WeekdaysField
from kbadmin.subscriptions.models import EVERY_DAY, SubscriptionSettings
from kbadmin.subscriptions.settings import Wanted, shown

NINE = 9 * 60


class SettingsForm(EditForm):
    """Which service, when, what it says, who may subscribe. Made by :func:`settings_form`."""

    SHOWN_AS: ClassVar[Mapping[str, str]] = {"weekdays": "days", "minute": "time"}

    smtp_service_id = SmtpServiceField(
        without="Choose a service", description="Digests leave through it, from its own address."
    )
    days = WeekdaysField("Days")
    time = TimeOfDayField("Time")
    subject = StringField(
        "Subject",
        [
            Required("Enter a subject, such as What is new in {{knowledge_base}}."),
            OneLine(200),
            MergedText(digest.SUBJECT_FIELDS),
        ],
    )
    intro = TextAreaField("Introduction", [MergedText(digest.FIELDS)], description="Stands above the list. Markdown.")
    footer = TextAreaField("Closing Words", [MergedText(digest.FIELDS)], description="Stand below the list. Markdown.")
    shows_logo = BooleanField("Show the logo of the knowledge base")
    allows_weekly = BooleanField(
        "Readers may choose once a week", description="They get the first digest of the week, with all of it."
    )
    allows_immediate = BooleanField(
        "Readers may choose immediately",
        description="They hear five minutes after an article is marked **New** or **Updated**, and on schedule.",
    )
    is_public = BooleanField(
        "Everybody may subscribe with an e-mail address",
        description="They confirm it by a link first, and are told only of what everybody may read.",
    )

    @property
    def wanted(self) -> Wanted:
        """What was chosen."""
        return Wanted(
            smtp_service_id=self.smtp_service_id.data,
            weekdays=self.days.bits,
            minute=self.time.minute,
            subject=self.subject.data or "",
            intro=self.intro.data or "",
            footer=self.footer.data or "",
            shows_logo=self.shows_logo.data,
            allows_weekly=self.allows_weekly.data,
            allows_immediate=self.allows_immediate.data,
            is_public=bool("is_public" in self and self.is_public.data),
        )


def settings_form(knowledge_base: KnowledgeBase, settings: SubscriptionSettings | None) -> SettingsForm:
    """The form as it is stored, or with what most begin with."""
    data: dict[str, Any] = {
        "days": [str(number) for number in weekdays.chosen(settings.weekdays if settings else EVERY_DAY)],
        "time": weekdays.clock_time(settings.minute if settings else NINE),
    }
    if settings is None:
        data |= {"subject": digest.USUAL_SUBJECT, "shows_logo": True}
    form = SettingsForm(obj=settings, data=data).shows(shown(settings))
    if knowledge_base.audience != Audience.PUBLIC:
        del form.is_public
    return form
