"""A knowledge base that readers may open."""

from tests.knowledge_bases.conftest import knowledge_base, make_knowledge_base

__all__ = ["knowledge_base", "make_knowledge_base"]
