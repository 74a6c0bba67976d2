"""How much may be used: TCP ports that mail may leave through, and the seconds and counts of everything bounded."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class PortRanges:
    """The TCP ports a setting allows, as inclusive ranges."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``25,587,1024-2000`` or ``*``; raises ValueError for anything else."""
        if text.strip() == "*":
            return cls(((1, 65535),))
        ranges = []
        for part in text.split(","):
            first, _, last = part.strip().partition("-")
            pair = (int(first), int(last or first))
            if not 1 <= pair[0] <= pair[1] <= 65535:
                raise ValueError(part)
            ranges.append(pair)
        return cls(tuple(ranges))

    def allows(self, port: int) -> bool:
        """Whether this port is in one of the ranges."""
        return any(first <= port <= last for first, last in self.ranges)

    def __str__(self) -> str:
        return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)


@dataclass(frozen=True)
class Limits:
    """Budgets and caps, in seconds and counts. Not settings of an installation: tests shorten them."""

    test_email_seconds: float = 30.0
    provider_connect_seconds: float = 5.0
    provider_read_seconds: float = 10.0
    provider_total_seconds: float = 15.0
    provider_body_bytes: int = 64 * 1024
    tests_per_service: int = 5
    tests_window_seconds: int = 600
    outside_tests_per_day: int = 20
    password_fresh_seconds: int = 30 * 60
    session_idle_seconds: int = 2 * 3600
    session_seconds: int = 12 * 3600
    kept_session_seconds: int = 7 * 24 * 3600
    argon2_memory_kib: int = 19 * 1024
    argon2_rounds: int = 2
    sweep_seconds: float = 5.0
    # Delivery (RFC 5321 §4.5.3.2): an answer, the answer to a whole message, and a connection's life.
    reply_seconds: float = 60.0
    final_reply_seconds: float = 600.0
    connection_seconds: float = 900.0
    idle_connection_seconds: float = 30.0
    # A worker of another host that does not beat: its connections are free, and then its messages, too.
    silent_worker_seconds: float = 60.0
    dead_worker_seconds: float = 15 * 60.0
