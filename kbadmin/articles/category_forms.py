"""The questions about a category."""

from collections.abc import Mapping
from typing import ClassVar

from wtforms import StringField

from kbadmin.articles.categories import Wanted, shown
from kbadmin.articles.fields import GroupsField, PlaceField
from kbadmin.articles.models import Category
from kbadmin.edit_forms import EditForm
from kbadmin.forms import OneLine, Required
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.seen import Values


class CategoryForm(EditForm):
    """What a category is called, where it stands, for whom it is. Made by :func:`category_form`."""

    SHOWN_AS: ClassVar[Mapping[str, str]] = {"parent_id": "parent"}

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
    now: Values = shown(category) if category else {"parent_id": parent.id if parent else None, "groups": ()}
    data = {"parent": str(now["parent_id"] or ""), "groups": [str(group_id) for group_id in now["groups"]]}
    form = CategoryForm(obj=category, data=data).shows(now)
    form.parent.offer(knowledge_base.id, moved=category.id if category else None, is_category=True)
    form.groups.offer()
    return form
