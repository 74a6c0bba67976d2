"""The blueprint that the pages of this room hang on, and the door to one knowledge base, for rooms above as well."""

import uuid

from flask import Blueprint, abort, g
from flask_login import current_user

from kbadmin.access import Role
from kbadmin.knowledge_bases import operations
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.knowledge_bases.roles import Roles, is_at_least, roles_of

blueprint = Blueprint("knowledge_bases", __name__)


def knowledge_base_or_404(knowledge_base_id: uuid.UUID, least: Role = Role.WRITER) -> KnowledgeBase:
    """A knowledge base in which whoever is signed in has at least this role.

    One in which they have none does not exist for them; where their role is too low, they may not open the page.
    """
    found = operations.find(knowledge_base_id)
    role = my_roles().in_one(knowledge_base_id)
    if found is None or role is Role.NONE:
        abort(404)
    if not is_at_least(role, least):
        abort(403)
    return found


def my_roles() -> Roles:
    """What whoever is signed in is in the knowledge bases; asked for once a request."""
    if "knowledge_base_roles" not in g:
        g.knowledge_base_roles = roles_of(current_user.membership)
    found: Roles = g.knowledge_base_roles
    return found


def my_knowledge_bases(least: Role = Role.WRITER) -> list[KnowledgeBase]:
    """Those in which whoever is signed in has at least this role, archived ones last."""
    roles = my_roles()
    return [found for found in operations.all_of_account() if is_at_least(roles.in_one(found.id), least)]


def my_knowledge_base_names(least: Role = Role.WRITER) -> dict[uuid.UUID, str]:
    """The names of the same, by id."""
    roles = my_roles()
    return {
        found.id: found.name for found in operations.names_of_account() if is_at_least(roles.in_one(found.id), least)
    }
