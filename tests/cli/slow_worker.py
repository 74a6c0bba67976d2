"""A worker with one task that ends when a file appears; run as a process of its own, with the name of the file."""

import sys
import time
from pathlib import Path

from kbadmin import engine, serving
from kbadmin.app import create_app


@engine.task
def be_slow() -> None:
    print("task began", flush=True)
    while not Path(sys.argv[1]).exists():
        time.sleep(0.02)
    print("task finished", flush=True)


if __name__ == "__main__":
    app = create_app()
    engine.of(app).enqueue("be_slow", ())
    serving.work(app, started=lambda: None)
