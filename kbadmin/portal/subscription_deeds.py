"""A desk at which one person looks after their subscriptions to one knowledge base, and what they can do there."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from kbadmin.articles.visibility import Viewer
from kbadmin.audit.operations import Actor
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.portal.subscription_forms import FrequencyForm
from kbadmin.subscriptions import offers, subscribing, targets, unsubscribing
from kbadmin.subscriptions.models import Frequency, KnowledgeBaseSubscriber, Subscription, SubscriptionSettings


@dataclass(frozen=True)
class Desk:
    """Who looks after what. ``row`` is none for a reader who never subscribed here."""

    knowledge_base: KnowledgeBase
    row: KnowledgeBaseSubscriber | None
    viewer: Viewer
    by: Actor
    email: str
    page: str

    @property
    def is_subscribed(self) -> bool:
        """Whether they hear of anything at all."""
        return self.row is not None and self.row.unsubscribed_at is None and bool(self.chosen)

    @property
    def may_come_back(self) -> bool:
        """Whether they have unsubscribed from something that is there still."""
        return self.row is not None and self.row.unsubscribed_at is not None and bool(self.chosen)

    @cached_property
    def chosen(self) -> list[tuple[Subscription, targets.Named]]:
        """What they subscribe to, each as they may know it now."""
        mine = subscribing.subscriptions_of(self.row.id) if self.row else []
        names = targets.named(self.knowledge_base, self.viewer, mine)
        return [(one, names[one.id]) for one in mine]

    @cached_property
    def settings(self) -> SubscriptionSettings | None:
        """The settings, if subscriptions are on."""
        return offers.settings_if_on(self.knowledge_base.id)

    @property
    def frequency(self) -> Frequency:
        """How often they hear: what they chose, as far as that is offered."""
        chosen = Frequency(self.row.frequency) if self.row else Frequency.SCHEDULED
        offered = offers.frequencies(self.settings) if self.settings else []
        return chosen if chosen in offered else Frequency.SCHEDULED

    @property
    def next_at(self) -> datetime | None:
        """When the next digest is due, in the time of the knowledge base."""
        due = offers.next_at(self.settings) if self.settings else None
        return due.astimezone(ZoneInfo(self.knowledge_base.time_zone)) if due else None


def frequency_form(desk: Desk) -> FrequencyForm:
    """The question how often; without fields where there is nothing to choose."""
    offered = offers.frequencies(desk.settings) if desk.settings else []
    return FrequencyForm(offered=offered, data={"frequency": desk.frequency.value})


def do(desk: Desk, deed: str, form: FrequencyForm) -> str | None:
    """Do what a button says; answers what happened, or nothing if the form has to be mended first."""
    if desk.row is None or (not form.validate_on_submit() and deed == "frequency"):
        return None
    name, _, subject = deed.partition(":")
    if name == "frequency" and desk.settings is not None:
        subscribing.choose_frequency(desk.row, form.chosen, settings=desk.settings)
        return "Saved."
    if name == "unsubscribe":
        return _end(desk.row, subject, by=desk.by)
    if name == "unsubscribe-all":
        unsubscribing.unsubscribe_all(desk.row, by=desk.by)
        return f"You are unsubscribed from {desk.knowledge_base.name}. No more e-mails about it are sent to you."
    if name == "again" and desk.settings is not None:
        subscribing.subscribe_again(desk.row, by=desk.by)
        return "You are subscribed again, to what you had chosen before."
    return None


def _end(row: KnowledgeBaseSubscriber, subscription: str, *, by: Actor) -> str | None:
    try:
        subscribing.unsubscribe_from(row, uuid.UUID(subscription), by=by)
    except ValueError:
        return None
    return "That subscription has ended."
