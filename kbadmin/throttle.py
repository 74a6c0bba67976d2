"""Counting attempts in the database, so that limits hold over every process and survive a restart.

A throttle is a name (what is limited) and a key (for whom), counted in fixed windows. Counting goes through the
ledger: a refused request is counted although everything else it did is rolled back.
"""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, db, ledger


@dataclass(frozen=True)
class Limit:
    """At most ``count`` times in a window of ``seconds``."""

    name: str
    count: int
    seconds: int


class Throttle(Base):
    """How often something was tried since ``window_at``. The key is hashed: it may be an address."""

    __tablename__ = "throttles"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    window_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    count: Mapped[int]


def count(limit: Limit, key: str) -> int:
    """Count one attempt and answer how many there were in this window, this one included."""
    now, hashed = clock.now(), _hashed(key)
    starts = now - timedelta(seconds=limit.seconds)
    mine = (Throttle.name == limit.name, Throttle.key == hashed)
    with ledger() as session:
        session.execute(delete(Throttle).where(*mine, Throttle.window_at <= starts))
        while True:
            raised = session.execute(
                update(Throttle).where(*mine).values(count=Throttle.count + 1).returning(Throttle.count)
            ).scalar()
            if raised is not None:
                return raised
            try:
                with session.begin_nested():
                    session.add(Throttle(name=limit.name, key=hashed, window_at=now, count=1))
                return 1
            except IntegrityError:  # Somebody else opened the window between our two statements: count in theirs.
                session.expunge_all()


def spent(limit: Limit, key: str) -> bool:
    """Whether the limit is used up, without counting. Use it before expensive work."""
    return _count_now(limit, key) >= limit.count


def wait_seconds(limit: Limit, key: str) -> int:
    """How many seconds until the window ends; 0 if nothing was counted."""
    row = db.session.get(Throttle, (limit.name, _hashed(key)))
    if row is None:
        return 0
    return max(0, round((row.window_at + timedelta(seconds=limit.seconds) - clock.now()).total_seconds()))


def forget(limit: Limit, key: str) -> None:
    """Start again at nothing: after a success, failures before it no longer count."""
    with ledger() as session:
        session.execute(delete(Throttle).where(Throttle.name == limit.name, Throttle.key == _hashed(key)))


_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")  # as some proxies write X-Forwarded-For


def network_of(network_address: str) -> str:
    """Whom a limit for networks is for: one IPv4 address, or the /64 that a household or a server has to itself."""
    try:
        found = ipaddress.ip_address(_without_port(network_address).partition("%")[0])
    except ValueError:
        return network_address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:  # How a socket for both kinds tells of IPv4: all of it would be one /64.
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _without_port(address: str) -> str:
    found = _WITH_PORT.fullmatch(address)
    return (found[1] or found[2] or "") if found else address


def _count_now(limit: Limit, key: str) -> int:
    starts = clock.now() - timedelta(seconds=limit.seconds)
    query = select(Throttle.count).where(
        Throttle.name == limit.name, Throttle.key == _hashed(key), Throttle.window_at > starts
    )
    return db.session.scalar(query) or 0


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
