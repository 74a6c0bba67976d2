"""The tabs over the pages of one knowledge base; rooms above add theirs."""

from dataclasses import dataclass
from typing import NamedTuple

from flask import request, url_for

from kbadmin.access import Role
from kbadmin.knowledge_bases.blueprint import blueprint, my_roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import is_at_least


@dataclass(frozen=True)
class Tab:
    """A page that every knowledge base has. ``lit`` names endpoints, or blueprints with a dot at the end."""

    label: str
    endpoint: str
    icon: str
    order: int
    least: Role = Role.WRITER
    lit: tuple[str, ...] = ()


class Drawn(NamedTuple):
    """A tab as a page shows it."""

    label: str
    url: str
    icon: str
    is_current: bool


TABS: list[Tab] = []


def add(tab: Tab) -> None:
    """A room declares its tab."""
    TABS[:] = sorted([other for other in TABS if other.endpoint != tab.endpoint] + [tab], key=lambda one: one.order)


def tabs_of(knowledge_base: KnowledgeBase) -> list[Drawn]:
    """The tabs that whoever is signed in may open."""
    role, here = my_roles().in_one(knowledge_base.id), request.endpoint or ""
    return [
        Drawn(tab.label, url_for(tab.endpoint, knowledge_base_id=knowledge_base.id), tab.icon, _is_lit(tab, here))
        for tab in TABS
        if is_at_least(role, tab.least)
    ]


def _is_lit(tab: Tab, here: str) -> bool:
    return here == tab.endpoint or here in tab.lit or any(here.startswith(p) for p in tab.lit if p.endswith("."))


blueprint.record_once(lambda state: state.app.jinja_env.globals.update(knowledge_base_tabs=tabs_of))
