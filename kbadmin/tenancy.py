"""The fence: one session, one account, and nobody has to remember it.

A session is given to one account by :func:`enter`, for good. From then on every ORM query on an
:class:`Fenced` model reads that account's rows only, and every flush refuses another account's rows. A query
on an owned model with no account entered raises. :func:`every_account` is the one named way around the fence; a
house test counts its callers.

The database adds its own belt: references between owned tables are composite keys ``(account_id, …_id)``.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import BindParameter, ForeignKey, ForeignKeyConstraint, Select, Uuid, bindparam, event
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)

from kbadmin.database import ACCOUNT, Base, db, new_id, own_session

EVERY = "every account"
ENTERED = "entered_account"


class NoAccount(RuntimeError):
    """No account has been entered, or the session already belongs to another one."""


@lru_cache(maxsize=128)
def _fence(account: uuid.UUID) -> Any:
    """One criterion for all owned models, built once for an account: it is part of the key of every statement."""
    return with_loader_criteria(Fenced, lambda model: model.account_id == account, include_aliases=True)


@lru_cache(maxsize=1)
def _closed() -> Any:
    """What stands in its place while no account is entered: it raises when an owned model is asked for."""
    here: BindParameter[Any] = bindparam("no_account", callable_=_no_account)
    return with_loader_criteria(Fenced, lambda model: model.account_id == here, include_aliases=True)


def fenced_by_name(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The statement with its fence, the account left open as the parameter :data:`ENTERED`."""
    here: BindParameter[Any] = bindparam(ENTERED, None, Uuid())
    return statement.options(with_loader_criteria(Fenced, lambda model: model.account_id == here, include_aliases=True))


def _no_account() -> uuid.UUID:
    raise NoAccount("no account has been entered")


class Fenced:
    """A row that belongs to exactly one account, whatever its key."""

    @declared_attr
    def account_id(cls) -> Mapped[uuid.UUID]:  # noqa: N805 - SQLAlchemy hands the class over.
        """The account that owns the row: stamped by the fence, never by hand."""
        return mapped_column(ForeignKey("accounts.id"), index=True)

    def __init__(self, **values: Any) -> None:
        # Needed before the first flush: a sealed column is bound to its account and row.
        values.setdefault("account_id", db.session().info.get(ACCOUNT))
        values.setdefault(self.identity, new_id())
        super().__init__(**values)

    identity: ClassVar[str] = "id"  # the attribute that holds the row's UUID


class AccountOwned(Fenced):
    """A fenced row with the usual key: a UUID that is made before the insert and may stand in addresses."""

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=new_id)


def belongs_to(table: str, column: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A composite foreign key to another owned table: a row of another account cannot even be named."""
    return ForeignKeyConstraint(["account_id", column], [f"{table}.account_id", f"{table}.id"], ondelete=ondelete)


def enter(account_id: uuid.UUID, session: Session | None = None) -> None:
    """Give this session (by default the request's) to one account. Raises :class:`NoAccount` for a second one."""
    chosen = session or db.session()
    if chosen.info.setdefault(ACCOUNT, account_id) != account_id:
        raise NoAccount("this session already belongs to another account")


def current_account(session: Session | None = None) -> uuid.UUID:
    """The account the session belongs to; raises :class:`NoAccount` if none was entered."""
    account = (session or db.session()).info.get(ACCOUNT)
    return account if isinstance(account, uuid.UUID) else _no_account()


@contextmanager
def every_account(*, survives_power_cut: bool = True) -> Iterator[Session]:
    """A session of its own that sees the rows of all accounts. Each caller is named in a house test."""
    with own_session(EVERY, survives_power_cut=survives_power_cut) as session:
        yield session


def owned_models() -> list[type[Any]]:
    """Every model behind the fence."""
    return [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Fenced)]


def _fence_of(session: Session) -> Any:
    """The criterion that keeps a session inside its account."""
    account = session.info.get(ACCOUNT)
    return _fence(account) if isinstance(account, uuid.UUID) else _closed()


@event.listens_for(Session, "do_orm_execute")
def _keep_inside(state: ORMExecuteState) -> None:
    if not state.is_column_load and state.session.info.get(ACCOUNT) is not EVERY:
        state.statement = state.statement.options(_fence_of(state.session))


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, *_: Any) -> None:
    if session.info.get(ACCOUNT) is EVERY:
        return
    for row in [*session.new, *session.dirty, *session.deleted]:
        if isinstance(row, Fenced):
            if row.account_id is None:
                row.account_id = current_account(session)
            if row.account_id != current_account(session):
                raise NoAccount(f"a {type(row).__name__} belongs to another account")
