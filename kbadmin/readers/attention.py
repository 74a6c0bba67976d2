"""What the bell says of readers: who waits to be let in, whose welcome failed, and which deed ended early."""

from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select

from kbadmin import notices
from kbadmin.access import Permission
from kbadmin.notices import Notice
from kbadmin.readers import bulk_left_behind, bulk_words, failed_welcomes, letting_in
from kbadmin.readers.bulk_models import ReaderBulkDeed
from kbadmin.readers.bulk_orders import Order
from kbadmin.readers.listing import MOST_COUNTED
from kbadmin.readers.models import Reader, ReaderStatus


def in_words(number: int, one: str, many: str) -> str:
    """«1 reader waits», «3 readers wait», «More than 1,000 readers wait»."""
    if number > MOST_COUNTED:
        return f"More than {MOST_COUNTED:,} {many}"
    return f"{number:,} {one if number == 1 else many}"


def _who_waits() -> list[Notice]:
    number = letting_in.number_waiting()
    if not number:
        return []
    return [
        Notice(
            title="Sign-up",
            word=in_words(number, "reader waits", "readers wait"),
            kind="info",
            icon="user-plus",
            text="They signed up and confirmed their address. Let them in, or refuse them.",
            action="Show them",
            url=url_for("readers.index", status=ReaderStatus.PENDING.value),
        )
    ]


def _whose_welcome_failed() -> list[Notice]:
    number = failed_welcomes.number()
    if not number:
        return []
    return [
        Notice(
            title="Welcomes",
            word=in_words(number, "welcome failed", "welcomes failed"),
            kind="danger",
            icon="mail",
            text="The e-mails did not reach the mail server. Look why, then send them again, or clear the warning.",
            action="Show the readers",
            url=url_for("readers.index", welcome="failed"),
        )
    ]


def _what_ended_early() -> list[Notice]:
    found = [(one, Order.from_json(one.wanted).deed) for one in bulk_left_behind.ended()]
    return [
        Notice(
            title=bulk_words.WORDS[deed].title,
            word="Ended early",
            kind="warning",
            icon="alert-triangle",
            text=f"{one.begun_by.get('label', '')} began it, and not everybody was met. See how to go on.",
            action="See what to do",
            url=url_for("readers.show_bulk_deed", deed_id=one.id),
            since=one.moved_at,
        )
        for one, deed in found
    ]


def _is_there(some: Select[Any]) -> Select[int]:
    return select(func.count()).select_from(some.limit(1).subquery())


notices.notice_with(
    _who_waits,
    counted=lambda: _is_there(select(Reader.id).where(*letting_in.WAITS)),
    permission=Permission.MANAGE_READERS,
)
notices.notice_with(
    _whose_welcome_failed,
    counted=lambda: _is_there(failed_welcomes.source()),
    permission=Permission.MANAGE_READERS,
)
notices.notice_with(
    _what_ended_early,
    counted=lambda: select(func.count()).select_from(
        select(ReaderBulkDeed.id).where(ReaderBulkDeed.ended.is_not(None)).subquery()
    ),
    permission=Permission.MANAGE_READERS,
)
