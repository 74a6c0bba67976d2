"""What ``kbadmin doctor`` says: one line for each thing it looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters; the value is what stands before it."""

    WELL = "ok"
    NOTE = "note"
    WARNING = "warning"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do."""

    level: Level
    subject: str
    text: str
    remedy: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether it must be put right."""
        return self.level is Level.WRONG

    def __str__(self) -> str:
        return f"{self.level.value:<8}{self.subject}: {self.text}{f'. {self.remedy}' if self.remedy else ''}"


def well(subject: str, text: str) -> Finding:
    """All is as it should be."""
    return Finding(Level.WELL, subject, text)


def note(subject: str, text: str, remedy: str = "") -> Finding:
    """Good to know."""
    return Finding(Level.NOTE, subject, text, remedy)


def warning(subject: str, text: str, remedy: str) -> Finding:
    """Works, and is risky."""
    return Finding(Level.WARNING, subject, text, remedy)


def wrong(subject: str, text: str, remedy: str) -> Finding:
    """Does not work, or will not."""
    return Finding(Level.WRONG, subject, text, remedy)
