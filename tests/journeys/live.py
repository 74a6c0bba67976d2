"""A live installation: the product on a real port with its background work, and Chromium to look at it."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from kbadmin import engine
from kbadmin.serving import WebServer

# Nothing is looked up but this machine, so that neither a page nor Chromium itself reaches the Internet.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)


def free_port() -> int:
    """A port that nobody listens on; base URL and redirect URI must be known before anything starts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def chromium_path() -> str | None:
    """Where Chromium is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """One browser for the length of a block; each test opens a context of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(app: Flask, port: int) -> Iterator[None]:
    """The product answers on this port and works off its queue, as ``kbadmin serve`` does."""
    web = WebServer(app, host="127.0.0.1", port=port)
    is_over = threading.Event()

    def answer() -> None:
        while not is_over.is_set():
            web.turn()
        web.close()

    thread = threading.Thread(target=answer, name="web", daemon=True)
    thread.start()
    engine.of(app).start()
    try:
        yield
    finally:
        is_over.set()
        web.wake()
        thread.join(timeout=30)
        engine.of(app).stop()
