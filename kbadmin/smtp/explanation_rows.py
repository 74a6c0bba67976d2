"""The rows of data from which failures are explained: read once, each checked, and the way one is found.

A row that says nothing, names nobody, or mentions a value that nobody fills in stops the program at import and
names itself, so that no page ever shows half a sentence.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib import resources
from itertools import chain
from string import Formatter
from typing import Any, TypeVar

Made = TypeVar("Made")
Key = TypeVar("Key")


class Who(StrEnum):
    """Who must act."""

    #: The person who looks after the service here.
    YOU = "you"
    #: The administrator of Entra, Exchange, or another mail server.
    IT = "it"
    MICROSOFT = "microsoft"
    #: Whoever runs this installation of kbadmin.
    US = "us"
    RECIPIENT = "recipient"


#: What follows for the service: try again, change settings, sign in again, an administrator acts, we have a fault.
STATES = frozenset({"retry", "fix_config", "reauth", "admin", "bug"})
#: What follows for its queue: one new token and one retry, hold everything, again later, give up message or address.
ACTIONS = frozenset({"refresh", "pause", "retry", "fail", "fail_recipient"})

#: Every value that a text may mention, with what stands there while nobody has said it.
PLACEHOLDERS = {
    "login_email": "the Login Email of this service",
    "mailbox": "the mailbox that signs in",
    "send_from": "the Send From Address",
    "client_id": "the Client ID of this service",
    "tenant_id": "the Tenant ID of this service",
    "redirect_uri": "the redirect URI of this site",
    "host": "the SMTP Host",
    "port": "of this service",
    "service_name": "this service",
    "recipient": "the recipient",
    "signed_in_as": "another mailbox",
}


#: What a row may say besides, and the action that it belongs to.
ATTRIBUTES = {"service": "retry", "slow": "retry", "suppress": "fail_recipient", "resumes_hours": "pause"}


@dataclass(frozen=True)
class Words:
    """What is said and done about one failure."""

    what: str
    who: Who
    do: tuple[str, ...]
    state: str
    action: str = ""
    #: With retry: the server's trouble, whatever the message; and the server wants less at a time.
    service: bool = False
    slow: bool = False
    #: With fail_recipient: the address will not do better another time.
    suppress: bool = False
    #: With pause: ends by itself after so many hours.
    resumes_hours: int | None = None


@dataclass(frozen=True)
class ErrorWords:
    """Words for an OAuth error; ``decides`` says that its state counts whatever an AADSTS number says."""

    words: Words
    decides: bool


@dataclass(frozen=True)
class Situation:
    """What is known of a failed submission, as rows ask about it."""

    stage: str
    kind: str
    code: int | None
    enhanced: str | None
    text: str
    exception_name: str | None
    challenge_status: str | None
    port: int | None
    security: str | None
    authentication: str | None
    microsoft: bool


@dataclass(frozen=True)
class Row:
    """Words and the conditions under which they are true; all that are given must hold."""

    words: Words
    stages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()
    enhanced: tuple[str, ...] = ()
    fragments: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    challenge_status: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    security: tuple[str, ...] = ()
    authentication: tuple[str, ...] = ()
    microsoft: tuple[bool, ...] = ()
    _ranges: tuple[tuple[str, int, int], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ranges", tuple(map(_range, self.enhanced)))

    def fits(self, one: Situation) -> bool:
        """Whether this row explains the situation."""
        single = (
            (self.stages, one.stage), (self.kinds, one.kind), (self.codes, one.code), (self.ports, one.port),
            (self.classes, (one.code or 0) // 100), (self.challenge_status, one.challenge_status),
            (self.security, one.security), (self.authentication, one.authentication), (self.microsoft, one.microsoft),
        )  # fmt: skip
        return (
            all(value in wanted for wanted, value in single if wanted)
            and (not self._ranges or self._has_enhanced(one.enhanced))
            and (not self.fragments or any(part in one.text.lower() for part in self.fragments))
            and (not self.exceptions or self._names_exception(one))
        )

    def _has_enhanced(self, status: str | None) -> bool:
        head, _, detail = (status or "").rpartition(".")
        return any(head == wanted and first <= int(detail) <= last for wanted, first, last in self._ranges)

    def _names_exception(self, one: Situation) -> bool:
        named = one.exception_name or one.text
        return any(re.search(rf"\b{name}", named) for name in self.exceptions)


def _range(text: str) -> tuple[str, int, int]:
    found = re.fullmatch(r"([245]\.\d{1,3})\.(\d{1,3})(?:-(\d{1,3}))?", text)
    if found is None:
        raise ValueError(f"{text!r} is not an enhanced status code or a range of them")
    return found[1], int(found[2]), int(found[3] or found[2])


def _words(row: Mapping[str, Any], *, needs_action: bool = False) -> Words:
    besides = {name: row[name] for name in ATTRIBUTES if name in row}
    words = Words(row["what"], Who(row["who"]), tuple(row["do"]), row["state"], row.get("action", ""), **besides)
    if words.state not in STATES:
        raise ValueError(f"the state {words.state!r} is not one of {sorted(STATES)}")
    if words.action not in (ACTIONS if needs_action else {""}):
        raise ValueError(f"the action {words.action!r} is not one of {sorted(ACTIONS)}")
    for name, value in besides.items():
        if words.action != ATTRIBUTES[name] or not (value is True if name != "resumes_hours" else 1 <= value <= 24):
            raise ValueError(f"{name} = {value!r} does not go with the action {words.action!r}")
    if not words.what.endswith(".") or set("*`\n") & set(words.what):
        raise ValueError("“what” must be one plain sentence")
    if not words.do or any(not step.strip() or step.count("`") % 2 for step in words.do):
        raise ValueError("“do” must have steps, and each ` a second one")
    for text in (words.what, *words.do):
        _require_known_names(text)
    return words


def _require_known_names(text: str) -> None:
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            raise ValueError(f"{{{name}}} is not a value that texts may mention")


def _row(row: Mapping[str, Any]) -> Row:
    said = {"what", "who", "do", "state", "action", *ATTRIBUTES}
    conditions = {key: value for key, value in row.items() if key not in said}
    if unknown := set(conditions) - {one.name for one in fields(Row) if one.init}:
        raise ValueError(f"{sorted(unknown)} are no conditions")
    listed = {key: tuple(value) if isinstance(value, list) else (value,) for key, value in conditions.items()}
    return Row(words=_words(row, needs_action=True), **listed)


def _codes(row: Mapping[str, Any]) -> list[tuple[int, Words]]:
    words = _words(row)
    return [(number, words) for number in row["aadsts"]]


def _errors(row: Mapping[str, Any]) -> list[tuple[tuple[str, str | None], ErrorWords]]:
    words = _words({**row, "state": row.get("state") or row["else_state"]})
    return [((row["error"], row.get("suberror")), ErrorWords(words, "state" in row))]


def _outcomes(row: Mapping[str, Any]) -> list[tuple[str, Words]]:
    return [(row["kind"], _words(row))]


def _checked(file: str, table: str, make: Callable[[Mapping[str, Any]], Made]) -> list[Made]:
    """Every row of a table of the data; raises ValueError that names the one at fault."""
    made = []
    for number, row in enumerate(_DATA[file][table], start=1):
        try:
            made.append(make(row))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file}.toml: [[{table}]] {number} ({row.get('what', '')!r}): {error}") from error
    return made


def _keyed(pairs: Iterable[list[tuple[Key, Made]]]) -> dict[Key, Made]:
    made: dict[Key, Made] = {}
    for key, value in chain.from_iterable(pairs):
        if made.setdefault(key, value) is not value:
            raise ValueError(f"authorization_errors.toml: {key} has two rows")
    return made


def _loaded(file: str) -> dict[str, Any]:
    path = resources.files("kbadmin.smtp").joinpath("data", f"{file}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


_DATA = {file: _loaded(file) for file in ("authorization_errors", "submission_errors")}
CODES = _keyed(_checked("authorization_errors", "codes", _codes))
ERRORS = _keyed(_checked("authorization_errors", "errors", _errors))
OUTCOMES = _keyed(_checked("authorization_errors", "outcomes", _outcomes))
REPLIES = tuple(_checked("submission_errors", "replies", _row))
KINDS = tuple(_checked("submission_errors", "kinds", _row))
