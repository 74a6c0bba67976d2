"""Answers of the token endpoint that are not answers at all: what a broken or hostile provider may send."""

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from kbadmin.demo.misbehaviours import Misbehaviour

if TYPE_CHECKING:
    from kbadmin.demo.identity_provider import IdentityProvider

HUGE_BYTES = 50 * 1024 * 1024
PAGE = "<!doctype html><title>Sign in to your account</title><h1>Something went wrong</h1>"


def wire_answer(provider: "IdentityProvider", how: str | None) -> ResponseReturnValue | None:
    """The answer this misbehaviour calls for, or None if the endpoint should go on."""
    match how:
        case Misbehaviour.SERVER_ERROR:
            return Response(PAGE, 500, mimetype="text/html")
        case Misbehaviour.HTML:
            return Response(PAGE, 200, mimetype="text/html")
        case Misbehaviour.SLOW:
            provider.stopping.wait(provider.slow_seconds)
            return Response(PAGE, 504, mimetype="text/html")
        case Misbehaviour.NO_ANSWER:
            return _hang_up()
        case Misbehaviour.REDIRECT:
            return redirect(provider.elsewhere_url, 307)
        case Misbehaviour.HUGE:
            return Response(_endless_json(), 200, mimetype="application/json")
    return None


def _hang_up() -> Response:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _endless_json() -> Iterator[bytes]:
    """Well-formed until the end, which is far away."""
    yield b'{"access_token": "'
    chunk = b"A" * 64 * 1024
    for _ in range(HUGE_BYTES // len(chunk)):
        yield chunk
    yield b'", "token_type": "Bearer", "expires_in": 3600}'
