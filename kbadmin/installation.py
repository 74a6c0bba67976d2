"""What this installation remembers about itself: its name and a canary that proves the keys are the right ones."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.config import Settings
from kbadmin.database import Base, UtcDateTime, db
from kbadmin.encryption import KeyRing, Place, Secret, Unreadable

_CANARY_PLACE = Place("installation_facts", "value", "installation", "canary", "installation")
_CANARY_TEXT = "this installation's keys are the right ones"


class Fact(StrEnum):
    """What is remembered."""

    INSTANCE = "instance"
    CANARY = "canary"


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
    if ring.open(envelope, purpose="canary", place=_CANARY_PLACE).reveal() != _CANARY_TEXT:
        raise Unreadable("the canary opened to something else")
    return True


def instance_name(settings: Settings) -> str:
    """The name of this installation: the setting, or one made up once and kept in the instance folder."""
    if settings.instance:
        return settings.instance
    file = settings.instance_folder / "instance-name"
    if not file.exists():
        settings.instance_folder.mkdir(parents=True, exist_ok=True)
        file.write_text(f"kbadmin-{uuid.uuid4().hex[:12]}\n")
    return file.read_text().strip()
