"""kbadmin backup and restore: whole copies while others write, restores that overwrite nothing by accident."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import make_url

from kbadmin import engine, installation, postgresql_programs, starting
from kbadmin.backup_postgresql import programs_for
from kbadmin.config import Settings
from kbadmin.database import db, unit_of_work
from kbadmin.key_settings import new_key_line, read_keys
from kbadmin.outbox.models import OutboxMessage, Status
from kbadmin.tenancy import every_account
from tests.cli import backup_faults as faults
from tests.cli.machine import machine_of
from tests.databases import Databases, both_databases, on_postgresql
from tests.factories import open_account
from tests.smtp.conftest import _world, world
from tests.world import MAILBOX, MAILBOX_PASSWORD

__all__ = ["_world", "world"]


def run(app: Flask, *arguments: str, answer: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(arguments), input=answer)


def backed_up(app: Flask, file: Path) -> Path:
    with app.app_context():
        starting.require_ready()
    done = run(app, "backup", str(file))
    assert done.exit_code == 0, done.output
    return file


def accounts_in(app: Flask) -> list[str]:
    with app.app_context():
        names = sorted(name for (name,) in db.session.execute(db.select(db.metadata.tables["accounts"].c.name)))
        db.session.remove()
    return names


@pytest.fixture
def other(settings: Settings, database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """The settings of another machine with the same keys, and no database yet."""
    folder = tmp_path / "other"
    found = faults.clone_of(settings, folder)
    if database_kind == "postgresql":
        found = replace(found, database_url=databases.empty_postgresql())
    yield found
    databases.drop(found.database_url)


@both_databases
def test_a_backup_comes_back_on_another_machine_paused(
    app: Flask, settings: Settings, other: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path
) -> None:
    open_account(app, "Acme")
    file = backed_up(app, tmp_path / "a.backup")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.partial")) == []
    there = make_app(other)
    done = run(there, "restore", str(file))
    assert done.exit_code == 0, done.output
    assert "The encryption keys are not part of a backup" in done.output
    assert "until you run `kbadmin outbox resume`" in done.output
    assert accounts_in(there) == ["Acme"]
    with there.app_context():
        starting.require_ready()
        assert "was restored from a backup on" in (installation.is_paused(other) or "")
    assert not engine.of(there).is_open


@both_databases
def test_even_the_same_installation_is_paused_by_a_restore_and_its_queue_is_empty(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    open_account(app, "Acme")
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Later")
    engine.of(app).enqueue(next(iter(engine.TASKS)), ())
    done = run(app, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 0, done.output
    assert accounts_in(app) == ["Acme"]
    assert not engine.of(app).is_open
    assert engine.of(app).huey.storage.queue_size() == 0


@both_databases
def test_the_replaced_database_is_kept_aside_and_can_come_back(app: Flask, settings: Settings, tmp_path: Path) -> None:
    open_account(app, "Acme")
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Later")
    assert run(app, "restore", str(file), "--replace", "--yes").exit_code == 0
    (aside,) = settings.instance_folder.glob("*.before-restore")
    assert stat.S_IMODE(aside.stat().st_mode) & 0o077 == 0 or settings.database_url.startswith("sqlite")
    assert run(app, "restore", str(aside), "--replace", "--yes").exit_code == 0
    assert accounts_in(app) == ["Acme", "Later"]


@both_databases
def test_a_database_with_accounts_is_replaced_only_by_who_says_so(app: Flask, tmp_path: Path) -> None:
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Precious")
    unasked = run(app, "restore", str(file))
    assert unasked.exit_code == 2
    assert "Use --replace" in unasked.output
    asked = run(app, "restore", str(file), "--replace", answer="n\n")
    assert "The database holds 1 account. Replace it?" in asked.output
    assert asked.exit_code == 2
    assert accounts_in(app) == ["Precious"]
    assert run(app, "restore", str(file), "--replace", answer="y\n").exit_code == 0
    assert accounts_in(app) == []


@both_databases
def test_a_database_that_somebody_works_on_is_not_replaced(
    app: Flask, settings: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path
) -> None:
    file = backed_up(app, tmp_path / "a.backup")
    busy = make_app(settings)
    open_account(busy, "Precious")  # Its pool keeps the connection, as a running process does.
    done = run(app, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 69, done.output
    assert "Stop `kbadmin run` and `work` first" in done.output
    assert accounts_in(busy) == ["Precious"]


def test_an_existing_file_is_not_overwritten(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    file.write_text("last year's")
    done = run(app, "backup", str(file))
    assert done.exit_code == 2
    assert "is not overwritten" in done.output
    assert file.read_text() == "last year's"


def test_a_backup_that_cannot_be_written_is_a_sentence(app: Flask, tmp_path: Path) -> None:
    done = run(app, "backup", str(tmp_path / "nowhere" / "a.backup"))
    assert done.exit_code == 78
    assert "cannot be written: No such file or directory." in done.output


@both_databases
def test_there_is_nothing_to_back_up_in_a_database_without_tables(
    other: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path
) -> None:
    done = run(make_app(other), "backup", str(tmp_path / "a.backup"))
    assert done.exit_code == 78
    assert "there is nothing to back up" in done.output
    assert list(tmp_path.glob("a.backup*")) == []


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def torn(file: Path) -> None:
    with file.open("rb+") as opened:
        opened.seek(4096)
        opened.write(b"\xff" * 40_960)


def nonsense(file: Path) -> None:
    file.write_text("Dear diary")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE accounts (name)")
        connection.commit()


def of_postgresql(file: Path) -> None:
    file.write_bytes(b"PGDMP\1\x10\0" * 10)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (newer, "is at migration 9999, which this version does not know"),
        (torn, "Take another backup."),
        (nonsense, "is no backup of kbadmin"),
        (foreign, "is no sound backup of kbadmin"),
        (of_postgresql, "is of PostgreSQL, but KBADMIN_DATABASE_URL names a SQLite database"),
        (Path.unlink, "cannot be read: No such file or directory"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_is_no_good_is_refused_and_nothing_is_changed(
    app: Flask, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Precious")
    spoil(file)
    done = run(app, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 78, done.output
    assert sentence in done.output
    assert accounts_in(app) == ["Precious"]
    assert engine.of(app).is_open


def test_a_damaged_database_can_be_replaced(app: Flask, settings: Settings, tmp_path: Path) -> None:
    open_account(app, "Acme")
    file = backed_up(app, tmp_path / "a.backup")
    faults.let_go(app)
    Path(settings.database_url.removeprefix("sqlite:///")).write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    assert run(app, "restore", str(file)).exit_code == 2
    done = run(app, "restore", str(file), "--replace", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "The database cannot be read. Replace it?" in done.output
    assert accounts_in(app) == ["Acme"]


def test_an_older_backup_says_what_to_run(app: Flask, tmp_path: Path) -> None:
    revisions = sorted(path.name[:4] for path in (Path(__file__).parents[2] / "migrations" / "versions").glob("0*.py"))
    file = backed_up(app, tmp_path / "a.backup")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revisions[0],))
        connection.commit()
    done = run(app, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 0, done.output
    assert "run `kbadmin db upgrade`" in done.output


@on_postgresql
def test_a_restore_that_fails_halfway_leaves_everything_as_it_was(app: Flask, tmp_path: Path) -> None:
    open_account(app, "Acme")
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Precious")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) - 3000])
    done = run(app, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 78, done.output
    assert "Nothing was changed" in done.output
    assert accounts_in(app) == ["Acme", "Precious"]


def test_the_password_of_a_database_is_not_in_the_list_of_processes() -> None:
    for text in ("postgresql+psycopg://kb:hid-den@h/kb?sslmode=require", "postgresql+psycopg://h/kb?password=hid-den"):
        programs = postgresql_programs.find(make_url(text), major=1)
        assert "hid-den" not in programs.address
        assert programs.environment["PGPASSWORD"] == "hid-den"
        assert not [name for name in programs.environment if name.startswith("KBADMIN_")]


def test_programs_older_than_the_server_are_a_sentence() -> None:
    with pytest.raises(postgresql_programs.ProgramsMissing, match="the server of version 999"):
        postgresql_programs.find(make_url("postgresql://h/kb"), major=999)


# F31: restored or cloned, nothing goes out before somebody says so.


@pytest.fixture
def sending(settings: Settings, world: Any) -> Settings:
    """Settings with a platform sender in the test's world."""
    url = f"smtp+starttls://{quote(MAILBOX)}:{MAILBOX_PASSWORD}@localhost:{world.mail.port}?from={MAILBOX}"
    return replace(world.seen_from(settings), system_smtp_url=url)


@both_databases
def test_a_restored_database_sends_nothing_before_resume_and_everything_after(
    sending: Settings, world: Any, make_app: Callable[[Settings], Flask]
) -> None:
    def take(file: Path) -> None:
        app = make_app(sending)
        assert run(app, "restore", str(file), "--replace", "--yes").exit_code == 0
        faults.let_go(app)

    found = faults.send_again(sending, sending, make_app, sent=world.mailbox.count, take=take)
    assert found == faults.SentAgain(by_the_original=5, before_resume=0, after_resume=5)


def test_a_cloned_server_sends_nothing_before_resume_and_everything_after(
    sending: Settings, other: Settings, world: Any, make_app: Callable[[Settings], Flask]
) -> None:
    copy = replace(faults.clone_of(sending, other.instance_folder))
    shutil.rmtree(copy.instance_folder, ignore_errors=True)
    found = faults.send_again(
        sending,
        copy,
        make_app,
        sent=world.mailbox.count,
        take=lambda file: faults.clone_server(sending, copy, file),
        messages=3,
    )
    assert found == faults.SentAgain(by_the_original=3, before_resume=0, after_resume=3)


@both_databases
def test_what_is_too_old_can_expire_when_the_queue_goes_on(sending: Settings, make_app: Any, clock: Any) -> None:
    app = make_app(sending)
    faults.queue_messages(app, 2)
    clock.advance(hours=30)
    faults.queue_messages(app, 1)
    with app.app_context(), unit_of_work():
        installation.remember(installation.Fact.PAUSED, "was restored from a backup")
    done = run(app, "outbox", "resume", "--expire-older-than", "24")
    assert done.exit_code == 0, done.output
    assert "3 e-mails are queued and 0 were being sent, the oldest since 2026-03-02 09:00 UTC." in done.output
    assert "2 queued more than 24 hours ago have expired" in done.output
    assert "The worker goes on within seconds" in done.output
    with app.app_context(), every_account() as session:
        rows = session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        assert [row.status for row in rows] == [Status.EXPIRED, Status.EXPIRED, Status.QUEUED]
        assert [row.content_sealed is None for row in rows] == [True, True, False]
    assert "The worker is not paused." in run(app, "outbox", "resume").output


# F32: a backup is one moment, however much is written meanwhile.


def test_twenty_backups_under_load_are_whole(app: Flask, settings: Settings) -> None:
    def count(file: Path) -> tuple[int, int]:
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            counts = dict(connection.execute("SELECT name, count(*) FROM accounts GROUP BY name").fetchall())
        return counts.get("first", 0), counts.get("second", 0)

    copied = faults.back_up_under_load(app, settings, count, times=20)
    assert [found for found in copied if found.firsts != found.seconds] == []
    assert len({found.firsts for found in copied}) == 20, "nobody wrote meanwhile"
    assert faults.pairs_in(app)[0] >= copied[-1].firsts


@on_postgresql
def test_backups_of_postgresql_under_load_are_whole(app: Flask, settings: Settings) -> None:
    programs = programs_for(make_url(settings.database_url))

    def count(file: Path) -> tuple[int, int]:
        rows = programs.run("pg_restore", "--file=-", "--data-only", "--table=accounts", str(file)).decode()
        return rows.count("\tfirst-"), rows.count("\tsecond-")

    copied = faults.back_up_under_load(app, settings, count, times=4)
    assert [found for found in copied if found.firsts != found.seconds] == []
    assert len({found.firsts for found in copied}) == 4, "nobody wrote meanwhile"


# F33: other keys are noticed before anything is overwritten.


@both_databases
@pytest.mark.parametrize("kid", ["test", "another"], ids=["wrong key", "missing key"])
def test_a_backup_of_other_keys_is_refused_and_nothing_is_overwritten(
    app: Flask, settings: Settings, make_app: Callable[[Settings], Flask], tmp_path: Path, kid: str
) -> None:
    file = backed_up(app, tmp_path / "a.backup")
    open_account(app, "Precious")
    faults.let_go(app)
    stranger = make_app(replace(settings, keys=read_keys(new_key_line(kid), None)))
    done = run(stranger, "restore", str(file), "--replace", "--yes")
    assert done.exit_code == 78, done.output
    assert "Your encryption keys do not open this backup" in done.output
    faults.let_go(stranger)
    assert accounts_in(app) == ["Precious"]


def test_a_worker_with_other_keys_does_not_start_on_a_restored_database(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    file = backed_up(app, tmp_path / "a.backup")
    assert run(app, "restore", str(file), "--replace", "--yes").exit_code == 0
    faults.let_go(app)
    database = Path(settings.database_url.removeprefix("sqlite:///"))
    before = database.read_bytes()
    machine = machine_of(settings)
    machine.write_keys(new_key_line("test"))
    ended = machine.kbadmin("work")
    assert ended.status == 78
    assert "The encryption keys are not those of this database" in ended.errors
    assert database.read_bytes()[100:] == before[100:]


def test_the_commands_work_as_processes(app: Flask, settings: Settings, tmp_path: Path) -> None:
    open_account(app, "Acme")
    faults.let_go(app)
    machine = machine_of(settings)
    done = machine.kbadmin("backup", str(tmp_path / "a.backup"))
    assert done.status == 0, done.errors
    assert "The encryption keys are not in it" in done.output
    restored = machine.kbadmin("restore", str(tmp_path / "a.backup"), "--replace", "--yes")
    assert restored.status == 0, restored.errors
    assert "before-restore" in restored.output
    resumed = machine.flask("outbox", "resume")
    assert resumed.status == 0, resumed.errors
    assert "The worker goes on within seconds, as the installation «kbadmin-" in resumed.output
