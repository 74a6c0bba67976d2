"""The questions about subscribers: which to list, and whom to add."""

from collections.abc import Sequence

from wtforms import BooleanField, Field, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice

from kbadmin.articles.fields import PlaceField
from kbadmin.forms import BaseForm, OneEmailAddress, OneLine, Required
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.subscriptions import offers
from kbadmin.subscriptions.models import Frequency, SubscriptionSettings, Target
from kbadmin.subscriptions.subscriber_list import State, Wanted
from kbadmin.subscriptions.subscriber_order import Sort

WHOLE = "The whole knowledge base"
STATES = {
    State.SUBSCRIBED: "Subscribed",
    State.UNSUBSCRIBED: "Unsubscribed",
    State.WAITING: "Waiting for confirmation",
}
FREQUENCIES = {
    Frequency.SCHEDULED: "With every digest",
    Frequency.WEEKLY: "Once a week",
    Frequency.IMMEDIATE: "Immediately",
}


class FilterForm(BaseForm):
    """Address, state, target, order. It travels in the address and changes nothing. Made by :func:`filter_form`."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("q", "state", "target", "sort")

    q = StringField("Search", description="How an address begins.")
    state = SelectField(
        "State", default="", choices=[SelectChoice("", "Any"), *(SelectChoice(*pair) for pair in STATES.items())]
    )
    target = PlaceField("Subscribed To", default="")
    sort = SelectField(
        "Order",
        default=Sort.NEWEST,
        choices=[SelectChoice(Sort.NEWEST, "Newest first"), SelectChoice(Sort.ADDRESS, "By address")],
    )

    @property
    def wanted(self) -> Wanted:
        """What was chosen; what there is not is not asked for."""
        known = {choice.value for choice in self.target.choices}
        return Wanted(
            text=(self.q.data or "").replace("\0", "")[:254],
            state=State(self.state.data) if self.state.data in set(State) else None,
            target=self.target.data if self.target.data in known else "",
            sort=Sort(self.sort.data) if self.sort.data in set(Sort) else Sort.NEWEST,
        )


def filter_form(knowledge_base: KnowledgeBase, values: object) -> FilterForm:
    """The filter, filled from the address."""
    form = FilterForm(values)
    first = (("", "Anything"), (Target.KNOWLEDGE_BASE.value, WHOLE), (Target.ARTICLE.value, "A single article"))
    form.target.offer(knowledge_base.id, first=first)
    return form


class AddForm(BaseForm):
    """Somebody who agreed to be told. Made by :func:`add_form`."""

    email = StringField("E-mail Address", [Required("Enter the address of the person."), OneEmailAddress()])
    target = PlaceField("Subscribe To")
    with_subcategories = BooleanField("With its subcategories", default=True, description="Where you chose a category.")
    frequency = SelectField("How Often", default=Frequency.SCHEDULED)
    note = StringField(
        "How They Agreed",
        [Required("Say how and when the person agreed, such as: asked by phone on 3 March."), OneLine(300)],
        description="Kept with the subscription, in case somebody asks what it rests on.",
    )

    def validate_frequency(self, field: Field) -> None:
        """One of those that the settings allow."""
        if field.data not in {str(choice.value) for choice in field.choices}:
            raise ValidationError("The settings do not allow this any more. Choose again.")


def add_form(knowledge_base: KnowledgeBase, settings: SubscriptionSettings) -> AddForm:
    """The form with the categories there are and what the settings allow."""
    form = AddForm()
    form.target.offer(knowledge_base.id, first=(("", WHOLE),))
    form.frequency.choices = frequency_choices(offers.frequencies(settings))
    return form


def frequency_choices(allowed: Sequence[Frequency]) -> list[SelectChoice]:
    """How often, in words."""
    return [SelectChoice(frequency.value, FREQUENCIES[frequency]) for frequency in allowed]
