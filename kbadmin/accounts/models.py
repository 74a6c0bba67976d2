"""Account: the tenant, and the unit of the fence. The one model everything else belongs to."""

import uuid
from datetime import datetime

from sqlalchemy import String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime, new_id


class Account(Base):
    """A company that keeps knowledge bases here. Found by its slug or through a session, then entered."""

    __tablename__ = "accounts"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    delivery_log_days: Mapped[int] = mapped_column(default=90)  # how long settled messages stay in the delivery log
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
