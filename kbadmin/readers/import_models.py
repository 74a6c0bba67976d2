"""ReaderImport, and the rows of its file that are still to be done or cannot be."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kbadmin import clock
from kbadmin.database import Base, UtcDateTime
from kbadmin.tenancy import AccountOwned, belongs_to


class Stage(StrEnum):
    """Where an import stands."""

    CHECKING = "checking"  # its rows are read and compared with the readers there are
    CHECKED = "checked"  # the preview is ready; nothing was changed
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person; what was imported until then stays


class Existing(StrEnum):
    """What happens to rows whose address a reader has already."""

    SKIP = "skip"
    UPDATE = "update"  # names and fields, and the chosen groups; never password or address


class Plan(StrEnum):
    """What is to be done with a row."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"
    PROBLEM = "problem"  # nothing can be done; kept for the report


class ReaderImport(AccountOwned, Base):
    """One file of readers, from its upload to its report.

    The file stays until every row has been checked; a row stays until it has been done. Both go in the transaction
    that counts them, so that whoever takes over after a crash goes on exactly there.
    """

    __tablename__ = "reader_imports"
    __table_args__ = (UniqueConstraint("account_id", "id"), Index("ix_reader_imports_stage", "stage", "moved_at"))

    file_name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    existing: Mapped[Existing] = mapped_column(String(8), default=Existing.SKIP)
    group_ids: Mapped[list[str]] = mapped_column(JSON, default=list)  # for every reader of the file
    reads_everything: Mapped[bool] = mapped_column(default=True)
    knowledge_base_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    sends_welcome: Mapped[bool] = mapped_column(default=False)
    unknown_columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    stage: Mapped[Stage] = mapped_column(String(16), default=Stage.CHECKING)
    rows: Mapped[int]  # in the file
    checked: Mapped[int] = mapped_column(default=0)
    to_create: Mapped[int] = mapped_column(default=0)
    to_update: Mapped[int] = mapped_column(default=0)
    to_skip: Mapped[int] = mapped_column(default=0)
    problems: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    welcomed: Mapped[int | None]  # counted only where welcomes are sent
    unreached: Mapped[int | None]  # created, and not welcomed, as nobody can write to them
    begun_by: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # the actor, for the audit log
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # something was done last
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_moving(self) -> bool:
        """Whether work on it is under way."""
        return self.stage in (Stage.CHECKING, Stage.RUNNING)

    @property
    def done(self) -> int:
        """Rows that have been gone through so far: imported, skipped, or left out from the beginning."""
        return self.created + self.updated + self.skipped + self.problems

    @property
    def left(self) -> int:
        """Rows that were not gone through (any more)."""
        return self.rows - self.done

    @property
    def importable(self) -> int:
        """Rows that would change something: skipped ones do not."""
        return self.to_create + self.to_update


class ReaderImportRow(AccountOwned, Base):
    """A row that waits to be imported, or whose ``problem`` says why it cannot be."""

    __tablename__ = "reader_import_rows"
    __table_args__ = (
        UniqueConstraint("account_id", "id"),
        UniqueConstraint("account_id", "import_id", "number"),
        belongs_to("reader_imports", "import_id", ondelete="CASCADE"),
        Index("ix_reader_import_rows_plan", "account_id", "import_id", "plan", "number"),
        Index("ix_reader_import_rows_address", "account_id", "email_key"),
    )

    import_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    number: Mapped[int]  # as a spreadsheet counts: the first line is 1
    email_key: Mapped[str | None] = mapped_column(String(254))
    values: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    plan: Mapped[Plan] = mapped_column(String(8))
    problem: Mapped[str] = mapped_column(String(300), default="")
