"""AUTH: how a password or an access token is handed to a mail server (RFC 4954, RFC 4616, XOAUTH2).

XOAUTH2 is Microsoft's and Google's: ``user=…^Aauth=Bearer …^A^A`` in base64. A token makes a longer line than
a command may have (512 bytes), so the mechanism is named first and the token follows the server's 334.
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

import base64
import binascii
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kbadmin.encryption import Secret
from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.replies import Answer, Reply, printable

MAX_COMMAND_BYTES = 512
MAX_AUTH_BYTES = 12_288
MAX_CHALLENGE = 500


@dataclass(frozen=True)
class PasswordLogin:
    """A username and its password."""

    username: str
    password: Secret


@dataclass(frozen=True)
class BearerLogin:
    """A mailbox and an access token for it: the identity that signed in, not the From address."""

    user: str
    access_token: Secret


Login = PasswordLogin | BearerLogin
#: Sends one line and gives the server's answer to it.
Exchange = Callable[[bytes], Answer]


def sign_in(login: Login, offered: Collection[str], exchange: Exchange) -> tuple[str, Reply]:
    """Sign in over an exchange that is verified TLS; gives the mechanism used and the server's 235.

    Raises :class:`SubmissionFailed`; anything but 235 is a failure, also the 503 that some clients let pass.
    """
    hidden = credentials_in_any_form(login)
    mechanism = _mechanism(login, offered)
    match login:
        case BearerLogin():
            answer, challenge = _xoauth2(login, exchange)
        case PasswordLogin() if mechanism == "PLAIN":
            answer, challenge = _plain(login, exchange), None
        case PasswordLogin():
            answer, challenge = _login(login, exchange), None
    reply = answer.reply(hidden)
    if answer.code != 235 or challenge is not None:
        raise SubmissionFailed(Stage.SIGN_IN, "refused", reply=reply, challenge=_readable(challenge, hidden))
    return mechanism, reply


def credentials_in_any_form(login: Login) -> tuple[str, ...]:
    """What must not be kept if a server repeats it: the secret, plain and as we encode it."""
    secret = login.password if isinstance(login, PasswordLogin) else login.access_token
    response = _plain_response(login) if isinstance(login, PasswordLogin) else _bearer_response(login)
    forms = (response, _base64(secret.reveal()), secret.reveal())
    # A very short password would blot out ordinary words, and so give itself away.
    return tuple(form for form in forms if len(form) >= 6)


def _mechanism(login: Login, offered: Collection[str]) -> str:
    wanted = ("XOAUTH2",) if isinstance(login, BearerLogin) else ("PLAIN", "LOGIN")
    for mechanism in wanted:
        if mechanism in offered:
            return mechanism
    detail = f"offered: {' '.join(sorted(offered)) or 'nothing'}"
    raise SubmissionFailed(Stage.SIGN_IN, "auth_not_offered", detail=printable(detail))


def _xoauth2(login: BearerLogin, exchange: Exchange) -> tuple[Answer, Answer | None]:
    """The final answer, and the challenge before it if the server explained a refusal in one."""
    answer = exchange(b"AUTH XOAUTH2")
    if answer.code != 334:
        return answer, None
    answer = exchange(_line(_bearer_response(login)))
    if answer.code != 334:
        return answer, None
    # The empty line says that we have read the explanation; only then comes the refusal itself.
    return exchange(b""), answer


def _plain(login: PasswordLogin, exchange: Exchange) -> Answer:
    response = _plain_response(login)
    at_once = f"AUTH PLAIN {response}".encode()
    if len(at_once) + 2 <= MAX_COMMAND_BYTES:
        return exchange(at_once)
    answer = exchange(b"AUTH PLAIN")
    return exchange(_line(response)) if answer.code == 334 else answer


def _login(login: PasswordLogin, exchange: Exchange) -> Answer:
    answer = exchange(b"AUTH LOGIN")
    if answer.code == 334:
        answer = exchange(_line(_base64(login.username)))
    if answer.code == 334:
        answer = exchange(_line(_base64(login.password.reveal())))
    return answer


def _plain_response(login: PasswordLogin) -> str:
    if "\0" in login.username or "\0" in login.password.reveal():
        raise ValueError("a username or password with a NUL reached the transport")
    return _base64(f"\0{login.username}\0{login.password.reveal()}")


def _bearer_response(login: BearerLogin) -> str:
    if "\x01" in login.user or "\x01" in login.access_token.reveal():
        raise ValueError("a user or access token with a control character reached the transport")
    return _base64(f"user={login.user}\x01auth=Bearer {login.access_token.reveal()}\x01\x01")


def _line(response: str) -> bytes:
    if len(response) + 2 > MAX_AUTH_BYTES:
        raise SubmissionFailed(Stage.SIGN_IN, "credentials_too_long")
    return response.encode("ascii")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _readable(challenge: Answer | None, hidden: tuple[str, ...]) -> str | None:
    """The provider's JSON, if it is JSON."""
    if challenge is None:
        return None
    try:
        explained = json.loads(base64.b64decode("".join(challenge.lines).strip(), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    text = json.dumps(explained)
    for secret in hidden:
        text = text.replace(secret, "[hidden]")
    return printable(text, limit=MAX_CHALLENGE)
