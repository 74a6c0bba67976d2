"""A worker with one task that takes as many seconds as the command line says; run as a process of its own."""

import sys
import time

from kbadmin import engine, serving
from kbadmin.app import create_app


@engine.task
def be_slow(seconds: float) -> None:
    print("task began", flush=True)
    time.sleep(seconds)
    print("task finished", flush=True)


if __name__ == "__main__":
    app = create_app()
    engine.of(app).enqueue("be_slow", (float(sys.argv[1]),))
    serving.work(app, started=lambda: None)
