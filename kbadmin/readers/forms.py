"""The questions about a reader, and what of the list to show."""

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from kbadmin.edit_forms import EditForm
from kbadmin.forms import BaseForm, DomainLines, OneEmailAddress, OneLine, Required
from kbadmin.readers import fields, groups
from kbadmin.readers.choices import ChecksField, group_choices, knowledge_base_choices
from kbadmin.readers.listing import NO_GROUP, Sort, Wanted
from kbadmin.readers.models import Reader, ReaderField, ReaderGroup, ReaderStatus
from kbadmin.readers.operations import FIELD_NAMES, Belongings, Details, shown
from kbadmin.readers.welcomers import can_welcome

MOST_DOMAINS = 50
STATUSES = {
    ReaderStatus.ACTIVE: "Active",
    ReaderStatus.PENDING: "Waits to be let in",
    ReaderStatus.DISABLED: "Disabled",
}


class BelongingFields(BaseForm):
    """Groups, and what may be opened."""

    groups = ChecksField("Groups")
    access = RadioField(
        "May Open",
        [InputRequired("Choose what may be opened.")],
        choices=[SelectChoice("all", "All knowledge bases"), SelectChoice("named", "These only")],
        default="all",
    )
    knowledge_bases = ChecksField("Knowledge Bases")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups.choices = group_choices()
        self.knowledge_bases.choices = knowledge_base_choices()

    @property
    def belongings(self) -> Belongings:
        """What was chosen."""
        if self.access.data == "all":
            return Belongings(self.groups.chosen)
        return Belongings(self.groups.chosen, False, self.knowledge_bases.chosen)


class ReaderForm(BelongingFields, EditForm):
    """A reader. Made with the account's own fields by :func:`reader_form`."""

    SHOWN_AS: ClassVar[Mapping[str, str]] = {"reads_everything": "access"}

    taken_by: uuid.UUID | None = None  # the reader who has the address already
    email = StringField(
        "E-mail Address",
        [Required("Enter the e-mail address of the reader."), OneEmailAddress()],
        description="They sign in with it.",
    )
    first_name = StringField("First Name", [OneLine(80)])
    last_name = StringField("Last Name", [OneLine(80)])
    sends_welcome = BooleanField("Send a welcome e-mail now", description="With a link to choose a password.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kwargs.get("obj") is not None or not can_welcome():
            del self.sends_welcome  # One that is there is welcomed from their own page.

    @property
    def wants_welcome(self) -> bool:
        """Whether a new reader is to be welcomed at once."""
        return bool(self.sends_welcome and self.sends_welcome.data)

    @property
    def own_fields(self) -> list[Field]:
        """The account's own fields, in their order."""
        return [self[name] for name in FIELD_NAMES if name in self]

    @property
    def details(self) -> Details:
        """What was entered."""
        own = {field.name: field.data or "" for field in self.own_fields}
        return Details(self.email.data or "", self.first_name.data or "", self.last_name.data or "", own)


def reader_form(reader: Reader | None = None) -> ReaderForm:
    """The form with the account's own fields, filled with what a reader is."""
    own = {fields.column_of(field): _own_field(field) for field in fields.all_fields()}
    made: type[ReaderForm] = type("ReaderFormHere", (ReaderForm,), own)
    if reader is None:
        return made()
    now = shown(reader)
    return made(obj=reader, data={**now, "access": "all" if reader.reads_everything else "named"}).shows(now)


class GroupForm(EditForm):
    """A group of readers."""

    name = StringField("Name", [Required("Enter a name, such as Partners."), OneLine(120)])
    description = StringField("Description", [OneLine(300)], description="For your colleagues; readers do not see it.")
    domains = TextAreaField(
        "E-mail Domains",
        [DomainLines(MOST_DOMAINS)],
        description="One a line, such as `example.com`. Whoever is added, imported or signs up with an address there "
        "joins the group. Readers you have already stay as they are.",
    )


class FieldForm(EditForm):
    """A field of the account's own."""

    label = StringField(
        "Label",
        [Required("Enter a label, such as Department."), OneLine(60)],
        description="Stands over the field, and in files.",
    )
    is_required = BooleanField(
        "Must be filled in",
        description="When a reader is added, changed or imported. Readers you have already stay as they are.",
    )


def group_form(group: ReaderGroup) -> GroupForm:
    """The form of a group that is there."""
    now = groups.shown(group)
    return GroupForm(obj=group, data={"domains": "\n".join(now["domains"])}).shows(now)


def field_form(field: ReaderField) -> FieldForm:
    """The form of a field that is there."""
    return FieldForm(obj=field).shows(fields.shown(field))


class FilterForm(BaseForm):
    """Words, status, group, knowledge base, signed in or not, order. It travels in the address and changes nothing."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("q", "status", "group", "knowledge_base", "signed_in", "welcome", "sort")

    q = StringField("Search", description="The beginning of a name, an address or a domain.")
    status = SelectField(
        "Status", default="", choices=[SelectChoice("", "Any"), *(SelectChoice(*pair) for pair in STATUSES.items())]
    )
    group = SelectField("Group", default="")
    knowledge_base = SelectField("May open", default="")
    signed_in = SelectField(
        "Signed in", default="", choices=[SelectChoice("", "Any"), SelectChoice("never", "Never so far")]
    )
    welcome = SelectField(
        "Welcome", default="", choices=[SelectChoice("", "Any"), SelectChoice("failed", "Welcome failed")]
    )
    sort = SelectField(
        "Order",
        default=Sort.NAME,
        choices=[SelectChoice(Sort.NAME, "By name"), SelectChoice(Sort.NEWEST, "Newest first")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [SelectChoice(str(one.value), one.label) for one in group_choices()]
        self.group.choices = [SelectChoice("", "Any"), SelectChoice(NO_GROUP, "No group"), *groups]
        knowledge_bases = [SelectChoice(str(one.value), one.label) for one in knowledge_base_choices()]
        self.knowledge_base.choices = [SelectChoice("", "Any"), *knowledge_bases]

    @classmethod
    def of(cls, wanted: Wanted) -> Self:
        """The filter that finds these, not read from the address. What it names and is gone is called that."""
        form = cls(
            None,
            q=wanted.text,
            status=wanted.status,
            group=wanted.group,
            knowledge_base=wanted.knowledge_base,
            signed_in="never" if wanted.never_signed_in else "",
            welcome="failed" if wanted.welcome_failed else "",
            sort=wanted.sort.value,
        )
        for field in (form.group, form.knowledge_base):
            if field.data and not _chosen(field):
                field.choices.append(SelectChoice(field.data, "deleted meanwhile"))
        return form

    def wanted(self) -> Wanted:
        """What was chosen; what cannot be read is left out, and the page says so."""
        return Wanted(
            text=(self.q.data or "").replace("\0", "")[:254],
            status=_chosen(self.status),
            group=_chosen(self.group),
            knowledge_base=_chosen(self.knowledge_base),
            never_signed_in=_chosen(self.signed_in) == "never",
            welcome_failed=_chosen(self.welcome) == "failed",
            sort=Sort(_chosen(self.sort) or Sort.NAME),
        )

    def address(self) -> dict[str, Any]:
        """What was chosen, for the address of the list."""
        return {name: str(self[name].data) for name in self.NAMES if self[name].data}

    def words(self) -> dict[str, str]:
        """What was chosen, as pages and the audit log say it."""
        said = {}
        for field in (self.status, self.group, self.knowledge_base, self.signed_in, self.welcome):
            if chosen := _chosen(field):
                labels = {str(choice.value): choice.label for choice in field.choices}
                said[field.label.text.lower()] = labels[chosen]
        return ({"search": self.q.data} if self.q.data else {}) | said


class BulkForm(BaseForm):
    """With which group or knowledge base, and who was there when the question was asked."""

    until = HiddenField()
    target = SelectField("Target", default="")


def _own_field(field: ReaderField) -> StringField:
    asked = [Required(f"Enter something under {field.label}.")] if field.is_required else []
    return StringField(field.label, [*asked, OneLine(200)])


def _chosen(field: Any) -> str:
    offered = {str(choice.value) for choice in field.choices}
    return str(field.data) if str(field.data) in offered else ""
