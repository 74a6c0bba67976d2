"""The questions about a category."""

from wtforms import StringField

from kbadmin.articles.categories import Wanted
from kbadmin.articles.fields import GroupsField, PlaceField
from kbadmin.articles.models import Category
from kbadmin.articles.restrictions import groups_of
from kbadmin.forms import BaseForm, OneLine, Required
from kbadmin.knowledge_bases.models import KnowledgeBase


class CategoryForm(BaseForm):
    """What a category is called, where it stands, for whom it is. Made by :func:`category_form`."""

    name = StringField("Name", [Required("Enter a name, such as Getting Started."), OneLine(120)])
    description = StringField("Description", [OneLine(300)], description="A sentence under the name.")
    parent = PlaceField("Stands In")
    groups = GroupsField("Only for Readers Of")

    @property
    def wanted(self) -> Wanted:
        """What was decided."""
        return Wanted(
            name=self.name.data or "",
            description=self.description.data or "",
            parent_id=self.parent.chosen,
            groups=self.groups.chosen,
        )


def category_form(
    knowledge_base: KnowledgeBase, category: Category | None = None, *, parent: Category | None = None
) -> CategoryForm:
    """The form of a category that is there, or of a new one in another."""
    place = category.parent_id if category else parent.id if parent else None
    data = {
        "parent": str(place or ""),
        "groups": [str(group_id) for group_id in groups_of(category)] if category else [],
    }
    form = CategoryForm(obj=category, data=data)
    form.parent.offer(knowledge_base.id, moved=category.id if category else None, is_category=True)
    form.groups.offer()
    return form
