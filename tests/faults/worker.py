"""A worker process: what ``kbadmin work`` does, with limits that a test can wait for.

``python -m tests.faults.worker '{"sweep_seconds": 0.2}'`` reads the settings from the environment, as the product does.
"""

import contextlib
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
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


def forked(environ: Mapping[str, str], limits: Mapping[str, Any], log: str) -> None:
    """The same in a child of the fork server, which has everything imported already."""
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    with contextlib.suppress(KeyboardInterrupt):
        work(environ, limits)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    work(os.environ, json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
