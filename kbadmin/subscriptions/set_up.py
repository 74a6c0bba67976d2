"""The steps to digests in their order: which are done, which is next, which wait for another and why."""

from dataclasses import dataclass
from enum import StrEnum

from kbadmin.smtp.choosing import WORDS
from kbadmin.smtp.models import SmtpService, State
from kbadmin.subscriptions import weekdays
from kbadmin.subscriptions.models import SubscriptionSettings


class Progress(StrEnum):
    """How far one step is."""

    DONE = "done"
    NEXT = "next"
    BLOCKED = "blocked"  # by a step before it, or by something that somebody else has to do


@dataclass(frozen=True)
class Step:
    """One step; ``text`` may mark **names**."""

    key: str
    label: str
    progress: Progress
    text: str


def steps(
    settings: SubscriptionSettings | None, service: SmtpService | None, *, zone: str, has_services: bool = True
) -> list[Step]:
    """Service, schedule and subject, test, on."""
    return [
        _service(service, has_services=has_services),
        _schedule(settings, zone),
        _test(settings, service),
        _on(settings, missing(settings, service)),
    ]


def missing(settings: SubscriptionSettings | None, service: SmtpService | None) -> str:
    """What has to be done before digests can be turned on, or nothing."""
    if service is None:
        return "Choose a service first."
    if not service.is_choosable:
        return f"{service.friendly_name} cannot be used now: it {_trouble(service)}. Choose another service."
    if settings is None or not settings.subject:
        return "Save the schedule and the subject first."
    if not is_tested(settings, service):
        return f"Send a test e-mail through {service.friendly_name} first."
    return ""


def is_tested(settings: SubscriptionSettings | None, service: SmtpService | None) -> bool:
    """Whether a test e-mail from here was accepted through the service that is chosen now."""
    return bool(settings and service and settings.tested_at and settings.tested_service_id == service.id)


def _service(service: SmtpService | None, *, has_services: bool) -> Step:
    label = "Choose the service"
    if service is None and not has_services:
        text = "There is no SMTP service yet. Somebody who manages SMTP services has to configure one."
        return Step("service", label, Progress.BLOCKED, text)
    if service is None:
        return Step("service", label, Progress.NEXT, "Every digest leaves through one of your own SMTP services.")
    name = f"**{service.friendly_name}**"
    if not service.is_choosable:
        text = f"{name} {_trouble(service)}. Choose another one, or ask somebody who manages SMTP services."
        return Step("service", label, Progress.NEXT, text)
    waits = " It is paused now: digests wait until it can send again." if service.state is State.PAUSED else ""
    return Step("service", label, Progress.DONE, f"Digests leave through {name}.{waits}")


def _schedule(settings: SubscriptionSettings | None, zone: str) -> Step:
    label = "Choose the schedule and the subject"
    if settings is None or not settings.subject:
        return Step("schedule", label, Progress.NEXT, "Say on which days and at what time, then **Save**.")
    when = f"{weekdays.in_words(settings.weekdays)} at {weekdays.clock_time(settings.minute)}, {zone}"
    return Step("schedule", label, Progress.DONE, f"{when}: “{settings.subject}”.")


def _test(settings: SubscriptionSettings | None, service: SmtpService | None) -> Step:
    label = "Send a test"
    if service is None or settings is None:
        return Step("test", label, Progress.BLOCKED, "Choose a service and save first.")
    if not service.is_choosable:
        return Step("test", label, Progress.BLOCKED, "Choose a service that can be used first.")
    if is_tested(settings, service):
        return Step("test", label, Progress.DONE, f"A test e-mail was accepted through **{service.friendly_name}**.")
    text = f"Nothing was sent through **{service.friendly_name}** from here yet. Send a test e-mail, or a sample."
    return Step("test", label, Progress.NEXT, text)


def _on(settings: SubscriptionSettings | None, lacking: str) -> Step:
    label = "Turn subscriptions on"
    if settings is not None and settings.is_on:
        return Step("on", label, Progress.DONE, "Paused: no digest is made." if settings.paused_at else "They are on.")
    if lacking:
        return Step("on", label, Progress.BLOCKED, lacking)
    return Step("on", label, Progress.NEXT, "Everything is ready. Readers can subscribe once they are on.")


def _trouble(service: SmtpService) -> str:
    word = WORDS.get(service.state, "cannot be used")
    return word if word.startswith("needs") else f"is {word}"
