"""Processes of ours, forked from one that has everything imported: importing takes longer than what they do."""

import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.faults.worker", "kbadmin.cli"])


@dataclass
class Running:
    """A program with some arguments, as a process of its own that writes into files."""

    process: BaseProcess
    output: Path
    errors: Path

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive()

    def wait_for_errors(self, mark: str, times: int, *, seconds: float = 60) -> None:
        """Until it has written something to stderr so many times."""
        until = time.monotonic() + seconds
        while self.errors.read_text("utf-8", errors="ignore").count(mark) < times:
            assert time.monotonic() < until, f"it did not write {mark!r} {times} times"
            time.sleep(0.001)

    def wait_for(self, mark: str, *, seconds: float = 60) -> str:
        """Until it has written something to stdout; answers all that it has written there."""
        until = time.monotonic() + seconds
        while mark not in (said := self.output.read_text("utf-8", errors="ignore")):
            assert self.is_alive, f"it ended without saying {mark!r}: {said}{self.errors.read_text('utf-8')}"
            assert time.monotonic() < until, f"it did not say {mark!r}: {said}"
            time.sleep(0.005)
        return said

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def kill(self) -> int:
        """SIGKILL; answers the status it ended with."""
        self.process.kill()
        return self.end(60)[0]

    def end(self, seconds: float) -> tuple[int, str, str]:
        """Await its end: its status, and what it wrote to stdout and to stderr."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            raise TimeoutError(f"{self.process.name} took longer than {seconds} s")
        try:
            return self.process.exitcode, self.output.read_text("utf-8"), self.errors.read_text("utf-8")
        finally:
            self.output.unlink()
            self.errors.unlink()


def kbadmin(arguments: Sequence[str], *, environ: Mapping[str, str], folder: Path) -> Running:
    """Start the command in a folder, with this environment and no other."""
    return _started(_kbadmin, arguments, environ, folder, f"kbadmin {' '.join(arguments)}")


def module(name: str, arguments: Sequence[str], *, environ: Mapping[str, str], folder: Path) -> Running:
    """Start a module as ``python -m`` does, in the same way."""
    return _started(_module, [name, *arguments], environ, folder, name)


def _started(
    program: Callable[[list[str]], None], arguments: Sequence[str], environ: Mapping[str, str], folder: Path, name: str
) -> Running:
    output, errors = (folder / f"{name}-{os.urandom(8).hex()}" for name in ("stdout", "stderr"))
    for path in (output, errors):
        path.touch(mode=0o600)
    given = (program, list(arguments), dict(environ), folder, output, errors)
    process = forks.Process(target=_run, args=given, name=name)
    process.start()
    return Running(process, output, errors)


def _run(
    program: Callable[[list[str]], None],
    arguments: list[str],
    environ: dict[str, str],
    folder: Path,
    output: Path,
    errors: Path,
) -> None:
    for path, number in ((output, 1), (errors, 2)):
        descriptor = os.open(path, os.O_WRONLY)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    try:
        program(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _kbadmin(arguments: list[str]) -> None:
    from kbadmin.cli import main

    main(arguments, prog_name="kbadmin")


def _module(arguments: list[str]) -> None:
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__")
