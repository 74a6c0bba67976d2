"""turn(): one short transaction of the pipeline, over the lanes of all accounts.

A worker knows a lane by its id before it knows an account, so its claims and marks go around the fence, through here
and nowhere else. Every statement in the modules that use it names the lane, the worker or the lease token.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy.orm import Session

from kbadmin.database import db
from kbadmin.smtp.multiplexing import aside
from kbadmin.tenancy import every_account

T = TypeVar("T")

#: SQLite has one writer. Threads of one process queue up here at once instead of sleeping and trying again there.
_one_at_a_time = threading.Lock()


@contextmanager
def turn(*, survives_power_cut: bool = True) -> Iterator[Session]:
    """A short writing transaction; nothing else may be waited for inside it.

    Batches of fast lanes do not wait for the disk: their journals do not either, and after a power cut both are
    found in the queue again. Where each message is claimed by itself, its acceptance is on the disk before the next.
    """
    is_sqlite = db.engine.dialect.name == "sqlite"
    with (
        _one_at_a_time if is_sqlite else nullcontext(),
        every_account(survives_power_cut=survives_power_cut) as session,
    ):
        yield session


def beside(function: Callable[[], T]) -> T:
    """Take a turn while other conversations of this thread go on, where the database is a server one waits for.

    SQLite works in this very process: handing its turns to another thread would only cost time.
    """
    return function() if db.engine.dialect.name == "sqlite" else aside(function)
