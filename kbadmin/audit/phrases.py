"""What is read in the audit log: facts of an entry as short phrases."""

from collections.abc import Mapping
from typing import Any


def phrases(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, value) pairs for people: «changed», «host, port»; what is empty is left out."""
    return [
        (name.replace("_", " "), _in_words(value)) for name, value in facts.items() if value not in (None, "", [], {})
    ]


def in_words(action: str) -> str:
    """An action as it stands at the beginning of a line."""
    return (action[:1].upper() + action[1:]).replace("Smtp", "SMTP")


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_in_words(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_words(item)}" for name, item in value.items())
    return str(value).replace("_", " ") if str(value).replace("_", "").isalpha() else str(value)
