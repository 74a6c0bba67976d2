"""Pages of the admin that are kept in memory, each for the person it was made for, with the trace of what it asked.

A list is asked for again and again while nothing in it changes. To make it anew takes several times what it takes
to ask the database the same questions once more (:mod:`kbadmin.traces`), all in one statement. If each answer is the
same, so is the page: it is made from them, from what stands in its address, from who asks, and from the day.

So a view that is stamped with :func:`kept_while_told_the_same` shows nothing else: no hour, no state of the process,
nothing that was asked before it began. Who asks, and what they may, is found out before, at each request. Nothing is
kept while the browser's session holds more than flags, such as a message or a link for the next page.
"""

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Response, current_app, g, request, session
from flask_login import current_user

from kbadmin import clock, form_tokens, headers, page_memory, traces
from kbadmin.database import db
from kbadmin.traces import Trace

View = TypeVar("View", bound=Callable[..., Any])
_LONGEST = 1_000  # bytes after the question mark; what is longer is no address of ours, and would fill the memory


@dataclass(frozen=True)
class TracedPage:
    """A page, in pieces between which the token of forms belongs, and what it was made from."""

    pieces: tuple[bytes, ...]
    trace: Trace

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(piece) for piece in self.pieces) + self.trace.size

    def response(self) -> Response:
        """The page once more, with a token for whoever asks now."""
        token = form_tokens.token().encode() if len(self.pieces) > 1 else b""
        return Response(token.join(self.pieces), mimetype="text/html")


def kept_while_told_the_same(view: View) -> View:
    """Answer a page from memory while the database tells what it told when the page was made."""

    @functools.wraps(view)
    def answer(**values: Any) -> Any:
        memory, key, asking = page_memory.of(current_app), _key(), db.session()
        if not memory.most or key is None:
            return view(**values)
        kept: TracedPage | None = memory.get(key)
        if kept is not None and kept.trace.holds(asking):
            return kept.response()
        with traces.tracing(asking) as tracing:
            page = view(**values)
        trace = tracing.trace()
        if trace is not None and isinstance(page, str) and headers.are_usual():
            memory.put(key, TracedPage(_in_pieces(page), trace))
        return page

    return answer  # type: ignore[return-value]


def _key() -> Hashable:
    """Who asks for what, on which day; none if the page is for this once."""
    flags = tuple((name, value) for name, value in sorted(session.items()) if name != form_tokens.NAME)
    if len(request.query_string) > _LONGEST or not all(isinstance(value, bool) for _, value in flags):
        return None
    return request.script_root, request.full_path, current_user.facts, flags, clock.now().date()


def _in_pieces(page: str) -> tuple[bytes, ...]:
    """Cut where the token stands: a random text, signed, which nothing else on the page is."""
    token = g.get(form_tokens.NAME)
    return tuple(piece.encode() for piece in (page.split(token) if token else [page]))
