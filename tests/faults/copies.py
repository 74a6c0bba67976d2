"""Copies of an installation, and keys that do not fit: F31 to F33."""

import shutil
import signal
import sqlite3
import time
from pathlib import Path

from kbadmin.key_settings import new_key_line
from tests.cli.machine import Machine, machine_of
from tests.faults.disks import file_of, quick_check, write
from tests.faults.ground import Ground, ground
from tests.faults.rows import Figures, Scale, Site, row
from tests.faults.sinks import sink, wait_until
from tests.faults.workers import Worker, forks, started

EX_CONFIG = 78


@row("F31", "a restored backup of yesterday, a cloned server", "0 mails before `kbadmin outbox resume`")
def cloned(site: Site, *, seed: int, scale: Scale) -> Figures:
    messages, patience = scale.pick((20, 2.0), (1_000, 30.0))
    with ground(site, instance=None) as here, sink(here.settings.instance_folder / "sink") as server:
        original = _machine(here)
        _start_once(original)  # So that the database knows whose it is.
        here.digests(here.service(server.port), messages)
        copied = _copy_of(here)
        backup = here.settings.instance_folder / "yesterday.backup"
        done = original.kbadmin("backup", str(backup))
        assert done.status == 0, done
        worker = _working(here, original)
        wait_until(lambda: server.count() >= messages, 60 + patience)
        worker.stop()
        sent = server.count()
        clones = [_restored(here, backup, "restored"), *scale.pick([], [copied])]
        for clone in clones:
            _work_for(here, clone, patience)
            assert server.count() == sent, f"{server.count() - sent} were sent by a clone"
            assert clone.kbadmin("outbox", "resume", "--expire-older-than", "0").status == 0
            _work_for(here, clone, patience / 2)
        assert server.count() == sent == messages, (sent, server.count())
        return {"messages": messages, "clones": len(clones), "sent by them before resume": 0, "repeated": 0}


@row("F32", "backups while others write", "each is whole: quick_check ok, counts consistent")
def backup_under_load(site: Site, *, seed: int, scale: Scale) -> Figures:
    backups = scale.pick(2, 20)
    with ground(site) as here:
        service = here.service(25)
        errors = forks.Queue()
        arguments = (0, here.environ(), here.account.id, service, 1_000_000, errors)
        writer = forks.Process(target=write, args=arguments, daemon=True)
        writer.start()
        machine, counts = _machine(here), []
        wait_until(lambda: here.statuses()["queued"] > 0, 60)
        for number in range(backups):
            file = here.settings.instance_folder / f"backup-{number}"
            done = machine.kbadmin("backup", str(file))
            assert done.status == 0, done
            restored = _database(_restored(here, file, f"restored-{number}"))
            assert quick_check(restored) == "ok"
            counts.append(_count(restored))
        writer.kill()
        writer.join()
        assert counts == sorted(counts), counts
        assert all(count % 2 == 0 for count in counts), f"half a transaction is in a backup: {counts}"
        assert counts[-1] > counts[0], "nothing was written meanwhile"
        return {"backups": backups, "ok": backups, "rows in the first": counts[0], "in the last": counts[-1]}


@row("F33", "a wrong or missing key after a restore", "refuses to start with status 78, overwrites nothing")
def wrong_key(site: Site, *, seed: int, scale: Scale) -> Figures:
    with ground(site) as here:
        machine = _machine(here)
        _start_once(machine)  # This plants what tells one key from another.
        before = _rows(file_of(here))
        machine.write_keys(new_key_line("another"))
        wrong = [machine.kbadmin("work").status, machine.kbadmin("run", "--port", "8999").status]
        (here.settings.instance_folder / "keys").unlink()
        missing = [machine.kbadmin("work").status, machine.kbadmin("run", "--port", "8999").status]
        assert wrong == missing == [EX_CONFIG, EX_CONFIG], (wrong, missing)
        assert _rows(file_of(here)) == before, "the database was written"
        return {"starts refused": len(wrong + missing), "status": EX_CONFIG, "database changed": 0}


def _machine(here: Ground, folder: Path | None = None) -> Machine:
    """The installation's machine; with a folder, another one that holds only its keys."""
    machine = machine_of(here.settings)
    machine.environ |= here.environ()
    if folder is not None:
        folder.mkdir()
        database = f"sqlite:///{folder / 'kbadmin.sqlite3'}"
        machine.set(INSTANCE_FOLDER=str(folder), DATABASE_URL=database, QUEUE_URL=f"sqlite:///{folder / 'queue'}")
    return machine


def _database(machine: Machine) -> Path:
    return Path(machine.environ["KBADMIN_DATABASE_URL"].removeprefix("sqlite:///"))


def _copy_of(here: Ground) -> Machine:
    """A server that was cloned with all its files."""
    clone = _machine(here, here.settings.instance_folder / "cloned")
    for file in here.settings.instance_folder.glob("kbadmin.sqlite3*"):
        shutil.copy(file, _database(clone).parent / file.name)
    shutil.copy(here.settings.instance_folder / "instance-name", _database(clone).parent)
    return clone


def _restored(here: Ground, backup: Path, name: str) -> Machine:
    """A new machine on which a backup was restored."""
    machine = _machine(here, here.settings.instance_folder / name)
    done = machine.kbadmin("restore", str(backup))
    assert done.status == 0, done
    return machine


def _start_once(machine: Machine) -> None:
    """``kbadmin work``, and its end."""
    process = machine.forked("work")
    process.wait_for("Working")
    process.send(signal.SIGTERM)
    assert process.end(60)[0] == 0


def _working(here: Ground, machine: Machine) -> Worker:
    """A worker of a machine that looks for work all the time; the ground's end is its own at the latest."""
    here.workers.append(started(machine.environ, {}, Path(machine.environ["KBADMIN_INSTANCE_FOLDER"]) / "worker.log"))
    here.workers[-1].wait_until_working()
    return here.workers[-1]


def _work_for(here: Ground, machine: Machine, seconds: float) -> None:
    """A worker of a machine for so long; it looks for work several times a second."""
    worker = _working(here, machine)
    time.sleep(seconds)
    worker.stop()


def _rows(file: Path) -> list[str]:
    with sqlite3.connect(file) as connection:
        return list(connection.iterdump())


def _count(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        return int(connection.execute("SELECT count(*) FROM outbox_messages").fetchone()[0])
