"""The demo's knowledge base: categories, articles, groups and readers, made through the product's own operations."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from kbadmin import clock
from kbadmin.articles import callouts, categories, operations, publishing
from kbadmin.articles.models import Article, Callout
from kbadmin.audit.operations import Actor
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.readers import groups
from kbadmin.readers import operations as readers
from kbadmin.readers.models import Reader
from kbadmin.readers.operations import Belongings, Details

READER = "reader@example.com"

_FIRST_STEPS = """
Welcome. This page takes you from nothing to your first printed label.

## What you need

- The printer, its power supply and the USB cable
- A roll of labels, **62 mm** wide
- Ten minutes

## Set it up

1. Open the lid and put the roll in, *labels facing down*.
2. Close the lid until it clicks.
3. Press **Power**. The light turns green after about five seconds.

| Light | What it means |
|---|---|
| green | ready |
| blinking green | receives data |
| red | no roll, or the lid is open |

> If the light stays red with the lid closed, see *The light is red*.
"""
_RED_LIGHT = """
The light is red when the printer cannot feed paper.

1. Open the lid and take the roll out.
2. Cut the end of the paper straight.
3. Put the roll back, labels facing down, and close the lid.

Still red? Press **Power** for ten seconds to reset the printer; your settings are kept.
"""
_NETWORK = """
Press **Wi-Fi** for three seconds, then choose *Acme-Label* in your computer’s list of networks.
Open `http://label.example.com` and type the name and the password of your own network.

Networks at **5 GHz** are not supported.
"""
_RETURNS = """
Send the form to the warehouse, then put the printer into its box with the power supply. We collect it within two
working days. A replacement leaves the same evening.
"""
_PRICES = """
| Model | Partner price | From 10 pieces |
|---|---|---|
| Label One | 119 | 104 |
| Label Two | 189 | 167 |

Prices in euro, without tax, until the end of the year.
"""


@dataclass(frozen=True)
class Content:
    """What was made, by a short name."""

    knowledge_base: uuid.UUID
    categories: dict[str, uuid.UUID] = field(default_factory=dict)
    articles: dict[str, uuid.UUID] = field(default_factory=dict)
    groups: dict[str, uuid.UUID] = field(default_factory=dict)
    readers: dict[str, uuid.UUID] = field(default_factory=dict)


def fill(*, actor: Actor, audience: Audience = Audience.READERS, callouts_until: datetime | None = None) -> Content:
    """Make all of it in the caller's write section. *New* and *Updated* end in two weeks, or as said."""
    made = knowledge_bases.create(name="Printer Help", time_zone="Europe/Berlin", audience=audience, actor=actor)
    made.description = "How to set up, use and repair Acme’s label printers."
    found = Content(made.id)
    _add_groups(found, actor)
    _add_shelves(made, found, actor)
    _add_articles(made, found, actor, until=callouts_until or clock.now() + callouts.LASTS)
    _add_readers(found, actor)
    return found


def _add_groups(found: Content, actor: Actor) -> None:
    for name, description, domains in [
        ("Partners", "Dealers and service companies", ["partner.example.net"]),
        ("Technicians", "May open the case", []),
    ]:
        found.groups[name] = groups.create(name=name, description=description, domains=domains, actor=actor).id


def _add_shelves(made: KnowledgeBase, found: Content, actor: Actor) -> None:
    for name, description, parent, group in [
        ("Getting started", "From the box to the first label", None, None),
        ("When something is wrong", "What the lights mean, and what to do", None, None),
        ("Network", "", "Getting started", None),
        ("For partners", "Prices and terms", None, "Partners"),
    ]:
        wanted = categories.Wanted(
            name=name,
            description=description,
            parent_id=found.categories[parent] if parent else None,
            groups=frozenset({found.groups[group]} if group else ()),
        )
        found.categories[name] = categories.create(made.id, wanted, actor=actor).id


def _add_articles(made: KnowledgeBase, found: Content, actor: Actor, *, until: datetime) -> None:
    for title, summary, body, category, callout in [
        ("First steps", "Your first label in ten minutes.", _FIRST_STEPS, "Getting started", None),
        ("The light is red", "No paper, or the lid is open.", _RED_LIGHT, "When something is wrong", Callout.UPDATED),
        ("Connect to Wi-Fi", "Without a cable.", _NETWORK, "Network", Callout.NEW),
        ("Return a printer", "Collected within two working days.", _RETURNS, "When something is wrong", None),
        ("Price list", "For partners only.", _PRICES, "For partners", Callout.NEW),
    ]:
        article = _write(made.id, title, summary, body, found.categories[category], actor)
        told = callouts.Wanted(callout, until, "The new firmware needs three seconds.") if callout else None
        publishing.publish(made.id, article.id, callout=told, actor=actor)
        found.articles[title] = article.id
    draft = _write(made.id, "Clean the print head", "", "Wait until it is cold.", None, actor)
    found.articles["draft"] = draft.id


def _write(
    knowledge_base_id: uuid.UUID, title: str, summary: str, body: str, category: uuid.UUID | None, actor: Actor
) -> Article:
    wanted = operations.Wanted(title=title, summary=summary, body=body.strip(), category_id=category)
    return operations.create(knowledge_base_id, wanted, actor=actor)


def _add_readers(found: Content, actor: Actor) -> None:
    for email, first, last in [
        (READER, "Rita", "Reader"),
        ("paolo@partner.example.net", "Paolo", "Partner"),
        ("tess@example.org", "Tess", "Technician"),
    ]:
        belongings = Belongings(frozenset({found.groups["Technicians"]} if first == "Tess" else ()))
        reader: Reader = readers.create(Details(email, first, last, {}), belongings, actor=actor)
        found.readers[first] = reader.id
