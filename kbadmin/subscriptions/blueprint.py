"""The blueprint that the editors' pages of this room hang on, and the door to them."""

import uuid

from flask import Blueprint

from kbadmin.access import Role
from kbadmin.knowledge_bases.blueprint import knowledge_base_or_404
from kbadmin.knowledge_bases.models import KnowledgeBase

blueprint = Blueprint("subscriptions", __name__, url_prefix="/knowledge-bases/<uuid:knowledge_base_id>")


def edited_or_404(knowledge_base_id: uuid.UUID) -> KnowledgeBase:
    """A knowledge base whose settings whoever is signed in may change."""
    return knowledge_base_or_404(knowledge_base_id, Role.EDITOR)
