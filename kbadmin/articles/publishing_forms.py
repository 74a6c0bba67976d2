"""The questions about when an article can be read, and about its callout."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import DateField, Field, Form, RadioField, StringField, TimeField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from kbadmin import clock
from kbadmin.articles import callouts, local_times
from kbadmin.articles.local_times import NoSuchTime
from kbadmin.articles.models import Article, Callout
from kbadmin.articles.words import CALLOUTS
from kbadmin.forms import BaseForm, InputRequired, OneLine, OnlyWhen, Required
from kbadmin.knowledge_bases.models import KnowledgeBase

NONE = "none"
TOO_SHORT = "Choose a day on which readers can still see it."


class _UnlessNone:
    """Ask this field only if there is a callout."""

    def __call__(self, form: Form, field: Field) -> None:
        if form["callout"].data == NONE:
            field.data, field.errors = None, []
            raise StopValidation


def _plausible(_form: Form, field: Field) -> None:
    """Calendars end somewhere: the last years of Python's survive no change of zone, so nothing counts with them."""
    if field.data is not None and not 2000 <= field.data.year < 3000:
        raise StopValidation("Choose a day between the years 2000 and 2999.")


class CalloutForm(BaseForm):
    """What readers are told of an article. Made by :func:`callout_form`."""

    callout = RadioField(
        "Callout",
        [InputRequired("Choose what readers are told.")],
        choices=[*(SelectChoice(*pair) for pair in CALLOUTS.items()), SelectChoice(NONE, "No callout")],
    )
    until = DateField("Shown Until", [_UnlessNone(), Required("Choose the last day it is shown."), _plausible])
    change_note = StringField(
        "What Is New",
        [_UnlessNone(), OneLine(300)],
        description="One sentence beside the callout and in e-mail digests.",
    )
    zone = "UTC"

    def validate_until(self, field: Field) -> None:
        """A callout that is over at once is none."""
        if field.data is not None and local_times.end_of(field.data, self.zone) <= clock.now():
            raise ValidationError(TOO_SHORT)

    @property
    def wanted_callout(self) -> callouts.Wanted | None:
        """What readers are told."""
        if self.callout.data == NONE:
            return None
        until = local_times.end_of(self.until.data, self.zone)
        return callouts.Wanted(Callout(self.callout.data), until, self.change_note.data or "")


class PublishForm(CalloutForm):
    """Now, or at a time of the knowledge base's zone; and what readers are told. Made by :func:`publish_form`."""

    when = RadioField(
        "When",
        [InputRequired("Choose when.")],
        choices=[SelectChoice("now", "Now"), SelectChoice("later", "At a time")],
    )
    day = DateField("Day", [OnlyWhen("when", "later"), Required("Choose a day."), _plausible])
    hour = TimeField("Time", [OnlyWhen("when", "later"), InputRequired("Choose a time, such as 09:00.")])
    at: datetime | None = None

    def validate_hour(self, field: Field) -> None:
        """A time that there is, and that is still to come."""
        if self.when.data != "later" or field.data is None or self.day.errors or self.day.data is None:
            return
        try:
            self.at = local_times.moment(self.day.data, field.data, self.zone)
        except NoSuchTime as error:
            raise ValidationError(str(error)) from None
        if self.at <= clock.now():
            raise ValidationError("Choose a time that is still to come.")

    def validate(self, extra_validators: Any = None) -> bool:
        """A callout is not over before the article can be read."""
        good = super().validate(extra_validators)
        told = self.wanted_callout if good else None
        if told is not None and self.at is not None and told.until <= self.at:
            self.until.errors = [TOO_SHORT]
            return False
        return good


def callout_form(knowledge_base: KnowledgeBase, article: Article) -> CalloutForm:
    """The form of a callout, filled with the one there is; «Updated» for two weeks where there is none."""
    form = CalloutForm(data=_callout_now(knowledge_base, article, Callout.UPDATED))
    form.zone = knowledge_base.time_zone
    return form


def publish_form(knowledge_base: KnowledgeBase, article: Article) -> PublishForm:
    """The form of publication; what is published for the first time is new."""
    data = _callout_now(knowledge_base, article, NONE if article.published_at else Callout.NEW) | {"when": "now"}
    if article.publish_at is not None:
        local = article.publish_at.astimezone(ZoneInfo(knowledge_base.time_zone))
        data |= {"when": "later", "day": local.date(), "hour": local.time()}
    form = PublishForm(data=data)
    form.zone = knowledge_base.time_zone
    return form


def _callout_now(knowledge_base: KnowledgeBase, article: Article, otherwise: str) -> dict[str, Any]:
    zone = knowledge_base.time_zone
    until = article.callout_until if callouts.current(article) else None
    return {
        "callout": callouts.current(article) or otherwise,
        "until": local_times.last_day_before(until or clock.now() + callouts.LASTS, zone),
        "change_note": article.change_note,
    }
