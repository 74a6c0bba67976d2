"""The filters and the few globals every page may use."""

import hashlib
import re
import uuid
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request, url_for
from flask_login import current_user
from jinja2 import StrictUndefined
from markupsafe import Markup, escape
from wtforms import Field, Form

from kbadmin import __version__, clock
from kbadmin.config import Settings

_ANY_ID = uuid.UUID(int=0)
_MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*")


def attach(app: Flask, settings: Settings) -> None:
    """Set up Jinja: unknown names are errors, and files under static/ carry the hash of their content."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        when=when,
        day=day,
        in_utc=in_utc,
        few=few,
        inline_code=inline_code,
        plural=plural,
        without_marks=without_marks,
    )
    static_folder = Path(app.static_folder or "")

    @lru_cache(maxsize=256)
    def address(_below: str, path: str) -> str:
        return url_for("static", filename=path, v=_hash_of(static_folder / path))

    def static(path: str) -> str:
        return address(request.script_root, path)

    app.jinja_env.globals.update(
        static=static,
        drawn_icon=icons(static),
        same_for=Kept().block,
        addresses_of=addresses_of,
        current_user=current_user,  # Looked for once a page asks who it is.
        base_url=settings.base_url,
        version=__version__,
        is_demo=settings.env == "demo",
        now=clock.now,
    )


def icons(static: Callable[[str], str]) -> Callable[..., Markup]:
    """What draws an icon out of the sprite. A page draws a hundred of them, and few that differ."""

    @lru_cache(maxsize=1024)
    def drawing(sprite: str, name: str, class_: str) -> Markup:
        svg = Markup('<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>')
        return svg.format(class_, sprite, name)

    return lambda name, class_="": drawing(static("icons/sprite.svg"), name, class_)


def zone_name() -> str:
    """The time zone of whoever looks: their account's, or UTC."""
    if not has_request_context():
        return "UTC"
    if "zone" not in g:  # A list asks for each of its times.
        g.zone = getattr(current_user, "time_zone", None) or "UTC"
    found: str = g.zone
    return found


def when(moment: datetime | None) -> Markup | str:
    """A moment in the reader's zone, with the zone's name: «2 July 2026, 15:30 CEST», inside a ``<time>``."""
    return "never" if moment is None else _when(moment.astimezone(UTC), zone_name())


@lru_cache(maxsize=4096)
def _when(moment: datetime, zone: str) -> Markup:
    local = moment.astimezone(ZoneInfo(zone))
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


def few(names: Sequence[str], most: int = 3) -> str:
    """The first of some names, and how many there are besides: «Anna, Bert, Carl and 2 more»."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def addresses_of(endpoint: str, name: str) -> Callable[[uuid.UUID], str]:
    """The address of one thing after another, for lists: ``url_for`` is asked once, with the parameter ``name``."""
    values: dict[str, Any] = {name: _ANY_ID}
    before, after = url_for(endpoint, **values).split(str(_ANY_ID))
    return lambda thing_id: f"{before}{thing_id}{after}"


class Kept:
    """Markup that comes out the same for the same values, kept for the next page. One for each application.

    ``{% call same_for('name', one, other) %}…{% endcall %}``: what stands inside is drawn once for these values, of a
    form once for what its fields show. They are all that it may show: a house test sees to it. So it cannot be out of
    date, nor be somebody else's.
    """

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._blocks: dict[tuple[Hashable, ...], Markup] = {}

    def block(self, name: str, *values: Hashable, caller: Callable[[], Markup]) -> Markup:
        """The block of this name for these values."""
        key = (request.script_root, name, *(_shown(one) if isinstance(one, Form) else one for one in values))
        found = self._blocks.get(key)
        if found is None:
            found = caller()
            if len(self._blocks) >= self._most:  # Begin again: what is needed comes back with the next pages.
                self._blocks.clear()
            self._blocks[key] = found
        return found


def _shown(form: Form) -> Hashable:
    """All that the fields of a form show, besides what their class says."""
    return tuple((one.name, one.data, tuple(one.errors), _choices(one)) for one in form)


def _choices(field: Field) -> Hashable:
    return tuple((one.value, one.label) for one in getattr(field, "choices", ()))


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
