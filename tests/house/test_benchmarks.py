"""The benchmarks can be started: their modules import, are short, and measure twenty messages on this machine."""

import ast
import importlib
import socket
import threading

import pytest

from benchmarks import report
from benchmarks.figures import Claim
from benchmarks.processes import watch
from benchmarks.rivals import smtplib_kept
from benchmarks.rivals.ground import Ground
from benchmarks.rounds import Experiment, Scale, run
from benchmarks.sink import Ledger, Options, serve
from tests.house.source import ROOT

MODULES = sorted((ROOT / "benchmarks").rglob("*.py"))
RIVALS = {"django_site", "django_mailer", "django_post_office", "flask_mailman", "celery_flask_mail", "huey_tasks"}
OURS = [path for path in MODULES if path.stem not in RIVALS | {"__main__", "__init__"}]


class SinkOfThisProcess:
    """The counting sink in a thread, without a process or a package around it."""

    def __init__(self, folder):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.ledger = Ledger(folder)
        options = Options(record=True)
        threading.Thread(target=serve, args=(self._listener, self.ledger, options), daemon=True).start()

    def count(self):
        return self.ledger.total

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.ledger.close()


@pytest.fixture
def sink(tmp_path):
    found = SinkOfThisProcess(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_each_module_imports(path):
    assert importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_each_module_is_short_and_says_what_it_is_for(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(text))


def test_a_round_of_twenty_messages_gives_figures_a_verdict_and_a_table(sink, tmp_path):
    def sent_by_smtplib(scale):
        ground = Ground(folder=str(tmp_path), port=sink.port, messages=scale.messages, connections=2)
        sender = threading.Thread(target=smtplib_kept.deliver, args=(ground,))
        sender.start()
        figures = watch(sink, scale.messages, lambda: 0.0)
        sender.join()
        return figures

    subjects = {"smtplib": sent_by_smtplib, "broken": lambda scale: 1 / 0, "half": lambda scale: {"messages/s": 0.5}}
    claim = Claim("G0", "smtplib", "messages/s", "half", at_least=1.0)
    scale = Scale(messages=20, rounds=1)

    outcome = run(Experiment("smoke", "Smoke", subjects, [claim]), scale)

    arrived = (tmp_path / "record").read_text().splitlines()
    assert len({line.split("\t")[3] for line in arrived}) == len(arrived) == 20
    assert outcome.missing["broken"].startswith("ZeroDivisionError")
    assert [verdict.reached for verdict in outcome.verdicts] == [True]
    assert "| G0 | smtplib, messages/s, × half | ≥ 1 |" in report.markdown([outcome], scale)
