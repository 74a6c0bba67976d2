"""ReaderSignUp: somebody who wants to read, until they have confirmed their address."""

import uuid
from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.readers.models import KEY
from kbadmin.tenancy import AccountOwned, belongs_to


class ReaderSignUp(AccountOwned, Base):
    """What was typed at sign-up. Nobody can sign in with it; it is forgotten with its link, used or not."""

    __tablename__ = "reader_sign_ups"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        belongs_to("knowledge_bases", "knowledge_base_id", ondelete="CASCADE"),
        Index("ix_reader_sign_ups_address", "account_id", "email_key"),
    )

    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(KEY)
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    mailed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when its letter was queued
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
