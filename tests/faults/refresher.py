"""Processes that want a fresh access token at the same moment, as workers do when they connect."""

import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from kbadmin.app import create_app
from kbadmin.config import read_environment
from kbadmin.smtp import access_token
from kbadmin.smtp.access_token import TokenUnavailable
from tests.factories import inside
from tests.faults.ground import Ground
from tests.faults.workers import forks

WITHIN = 90.0


class Refreshers:
    """Some processes, each with its own application; for the length of a block."""

    def __init__(self, here: Ground, service_id: uuid.UUID, count: int) -> None:
        self._start = forks.Barrier(count + 1)
        self._answers = forks.Queue()
        self._count = count
        arguments = (here.environ(), here.account.id, service_id, self._start, self._answers)
        self._processes = [forks.Process(target=_refresh, args=arguments, daemon=True) for _ in range(count)]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    def all_at_once(self) -> list[int | str]:
        """The version of the token that each got, or the word for why there is none."""
        self._start.wait(WITHIN)
        return [self._answers.get(timeout=WITHIN) for _ in range(self._count)]


def _refresh(environ: Mapping[str, str], account: uuid.UUID, service: uuid.UUID, start: Any, answers: Any) -> None:
    app = create_app(read_environment(environ, dotenv=False))
    while True:
        start.wait(WITHIN)
        with inside(app, account):
            try:
                answers.put(access_token.fresh(service).version)
            except TokenUnavailable as refused:
                answers.put(refused.failed.error or refused.failed.kind)
