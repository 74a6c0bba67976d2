"""The questions about a knowledge base."""

import contextlib
import re

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    Field,
    Form,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice

from kbadmin.accounts import time_zones
from kbadmin.edit_forms import EditForm
from kbadmin.forms import AsciiInteger, BaseForm, Canonical, DomainLines, OneLine, Required
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Audience, GroupRule, SignUp
from kbadmin.knowledge_bases.pictures import NotAPicture, Picture
from kbadmin.knowledge_bases.slugs import canonical_slug

LOGO_EDGE = 400  # pixels
MOST_DOMAINS = 50
MOST_DAYS = 365
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3: white words on the colour
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class Colour:
    """A colour that white words can be read on."""

    def __call__(self, form: Form, field: Field) -> None:
        field.data = (field.data or "").lower()
        if not _COLOUR.fullmatch(field.data):
            raise ValidationError("Enter a colour such as #0a4c99.")
        if contrast_with_white(field.data) < LEAST_CONTRAST:
            raise ValidationError("White words cannot be read well on this colour. Choose a darker one.")


class NameFields(BaseForm):
    """What a knowledge base is called."""

    name = StringField(
        "Name",
        [Required("Enter a name, such as Customer Help."), OneLine(120)],
        description="Readers see it on every page and in their e-mail.",
    )


class AudienceFields(BaseForm):
    """Who reads."""

    audience = RadioField(
        "Who May Read",
        [Required("Choose who may read.")],
        choices=[SelectChoice(Audience.READERS, "Readers only"), SelectChoice(Audience.PUBLIC, "Everybody")],
        default=Audience.READERS,
    )


class ZoneFields(BaseForm):
    """Where it is."""

    time_zone = SelectField(
        "Time Zone",
        choices=[SelectChoice(name, place, optgroup=region) for name, place, region in time_zones.by_region()],
        description="Publishing times and the schedule of digests follow it.",
    )


class CreateForm(ZoneFields, AudienceFields, NameFields):
    """Create Knowledge Base."""


class ReaderFields(BaseForm):
    """What readers may do by themselves: become one, and stay signed in."""

    sign_up = RadioField(
        "Sign-up",
        [Required("Choose whether people may sign up.")],
        choices=[
            SelectChoice(SignUp.CLOSED, "Closed"),
            SelectChoice(SignUp.APPROVAL, "With approval"),
            SelectChoice(SignUp.OPEN, "Open"),
        ],
        default=SignUp.CLOSED,
    )
    sign_up_domains = TextAreaField(
        "Allowed Domains",
        [DomainLines(MOST_DOMAINS)],
        description="One a line, such as `example.com`. Only addresses there may sign up, and the page says so. "
        "Leave it empty to take every address.",
    )
    remember_days = StringField(
        "Remember Me for … Days",
        [AsciiInteger(0, MOST_DAYS, f"Enter a number of days from 0 to {MOST_DAYS}.")],
        description="How long readers may stay signed in on a device of their own. 0: it is not offered, and they sign "
        "in again after 12 hours.",
    )


class SettingsForm(ReaderFields, ZoneFields, AudienceFields, NameFields, EditForm):
    """The settings of a knowledge base."""

    slug = StringField(
        "Address",
        [Required("Enter the word that stands for it in addresses."), Canonical(canonical_slug)],
        description="Old addresses go on leading here.",
    )
    description = StringField(
        "Description",
        [OneLine(300)],
        description="One or two sentences under the name, for readers and search engines.",
    )
    colour = StringField("Colour", [Required("Choose a colour."), Colour()])
    group_rule = RadioField(
        "Restricted to Several Groups",
        [Required("Choose what a restriction to several groups means.")],
        choices=[
            SelectChoice(GroupRule.ANY, "Readers of any of them"),
            SelectChoice(GroupRule.ALL, "Readers of all of them"),
        ],
        default=GroupRule.ANY,
    )
    logo = FileField("Logo", description="PNG, JPEG, WebP or GIF, at most 8 MiB. Shown at most 48 pixels high.")
    without_logo = BooleanField("Remove the logo")

    picture: Picture | None = None

    def validate_logo(self, field: Field) -> None:
        """Read the picture, if one was chosen."""
        chosen = field.data
        if not chosen or not getattr(chosen, "filename", ""):
            return
        with contextlib.closing(chosen):
            uploaded = chosen.read(pictures.MOST_UPLOADED + 1)
        try:
            self.picture = pictures.read(uploaded, longest_edge=LOGO_EDGE)
        except NotAPicture as error:
            raise ValidationError(str(error)) from None


def contrast_with_white(colour: str) -> float:
    """The contrast of a colour (``#rrggbb``) with white, from 1 to 21 (WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)
