"""The tabs over the pages of one knowledge base; rooms above add theirs."""

from dataclasses import dataclass

from flask import url_for

from kbadmin import navigation
from kbadmin.access import Role
from kbadmin.knowledge_bases.blueprint import blueprint, my_roles
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import is_at_least
from kbadmin.navigation import Entry, is_lit


@dataclass(frozen=True)
class Tab:
    """A page that every knowledge base has. ``lit`` names endpoints, or blueprints with a dot at the end."""

    label: str
    endpoint: str
    icon: str
    order: int
    least: Role = Role.WRITER
    lit: tuple[str, ...] = ()


TABS: list[Tab] = []


def add(tab: Tab) -> None:
    """A room declares its tab."""
    navigation.declare(TABS, tab)


def tabs_of(knowledge_base: KnowledgeBase) -> list[Entry]:
    """The tabs that whoever is signed in may open."""
    role = my_roles().in_one(knowledge_base.id)
    return [
        Entry(tab.label, url_for(tab.endpoint, knowledge_base_id=knowledge_base.id), tab.icon, is_lit(tab))
        for tab in TABS
        if is_at_least(role, tab.least)
    ]


blueprint.record_once(lambda state: state.app.jinja_env.globals.update(knowledge_base_tabs=tabs_of))
