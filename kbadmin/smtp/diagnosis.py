"""Why something failed, who must act, and what to type: Microsoft's codes, servers' replies, our own outcomes.

Values of the service fill the names in the texts: ``login_email``, ``mailbox``, ``send_from``, ``client_id``,
``tenant_id``, ``redirect_uri``, ``host``, ``port``, ``service_name``, ``recipient``, ``signed_in_as``; besides,
``security`` and ``authentication`` help to choose a text. Others are ignored. Nothing here is secret, and nothing
is escaped: the page does that.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kbadmin.smtp.explanation_rows import (
    CODES,
    ERRORS,
    KINDS,
    OUTCOMES,
    PLACEHOLDERS,
    REPLIES,
    Situation,
    Who,
    Words,
)
from kbadmin.smtp.providers import is_microsoft_host

__all__ = [
    "Explanation",
    "Who",
    "enhanced_status",
    "explain_authorization",
    "explain_outcome",
    "explain_submission",
    "it_note",
    "words_for_submission",
]

WHO_LABELS = {
    Who.YOU: "You",
    Who.IT: "Your IT administrator",
    Who.MICROSOFT: "Microsoft",
    Who.US: "kbadmin's operator",
    Who.RECIPIENT: "The recipient",
}

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
# What PowerShell takes as one plain word. Anything else is quoted: an address may hold & | ; and $.
_PLAIN_ARGUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@:/-]*")


@dataclass(frozen=True)
class Explanation:
    """What happened (one sentence), who must act, and the steps, with **places** and `commands` marked.

    ``state`` is retry, fix_config, reauth, admin or bug. ``action`` is what a queue does: refresh (one new token
    and one retry), pause, retry, fail, fail_recipient; empty for authorizations.
    """

    what: str
    who: Who
    do: tuple[str, ...]
    state: str
    code: str | None = None
    action: str = ""

    @property
    def who_label(self) -> str:
        """Who must act, in words."""
        return WHO_LABELS[self.who]


def explain_authorization(error: str | None, suberror: str | None, aadsts: int | None, **values: object) -> Explanation:
    """Why a provider refused. The OAuth error decides the state; an AADSTS number selects the words only.

    Some errors (invalid_request, access_denied and the like) mean too many things to decide; then the number's
    state counts. Neither known: general words.
    """
    found = ERRORS.get((error or "", suberror)) or ERRORS.get((error or "", None)) or ERRORS["", None]
    words = CODES.get(aadsts or 0, found.words)
    code = f"AADSTS{aadsts}" if aadsts else error or None
    return _explanation(words, values, code=code, state=found.words.state if found.decides else words.state)


def explain_outcome(kind: str, **values: object) -> Explanation:
    """What one of our own outcomes of an authorization or a test means; general words for an unknown one."""
    return _explanation(OUTCOMES.get(kind, OUTCOMES[""]), values)


def explain_submission(
    stage: str,
    kind: str,
    code: int | None = None,
    enhanced: str | None = None,
    text: str = "",
    challenge: str | None = None,
    exception_name: str | None = None,
    **values: object,
) -> Explanation:
    """Why a mail server did not take a message: by its reply if there is one, else by the kind of failure."""
    words = words_for_submission(stage, kind, code, enhanced, text, challenge, exception_name, **values)
    said = " ".join(str(part) for part in (code, enhanced_status(code, enhanced, text)) if part)
    return _explanation(words, values, code=said or None)


def words_for_submission(
    stage: str,
    kind: str,
    code: int | None = None,
    enhanced: str | None = None,
    text: str = "",
    challenge: str | None = None,
    exception_name: str | None = None,
    **values: object,
) -> Words:
    """The row about such a failure as it stands in the table, with what the queue does."""
    situation = Situation(
        stage=str(stage),
        kind=kind,
        code=code,
        enhanced=enhanced_status(code, enhanced, text),
        text=text,
        exception_name=exception_name,
        challenge_status=_status_of(challenge),
        port=_number(values.get("port")),
        security=_word(values.get("security")),
        authentication=_word(values.get("authentication")),
        microsoft=is_microsoft_host(str(values.get("host") or "")),
    )
    # The last row of each table has no conditions, so there always is one that fits.
    return next(row for row in (KINDS if code is None else REPLIES) if row.fits(situation)).words


def enhanced_status(code: int | None, enhanced: str | None, text: str) -> str | None:
    """The enhanced status code, also from the middle of a text; one of another class than the reply is none."""
    said = _ENHANCED.findall(f"{enhanced or ''} {text}")
    return next((status for status in said if code is None or status[0] == str(code)[0]), None)


def it_note(
    *,
    what: str,
    service: str | None = None,
    step: str | None = None,
    server: str | None = None,
    server_reply: str | None = None,
    challenge: str | None = None,
    code: str | None = None,
    correlation_id: str | None = None,
    trace_id: str | None = None,
    at: datetime | None = None,
    client_id: str | None = None,
    tenant_id: str | None = None,
    login_email: str | None = None,
) -> str:
    """A note to copy for IT and Microsoft's support, one fact a line, those without a value left out; no secrets."""
    lines = {
        "What happened": re.sub(r"\*\*|`", "", what),
        "SMTP service": service,
        "Code": code,
        "Correlation ID": correlation_id,
        "Trace ID": trace_id,
        "Time": f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else None,
        "Step": step,
        "Server": server,
        "Server's reply": server_reply,
        "Provider's explanation": challenge,
        "Login Email": login_email,
        "Application (client) ID": client_id,
        "Directory (tenant) ID": tenant_id,
    }
    return "\n".join(f"{label}: {_one_line(value)}" for label, value in lines.items() if value)


def _explanation(
    words: Words, values: Mapping[str, object], *, code: str | None = None, state: str | None = None
) -> Explanation:
    named = {name: _one_line(values[name]) for name in PLACEHOLDERS if values.get(name) not in (None, "")}
    return Explanation(
        what=_filled(words.what, named),
        who=words.who,
        do=tuple(_filled(step, named) for step in words.do),
        state=state or words.state,
        code=code,
        action=words.action,
    )


def _filled(text: str, named: Mapping[str, str]) -> str:
    """The text with values in place; between backticks, where a command stands, they are safe to paste."""
    prose = {**PLACEHOLDERS, **named}
    arguments = {name: _argument(named.get(name, name.upper().replace("_", "-"))) for name in PLACEHOLDERS}
    parts = text.split("`")
    return "`".join(
        part.format_map(arguments if number % 2 and " " in part else prose) for number, part in enumerate(parts)
    )


def _argument(value: str) -> str:
    """One argument of a PowerShell command, whatever the value holds."""
    return value if _PLAIN_ARGUMENT.fullmatch(value) else "'" + value.replace("'", "''") + "'"


def _status_of(challenge: str | None) -> str | None:
    """The status in the JSON with which a provider refused an access token (``{"status": "401", …}``)."""
    try:
        explained = json.loads(challenge or "")
    except (ValueError, RecursionError):
        return None
    return str(explained.get("status")) if isinstance(explained, dict) else None


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _one_line(value: object) -> str:
    return " ".join(str(value).split())[:500]
