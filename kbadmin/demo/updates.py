"""The demo's second knowledge base, which everybody may read: what is new with Acme's printers, told by digests."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from kbadmin import clock
from kbadmin.articles import callouts, categories, operations, publishing
from kbadmin.articles.models import Article, Callout
from kbadmin.audit.operations import Actor
from kbadmin.database import db
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience


@dataclass(frozen=True)
class Story:
    """An article as its writer has it; ``callout`` and ``note`` are what readers are told when it is published."""

    title: str
    summary: str
    category: str
    body: str
    callout: Callout | None = None
    note: str = ""


@dataclass(frozen=True)
class Updates:
    """What was made, by name."""

    knowledge_base: uuid.UUID
    categories: dict[str, uuid.UUID] = field(default_factory=dict)
    articles: dict[str, uuid.UUID] = field(default_factory=dict)


FIRST = (
    Story(
        "Label One at a glance",
        "Small, for the desk.",
        "Label One",
        "Prints rolls up to **62 mm**, by USB or Wi-Fi.\n\n- 300 dots per inch\n- 110 labels a minute\n- 1.1 kg",
    ),
    Story(
        "Label Two at a glance",
        "For the warehouse.",
        "Label Two",
        "Prints rolls up to **102 mm**, by USB, Ethernet or Wi-Fi.\n\n- 200 dots per inch\n- 150 labels a minute",
    ),
    Story(
        "How firmware is numbered",
        "What 3.1.2 says.",
        "Firmware",
        "The first number rises with what you must learn anew, the second with what is new, the third with repairs.",
    ),
)
MID_MONTH = (
    Story(
        "Firmware 3.1 for Label One",
        "Starts twice as fast.",
        "Firmware",
        "1. Download the file.\n2. Copy it to the printer.\n3. Press **Power** for three seconds.",
        Callout.NEW,
        "Starts twice as fast, and joins networks at 5 GHz.",
    ),
    Story(
        "Paper guide of Label Two",
        "Rolls from 25 to 102 mm.",
        "Label Two",
        "Push both guides until they touch the roll, then half a millimetre back.",
        Callout.UPDATED,
        "Rolls of 38 mm are described, too.",
    ),
)
POWER_SUPPLIES = (
    Story(
        "Exchange of power supplies PS-12",
        "Free of charge. Check the number on yours.",
        "Label One",
        "Power supplies with a number from **PS-12 4000** to **PS-12 4999** may get hot. Unplug yours and write to us: "
        "another one leaves the same day.",
        Callout.NEW,
        "Please look at the number on your power supply.",
    ),
    Story(
        "Service manual, chapter 4",
        "Changing the print head.",
        "For technicians",
        "Wait ten minutes after printing. Loosen both screws, and lift the head by its frame only.",
        Callout.NEW,
        "With the head of Label Two.",
    ),
)
OPEN_HOUSE = (
    Story(
        "Open house in Hamburg",
        "Three afternoons in our workshop.",
        "Events",
        "Bring your printer: we clean and adjust it while you look around. Doors open at two.",
        Callout.NEW,
        "With a tour of the workshop at four.",
    ),
)
NEWEST = (
    Story(
        "Firmware 3.2 beta",
        "For those who want to try it first.",
        "Beta firmware",
        "Prints QR codes without a computer. Go back to 3.1 at any time, in the same way.",
        Callout.NEW,
        "Prints QR codes without a computer.",
    ),
)


def open_up(groups: dict[str, uuid.UUID], *, actor: Actor) -> Updates:
    """The knowledge base with its categories, and the articles that were there first."""
    made = knowledge_bases.create(
        name="Product Updates", time_zone="Europe/Berlin", audience=Audience.PUBLIC, actor=actor
    )
    made.description = "What is new with Acme’s label printers, and what has changed."
    found = Updates(made.id)
    for name, description, parent, group in [
        ("Label One", "The small one", None, None),
        ("Label Two", "The wide one", None, None),
        ("Firmware", "What runs in the printers", None, None),
        ("Beta firmware", "Before everybody has it", "Firmware", None),
        ("Events", "Where to meet us", None, None),
        ("For technicians", "Inside the case", None, "Technicians"),
    ]:
        wanted = categories.Wanted(
            name=name,
            description=description,
            parent_id=found.categories[parent] if parent else None,
            groups=frozenset({groups[group]} if group else ()),
        )
        found.categories[name] = categories.create(made.id, wanted, actor=actor).id
    publish(found, FIRST, actor=actor)
    return found


def publish(found: Updates, stories: Iterable[Story], *, actor: Actor) -> None:
    """Write and publish articles; each is called out for two weeks as its story says."""
    for story in stories:
        wanted = operations.Wanted(
            title=story.title, summary=story.summary, body=story.body, category_id=found.categories[story.category]
        )
        article = operations.create(found.knowledge_base, wanted, actor=actor)
        told = callouts.Wanted(story.callout, clock.now() + callouts.LASTS, story.note) if story.callout else None
        publishing.publish(found.knowledge_base, article.id, callout=told, actor=actor)
        found.articles[story.title] = article.id


def rewrite(found: Updates, title: str, addition: str, note: str, *, actor: Actor) -> None:
    """Add a sentence to an article that is there already, and mark it as updated."""
    article = db.session.get_one(Article, found.articles[title])
    wanted = operations.Wanted(article.title, article.summary, f"{article.body}\n\n{addition}", article.category_id)
    operations.change(found.knowledge_base, article.id, wanted, revision=article.revision, actor=actor)
    told = callouts.Wanted(Callout.UPDATED, clock.now() + callouts.LASTS, note)
    callouts.call_out(found.knowledge_base, article.id, told, actor=actor)
