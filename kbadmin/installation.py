"""What this installation remembers about itself: its name and a canary that proves the keys are the right ones.

The database remembers whose it is. A copy of it that wakes up elsewhere has the same queue, and would send every
e-mail a second time: it is *paused* until somebody says that it is the one that shall send (``kbadmin outbox resume``).
"""

import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import String
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.config import Settings
from kbadmin.database import Base, UtcDateTime, db, unit_of_work
from kbadmin.encryption import KeyRing, Place, Secret, Unreadable, fingerprint

_CANARY_PLACE = Place("installation_facts", "value", "installation", "canary", "installation")
_CANARY_TEXT = "this installation's keys are the right ones"


class Fact(StrEnum):
    """What is remembered."""

    INSTANCE = "instance"
    CANARY = "canary"
    PAUSED = "paused"  # why, as the middle of a sentence; there only while it holds


class InstallationFact(Base):
    """One remembered thing; belongs to no account."""

    __tablename__ = "installation_facts"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(500))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


def fact(name: Fact) -> str | None:
    """What was remembered under this name."""
    row = db.session.get(InstallationFact, name.value)
    return row.value if row else None


def remember(name: Fact, value: str) -> None:
    """Remember, replacing what was there."""
    db.session.merge(InstallationFact(name=name.value, value=value, changed_at=clock.now()))


def plant_canary(ring: KeyRing) -> None:
    """Seal the canary under the current key: at the first start and after each rotation."""
    remember(Fact.CANARY, ring.seal(Secret(_CANARY_TEXT), purpose="canary", place=_CANARY_PLACE))


def check_canary(ring: KeyRing) -> bool:
    """Whether there is a canary; raises :class:`Unreadable` when there is one and the keys do not open it."""
    envelope = fact(Fact.CANARY)
    if envelope is None:
        return False
    open_canary(ring, envelope)
    return True


def open_canary(ring: KeyRing, envelope: str) -> None:
    """Raise :class:`Unreadable` unless the keys open this canary."""
    if ring.open(envelope, purpose="canary", place=_CANARY_PLACE).reveal() != _CANARY_TEXT:
        raise Unreadable("the canary opened to something else")


def forget(name: Fact) -> None:
    """Remember no longer."""
    row = db.session.get(InstallationFact, name.value)
    if row is not None:
        db.session.delete(row)


def introduce(settings: Settings) -> None:
    """Write our name into a database that has none yet: at the first start of a web server or worker."""
    name = instance_name(settings)
    if fact(Fact.INSTANCE) is None:
        try:
            with unit_of_work():
                if fact(Fact.INSTANCE) is None:
                    remember(Fact.INSTANCE, name)
        except IntegrityError:  # Another process was first; if it goes by another name, we are paused.
            pass
    db.session.rollback()


def is_paused(settings: Settings) -> str | None:
    """Why nothing must be sent from here, in a sentence with its remedy; None if all is well. Changes nothing."""
    why, owner, ours = fact(Fact.PAUSED), fact(Fact.INSTANCE), _known_name(settings)
    if why is not None:
        return (
            f"This database {why}. Run `kbadmin outbox resume` here once nothing else sends from its original "
            "or from another copy."
        )
    if owner is None or owner == ours:
        return None
    return (
        f"This database belongs to the installation «{owner}»; this one is {f'«{ours}»' if ours else 'new'}. "
        f"If this is its second host, set KBADMIN_INSTANCE={owner} here; if the database has moved here, or is a copy "
        "that shall send, run `kbadmin outbox resume`."
    )


def take_over(settings: Settings) -> str:
    """Make this database ours, and end a pause; answers our name. Call it in a unit of work."""
    name = instance_name(settings)
    remember(Fact.INSTANCE, name)
    forget(Fact.PAUSED)
    return name


def instance_name(settings: Settings) -> str:
    """The name of this installation: the setting, or one made up once and kept in the instance folder."""
    known = _known_name(settings)
    if known is not None:
        return known
    name = f"kbadmin-{uuid.uuid4().hex[:12]}"
    settings.instance_folder.mkdir(parents=True, exist_ok=True)
    with _names_file(settings).open("a") as file:
        file.write(f"{name} {_place(settings)}\n")
    return _known_name(settings) or name


def _known_name(settings: Settings) -> str | None:
    """The name, if there is one already. One kept by another machine, or in another folder, came with a copy."""
    if settings.instance:
        return settings.instance
    try:
        lines = _names_file(settings).read_text().splitlines()
    except FileNotFoundError:
        return None
    kept = [line.partition(" ") for line in lines if line.strip()]
    return next((name for name, _, place in kept if place in ("", _place(settings))), None)


def _names_file(settings: Settings) -> Path:
    return settings.instance_folder / "instance-name"


def _place(settings: Settings) -> str:
    """Our folder on this machine. Containers may have no machine id; there the folder alone decides."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:
        machine = ""
    return fingerprint(f"{machine} {settings.instance_folder.resolve()}")[:16]
