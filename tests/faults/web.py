"""A web process, and somebody signed in to it."""

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import requests
from bs4 import BeautifulSoup, Tag

from kbadmin import serving, starting
from kbadmin.app import create_app
from kbadmin.config import read_environment
from tests import factories
from tests.faults.ground import Ground
from tests.faults.sinks import wait_until
from tests.faults.workers import forks


class Web:
    """``kbadmin run`` as a process, and a browser of the account's owner."""

    def __init__(self, here: Ground) -> None:
        self.here = here
        self._port_file = here.settings.instance_folder / "web-address"
        self._token = factories.signed_in(here.app, here.account.owner).client.get_cookie("kbadmin-user", "localhost")
        self.process: BaseProcess = self._started()

    def start_again(self) -> None:
        """After its end, another one."""
        self.process.join()
        self.process = self._started()

    def kill(self) -> None:
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def limit_file_size(self, size: int | None) -> None:
        """Let the process write no file longer than this; none lifts it."""
        limit_file_size(self.process.pid or 0, size)

    def create_service(self, name: str) -> int:
        """Fill in the form and press Create; answers the status, or 0 if the server went away."""
        browser = self._browser()
        try:
            page = browser.get(f"{self.address}/smtp/new", timeout=60)
            assert page.status_code == 200, page.status_code
            fields = _fields(page.text) | {
                "friendly_name": name, "host": "127.0.0.1", "port": "2525", "send_from_address": "kb@example.com",
                "authentication": "unauthenticated", "security": "none",
            }  # fmt: skip
            return browser.post(f"{self.address}/smtp/new", data=fields, timeout=60, allow_redirects=False).status_code
        except requests.RequestException:
            return 0

    def open(self, path: str) -> int:
        """Open a page; answers the status."""
        return self._browser().get(f"{self.address}{path}", timeout=60).status_code

    def _browser(self) -> requests.Session:
        browser = requests.Session()
        assert self._token is not None
        browser.cookies.set("kbadmin-user", self._token.value, domain="localhost.local")
        return browser

    @property
    def address(self) -> str:
        return self._port_file.read_text()

    def _started(self) -> BaseProcess:
        self._port_file.unlink(missing_ok=True)
        log = self.here.settings.instance_folder / "worker.log"
        process = forks.Process(
            target=_serve, args=(self.here.environ(), str(log), str(self._port_file)), daemon=True
        )  # fmt: skip
        process.start()
        wait_until(self._port_file.exists, 60, what="serving")
        return process


@contextmanager
def web(here: Ground) -> Iterator[Web]:
    """A web process for the length of a block."""
    running = Web(here)
    try:
        yield running
    finally:
        running.kill()


def limit_file_size(pid: int, size: int | None) -> None:
    """What a full disk looks like to a process: no file may grow beyond this."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))
    time.sleep(0.01)


def _serve(environ: Mapping[str, str], log: str, address_file: str) -> None:
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    app = create_app(read_environment(environ, dotenv=False))
    with app.app_context():
        starting.require_ready()

    def started(address: str) -> None:
        draft = Path(address_file + ".new")
        draft.write_text(address.replace("127.0.0.1", "localhost"))
        draft.rename(address_file)

    with contextlib.suppress(KeyboardInterrupt):
        serving.serve(app, host="127.0.0.1", port=0, with_worker=False, started=started)
    os._exit(0)


def _fields(page: str) -> dict[str, Any]:
    """What the form would send if nothing was changed."""
    form = BeautifulSoup(page, "html.parser").find("form", {"method": "post", "action": None}) or next(
        one for one in BeautifulSoup(page, "html.parser").find_all("form") if one.find(attrs={"name": "friendly_name"})
    )
    assert isinstance(form, Tag)
    found: dict[str, Any] = {}
    for field in form.find_all(["input", "textarea", "select"]):
        name = field.get("name")
        if not name or (field.get("type") in ("radio", "checkbox") and not field.has_attr("checked")):
            continue
        chosen = field.find("option", selected=True) if field.name == "select" else None
        found[str(name)] = chosen["value"] if chosen else field.get("value", "")
    return found
