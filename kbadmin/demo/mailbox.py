"""Where the demo's mail server puts what it accepted: an SQLite file that survives a restart and stays bounded."""

import json
import re
import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from html import unescape
from pathlib import Path

from kbadmin import clock

KEPT_MESSAGES = 2_000
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_HREF = re.compile(r"""href\s*=\s*["']?(https?://[^\s<>"']+)""", re.IGNORECASE)


@dataclass(frozen=True)
class MailboxMessage:
    """One message as it came over the wire, with its envelope. ``via`` says how the sender got in."""

    id: int
    received_at: datetime
    mail_from: str
    recipients: tuple[str, ...]
    subject: str
    via: str
    raw: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        """The message, read by the standard library."""
        return BytesParser(policy=policy.default).parsebytes(self.raw)

    @property
    def text(self) -> str:
        """The plain-text body, or nothing."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, or nothing."""
        return self._body("html")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields, decoded, in their order."""
        return [(name, str(value)) for name, value in self.parsed.items()]

    @property
    def links(self) -> list[str]:
        """Web addresses in the bodies, each once: the HTML is shown where links do not work."""
        found = _LINK.findall(self.text) + [unescape(link) for link in _HREF.findall(self.html)]
        return list(dict.fromkeys(link.rstrip(".,;:!?") for link in found))

    @property
    def source(self) -> str:
        """The message itself, with bytes that are not UTF-8 made visible."""
        return self.raw.decode("utf-8", errors="backslashreplace")

    def _body(self, kind: str) -> str:
        part = self.parsed.get_body(preferencelist=(kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except (LookupError, ValueError):  # A charset nobody knows.
            return self.source


class MailboxStore:
    """All mail the demo received, newest first; safe among threads. ``folder`` None keeps it in memory."""

    def __init__(self, folder: Path | None = None, *, kept: int = KEPT_MESSAGES) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._kept = kept
        self._arrival = threading.Condition()
        self._database = sqlite3.connect(
            folder / "mailbox.sqlite3" if folder else ":memory:", check_same_thread=False, isolation_level=None
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL,"
            " mail_from TEXT NOT NULL, recipients TEXT NOT NULL, subject TEXT NOT NULL, via TEXT NOT NULL,"
            " raw BLOB NOT NULL)"
        )

    def keep(self, *, mail_from: str, recipients: list[str], raw: bytes, via: str) -> int:
        """Store one message and drop the oldest beyond the limit; returns its number."""
        parsed = BytesParser(policy=policy.default).parsebytes(raw, headersonly=True)
        subject = " ".join(str(parsed.get("Subject", "")).split())
        row = (clock.now().isoformat(), mail_from, json.dumps(recipients), subject, via, raw)
        with self._arrival:
            cursor = self._database.execute(
                "INSERT INTO messages (received_at, mail_from, recipients, subject, via, raw)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            number = cursor.lastrowid or 0
            self._database.execute("DELETE FROM messages WHERE id <= ?", (number - self._kept,))
            self._arrival.notify_all()
        return number

    def messages(
        self, search: str = "", *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> list[MailboxMessage]:
        """Newest first; ``search`` looks into recipients and subject, ``before`` and ``after`` are numbers."""
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", search.strip()) + "%"
        # Going to newer pages, the neighbours come first, so the order is turned round for the query.
        sign = -1 if after is not None else 1
        rows = self._rows(
            "SELECT * FROM messages WHERE (recipients LIKE :p ESCAPE '\\' OR subject LIKE :p ESCAPE '\\')"
            " AND id < coalesce(:before, id + 1) AND id > coalesce(:after, id - 1)"
            " ORDER BY -id * :sign LIMIT :limit",
            {"p": pattern, "before": before, "after": after, "limit": limit, "sign": sign},
        )
        return sorted(rows, key=lambda message: -message.id)

    def find(self, number: int) -> MailboxMessage | None:
        """One message, or nothing."""
        return next(iter(self._rows("SELECT * FROM messages WHERE id = :id", {"id": number})), None)

    def count(self, search: str = "") -> int:
        """How many messages there are."""
        return len(self.messages(search, limit=self._kept)) if search else self._count_all()

    def wait_for(self, count: int = 1, *, search: str = "", seconds: float = 10.0) -> list[MailboxMessage]:
        """The messages found once there are at least ``count``; raises TimeoutError if they do not come in time."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.messages(search, limit=self._kept)
            if len(found) >= count:
                return found
            with self._arrival:
                self._arrival.wait(0.2)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(found)} of {count} messages came in {seconds:g} s")

    def delete_all(self) -> None:
        """Empty the mailbox."""
        with self._arrival:
            self._database.execute("DELETE FROM messages")

    def close(self) -> None:
        """Let go of the file."""
        with self._arrival:
            self._database.close()

    def _count_all(self) -> int:
        with self._arrival:
            return int(self._database.execute("SELECT count(*) FROM messages").fetchone()[0])

    def _rows(self, query: str, values: dict[str, object]) -> list[MailboxMessage]:
        with self._arrival:
            rows = self._database.execute(query, values).fetchall()
        return [
            MailboxMessage(
                row[0], datetime.fromisoformat(row[1]), row[2], tuple(json.loads(row[3])), row[4], row[5], row[6]
            )
            for row in rows
        ]
