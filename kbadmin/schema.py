"""Which migration the database has, and which one this version needs. The two must be the same."""

import os

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kbadmin.database import db
from kbadmin.paths import shipped


class WrongSchema(RuntimeError):
    """The database is older or newer than this version. ``str()`` says what to run."""


def needed() -> str:
    """The newest migration that this version carries."""
    return _scripts().get_current_head() or ""


def is_known(revision: str) -> bool:
    """Whether this version carries the migration; it does not if the database is of a newer one."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def present() -> str | None:
    """The migration the database is at; none if it is empty."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current() -> bool:
    """Whether the two agree."""
    return present() == needed()


def require_current() -> None:
    """Raise :class:`WrongSchema` unless the two agree."""
    have, want = present(), needed()
    if have != want:
        raise WrongSchema(
            f"The database is at migration {have or 'none'}, this version needs {want}. "
            "Run `kbadmin db upgrade`; if the database is newer, install the newer kbadmin."
        )


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", os.fspath(shipped("migrations")))
    return ScriptDirectory.from_config(config)
