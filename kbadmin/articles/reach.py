"""Where an article stands and for whom it is, in words: its own restriction and those of the categories above it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kbadmin.articles import categories
from kbadmin.articles.branches import Branches
from kbadmin.articles.models import Article, Category
from kbadmin.articles.restrictions import names_by_thing


@dataclass(frozen=True)
class Reach:
    """The categories from the top down; for each restriction, whose it is and the groups it asks for."""

    way: Sequence[Category]
    restrictions: Sequence[tuple[str, Sequence[str]]]


def of(article: Article) -> Reach:
    """The reach of an article, in three queries."""
    found = {category.id: category for category in categories.all_in(article.knowledge_base_id)}
    way = Branches({category.id: category.parent_id for category in found.values()}).way_to(article.category_id)
    asked = names_by_thing(Category, way)
    own = names_by_thing(Article, [article.id]).get(article.id, [])
    restrictions = [
        (f"Category {found[category_id].name}", asked[category_id]) for category_id in way if category_id in asked
    ]
    return Reach(
        [found[category_id] for category_id in way], [*restrictions, *([("This article", own)] if own else [])]
    )
