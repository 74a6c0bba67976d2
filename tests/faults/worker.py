"""A worker process: what ``kbadmin work`` does, with limits that a test can wait for.

``python -m tests.faults.worker '{"sweep_seconds": 0.2}'`` reads the settings from the environment, as the product does.
"""

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kbadmin import clock, serving, starting
from kbadmin.app import create_app
from kbadmin.config import read_environment

QUICK = {"sweep_seconds": 0.2}
CLOCK_FILE = "clock-shift"


def work(environ: Mapping[str, str], limits: Mapping[str, Any]) -> None:
    """Work off the queue until a signal."""
    faulthandler.register(signal.SIGUSR1)  # Where every thread stands, for whoever waits in vain.
    settings = read_environment(environ, dotenv=False)
    settings = replace(settings, limits=replace(settings.limits, **(QUICK | dict(limits))))
    clock.follow(settings.instance_folder / CLOCK_FILE)
    app = create_app(settings)
    with app.app_context():
        starting.require_ready()
    serving.work(app, started=lambda: (settings.instance_folder / f"working-{os.getpid()}").touch())


def forked(environ: Mapping[str, str], limits: Mapping[str, Any], log: str, starter: int) -> None:
    """The same in a child of the fork server, which has everything imported already; ends with its starter."""
    threading.Thread(target=_end_with, args=(starter,), daemon=True).start()
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    with contextlib.suppress(KeyboardInterrupt):
        work(environ, limits)
    sys.stderr.flush()
    os._exit(0)


def _end_with(starter: int) -> None:
    while Path(f"/proc/{starter}").exists():
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    work(os.environ, json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
