"""kbadmin run and kbadmin work: they say where they are, do their work, and end as they should."""

import http.client
import re
import signal
import socket
import threading
import time
import urllib.request
from dataclasses import replace

import pytest
from flask import Flask, request

from kbadmin import config, serving
from kbadmin.config import Settings
from tests.cli.machine import Machine
from tests.forks import Running

SLOW_WORKER, GO = "tests.cli.slow_worker", "go"


def ended(process: Running) -> tuple[int, str]:
    """Its status and all that it said."""
    status, output, errors = process.end(20)
    return status, output + errors


@pytest.mark.parametrize(("options", "number"), [((), signal.SIGINT), (("--with-worker",), signal.SIGTERM)])
def test_the_web_server_prints_its_address_answers_and_ends(
    machine: Machine, options: tuple[str, ...], number: signal.Signals
) -> None:
    process = machine.forked("run", "--port", "0", *options)
    address = re.search(r"http://127\.0\.0\.1:\d+", process.wait_for("answers at")).group()  # type: ignore[union-attr]
    with urllib.request.urlopen(f"{address}/readyz", timeout=60) as answer:
        assert answer.status == 200
        assert "Server" not in answer.headers
    process.send(number)
    status, output = ended(process)
    assert status == 0
    assert "Traceback" not in output


def test_a_port_that_is_taken_is_a_sentence(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = machine.kbadmin("run", "--port", str(taken.getsockname()[1]))
    assert done.status == 69
    assert "Give another one with --host and --port" in done.errors
    assert "Traceback" not in done.errors


def test_a_worker_ends_when_it_is_told_to(machine: Machine) -> None:
    process = machine.forked("work")
    process.wait_for("Working")
    process.send(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_a_worker_finishes_what_it_began(machine: Machine) -> None:
    process = machine.forked_module(SLOW_WORKER, GO)
    process.wait_for("task began")
    process.send(signal.SIGTERM)
    time.sleep(0.5)
    assert process.is_alive
    (machine.folder / GO).touch()
    status, output = ended(process)
    assert status == 0
    assert "task finished" in output


def test_a_second_signal_ends_a_worker_at_once(machine: Machine) -> None:
    process = machine.forked_module(SLOW_WORKER, GO)
    process.wait_for("task began")
    process.send(signal.SIGTERM)
    time.sleep(0.5)
    assert process.is_alive
    for _ in range(2):  # If the machine paused until now, the one before and this one counted as one.
        if process.is_alive:
            process.send(signal.SIGTERM)
            process.process.join(serving.DRAIN_SECONDS / 4)
    assert not process.is_alive
    status, output = ended(process)
    assert status == 0
    assert "task finished" not in output
    assert "Ended before everything under way was finished" in output


class Site:
    """A web server of ours in a thread, with pages of the test's own."""

    def __init__(self, settings: Settings) -> None:
        app = Flask(__name__)
        app.extensions[config.EXTENSION] = settings
        self.began = threading.Event()
        app.add_url_rule("/slow", view_func=self.slow)
        app.add_url_rule("/size", "size", methods=["POST"], view_func=lambda: str(len(request.get_data())))
        app.add_url_rule("/forwarded", view_func=lambda: request.headers.get("X-Forwarded-For", "nobody"))
        self.server = serving.WebServer(app, host="127.0.0.1", port=0)
        self.port = int(self.server.address.rpartition(":")[2])
        self.is_stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def slow(self) -> str:
        self.began.set()
        time.sleep(1)
        return "finished " * 50_000

    def run(self) -> None:
        while not self.is_stopping:
            self.server.turn()
        self.server.close()

    def stop(self) -> None:
        self.is_stopping = True
        self.server.wake()

    def get(self, path: str, **headers: str) -> str:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def test_an_answer_under_way_is_finished_before_the_end(settings: Settings) -> None:
    site = Site(settings)
    answers: list[str] = []
    visitor = threading.Thread(target=lambda: answers.append(site.get("/slow")))
    visitor.start()
    assert site.began.wait(60)
    site.stop()
    visitor.join(60)
    site.thread.join(60)
    assert answers == ["finished " * 50_000]
    with pytest.raises(ConnectionRefusedError):
        site.get("/slow")


@pytest.mark.parametrize("trusted", [0, 1])
def test_what_a_proxy_says_arrives_for_the_application_to_judge(settings: Settings, trusted: int) -> None:
    site = Site(replace(settings, trusted_proxies=trusted))
    try:
        assert site.get("/forwarded", X_Forwarded_For="192.0.2.7") == "192.0.2.7"
    finally:
        site.stop()
        site.thread.join(60)


def test_it_is_the_application_that_says_what_is_too_large(app: Flask, settings: Settings) -> None:
    most = max(getattr(view, "kbadmin_uploads", 0) for view in app.view_functions.values())
    too_large = most + app.config["MAX_CONTENT_LENGTH"] + 1
    site = Site(settings)
    try:
        assert site.ask("POST", "/size", b"x" * too_large) == str(too_large)
    finally:
        site.stop()
        site.thread.join(60)
