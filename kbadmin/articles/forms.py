"""The questions about what an article says, where it stands and for whom it is; and which articles to list."""

import uuid

from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from kbadmin.articles import outline
from kbadmin.articles.fields import TOP, TOP_WORDS, GroupsField, Markdown, PlaceField
from kbadmin.articles.models import Article, ArticleStatus, Category
from kbadmin.articles.operations import Wanted
from kbadmin.articles.restrictions import groups_of
from kbadmin.articles.words import STATUSES
from kbadmin.forms import BaseForm, OneLine, Required
from kbadmin.knowledge_bases.models import KnowledgeBase


class ArticleForm(BaseForm):
    """What somebody writes. Made by :func:`article_form`; ``revision`` is what it was written over."""

    title = StringField("Title", [Required("Enter a title, such as How to Reset Your Password."), OneLine(200)])
    summary = StringField(
        "Summary", [OneLine(400)], description="One or two sentences for lists, search and e-mail digests."
    )
    category = PlaceField("Category")
    body = TextAreaField("Text", [Markdown()])
    groups = GroupsField("Only for Readers Of")
    revision = HiddenField()

    @property
    def wanted(self) -> Wanted:
        """What was written."""
        return Wanted(
            title=self.title.data or "",
            summary=self.summary.data or "",
            body=self.body.data or "",
            category_id=self.category.chosen,
            groups=self.groups.chosen,
        )

    @property
    def written_over(self) -> int:
        """The number of the revision that was changed; 0, which there never is, for anything else."""
        text = str(self.revision.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


class FilterForm(BaseForm):
    """Words, status and category. It travels in the address and changes nothing, so it needs no token."""

    class Meta(BaseForm.Meta):
        """Read from the address."""

        csrf = False

    NAMES = ("q", "status", "category")

    q = StringField("Search", description="Words of the title, the summary or the text, or how they begin.")
    status = SelectField(
        "Status", default="", choices=[SelectChoice("", "Any"), *(SelectChoice(*pair) for pair in STATUSES.items())]
    )
    category = PlaceField("Category", default="")

    @property
    def wanted(self) -> outline.Wanted:
        """What was chosen; what there is not is not asked for."""
        known = {choice.value for choice in self.category.choices}
        place = self.category.data if self.category.data in known else ""
        return outline.Wanted(
            text=(self.q.data or "")[:200].replace("\0", ""),
            status=self.status.data if self.status.data in set(ArticleStatus) else "",
            category_id=self.category.chosen if place else None,
            is_at_top=place == TOP,
        )


def article_form(
    knowledge_base: KnowledgeBase, article: Article | None = None, *, category: Category | None = None
) -> ArticleForm:
    """The form of an article that is there, or of a new one in a category."""
    place = article.category_id if article else category.id if category else None
    data = {
        "category": str(place or ""),
        "groups": [str(group_id) for group_id in groups_of(article)] if article else [],
    }
    form = ArticleForm(obj=article, data=data)
    form.category.offer(knowledge_base.id)
    form.groups.offer()
    return form


def filter_form(knowledge_base_id: uuid.UUID, address: MultiDict[str, str]) -> FilterForm:
    """The filter of the list, as it stands in the address."""
    form = FilterForm(address)
    form.category.offer(knowledge_base_id, first=(("", "Any"), (TOP, TOP_WORDS)))
    return form
