"""The words that pages say for what is stored."""

from kbadmin.articles.models import ArticleStatus, Callout

STATUSES = {
    ArticleStatus.DRAFT: "Draft",
    ArticleStatus.SCHEDULED: "Scheduled",
    ArticleStatus.PUBLISHED: "Published",
    ArticleStatus.ARCHIVED: "Archived",
}
CALLOUTS = {Callout.NEW: "New", Callout.UPDATED: "Updated"}
