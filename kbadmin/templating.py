"""The filters and the few globals every page may use."""

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, request, url_for
from flask_login import current_user
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from kbadmin import __version__, clock
from kbadmin.config import Settings

_MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*")


def attach(app: Flask, settings: Settings) -> None:
    """Set up Jinja: unknown names are errors, and files under static/ carry the hash of their content."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        when=when, day=day, in_utc=in_utc, inline_code=inline_code, plural=plural, without_marks=without_marks
    )
    static_folder = Path(app.static_folder or "")

    @lru_cache(maxsize=256)
    def address(_below: str, path: str) -> str:
        return url_for("static", filename=path, v=_hash_of(static_folder / path))

    def static(path: str) -> str:  # A list asks for the drawings of its icons a hundred times.
        return address(request.script_root, path)

    app.jinja_env.globals.update(
        static=static,
        base_url=settings.base_url,
        version=__version__,
        is_demo=settings.env == "demo",
        now=clock.now,
    )


def zone_name() -> str:
    """The time zone of whoever looks: their account's, or UTC."""
    return getattr(current_user, "time_zone", None) or "UTC"


def when(moment: datetime | None) -> Markup | str:
    """A moment in the reader's zone, with the zone's name: «2 July 2026, 15:30 CEST», inside a ``<time>``."""
    if moment is None:
        return "never"
    local = moment.astimezone(ZoneInfo(zone_name()))
    text = f"{local.day} {local:%B %Y, %H:%M %Z}"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), text)


def day(moment: datetime | None) -> Markup | str:
    """A date without its hour."""
    if moment is None:
        return "never"
    return Markup('<time datetime="{}">{}</time>').format(f"{moment:%Y-%m-%d}", f"{moment.day} {moment:%B %Y}")


def in_utc(moment: datetime) -> str:
    """A moment for e-mails, which do not know the zone of whoever reads them: «2 July 2026, 13:30 UTC»."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"


def inline_code(text: str) -> Markup:
    """Escaped text in which `code` and **the name of a place** are marked up; code is shown as it stands."""
    return Markup(_MARKS.sub(_marked_up, str(escape(text))))  # noqa: S704 - escaped before the marks are replaced.


def without_marks(text: str) -> str:
    """The same text for a letter in plain words: commands and places without their marks."""
    return _MARKS.sub(lambda found: str(found["code"] or found["bold"]), text)


def plural(count: int, one: str, many: str | None = None) -> str:
    """«1 reader», «2 readers»."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@lru_cache(maxsize=256)
def _hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "missing"


def _marked_up(found: re.Match[str]) -> str:
    return f"<code>{found['code']}</code>" if found["code"] else f"<strong>{found['bold']}</strong>"
