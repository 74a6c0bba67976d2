"""Where a secret must never turn up, read to the last byte, and the forms in which it would."""

import base64
import io
import logging
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from flask import Flask

from kbadmin import logs
from kbadmin.config import Settings
from tests.security.whole import stored


class Sinks:
    """Listens from the beginning; :meth:`finds` says what leaked where."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings = app, settings
        logs.attach(replace(settings, log_format="console"), level=logging.DEBUG)
        (handler,) = logging.getLogger().handlers
        self.log = io.StringIO()
        handler.setStream(self.log)
        self.answers: list[str] = []
        self.record(app)

    def record(self, app: Flask) -> None:
        """Keep every answer that this application gives: headers, cookies decoded, body."""
        serve = app.wsgi_app

        def recording(environ, start_response):
            def start(status, headers, exc_info=None):
                self.answers.append(f"{status} {headers}" + "".join(map(_decoded, headers)))
                return start_response(status, headers, exc_info)

            body = serve(environ, start)
            try:
                parts = list(body)
            finally:
                body.close()
            self.answers.append(b"".join(parts).decode("utf-8", "replace"))
            return parts

        app.wsgi_app = recording

    def close(self) -> None:
        """Stop listening."""
        logging.getLogger().handlers.clear()

    def finds(self, secrets: Iterable[str], *, in_answers: bool = True) -> list[str]:
        """«where: form» for every secret found, in any form."""
        places = {"log": self.log.getvalue(), "settings": repr(self.settings), "database": repr(stored(self.app))}
        for path in self.settings.instance_folder.glob("*sqlite3*"):
            places[path.name] = path.read_bytes().decode("latin-1")
        if in_answers:
            places["answers"] = "\n".join(self.answers)
        return [
            f"{place}: {form[:60]} … {text[max(0, at - 150) : at]!r}"
            for place, text in places.items()
            for secret in secrets
            for form in forms(secret)
            if (at := text.find(form)) >= 0
        ]


def forms(secret: str) -> list[str]:
    """Plain, in an address, and in base64 wherever it may begin; the first half too, as texts are cut."""
    raw, found = secret.encode(), [secret, quote(secret, safe=""), secret[: max(8, len(secret) // 2)]]
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        found.append(encoded[(0, 2, 3)[before] : (None, -3, -2)[(before + len(raw)) % 3]])
    return found


def _decoded(header: tuple[str, str]) -> str:
    name, value = header
    if name != "Set-Cookie" or "kbadmin-form=" not in value:
        return ""
    payload = value.partition("=")[2].lstrip(".").partition(".")[0]
    return base64.urlsafe_b64decode(payload + "===").decode("latin-1")
