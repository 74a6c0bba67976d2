"""A local identity provider that speaks Microsoft's protocol: real enough for the product's own code path to run
unchanged, and obedient enough for tests and visitors to see every way in which it can fail.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from flask import request

from kbadmin.demo import identity_routes
from kbadmin.demo.admission import SMTP_SEND
from kbadmin.demo.authorization_server import MicrosoftServer
from kbadmin.demo.directory import Directory
from kbadmin.demo.id_tokens import IdTokens
from kbadmin.demo.misbehaviours import Misbehaviour
from kbadmin.demo.serving import Running, serve
from kbadmin.demo.token_vault import TokenVault

REMEMBERED_CALLS = 1_000


class OnItsOwnPage(Exception):
    """The provider showed an error of its own and sent nobody back, as Microsoft does for AADSTS50011 and others."""


@dataclass(frozen=True)
class TokenCall:
    """One request to the token endpoint; its fields stay out of the ``repr``, they hold secrets."""

    tenant: str
    grant_type: str
    form: dict[str, str] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)


class IdentityProvider:
    """Start it, or use it as a ``with`` block; ``base_url`` is what ``KBADMIN_MICROSOFT_AUTHORITY`` must say.

    ``folder`` keeps grants over a restart. ``slow_seconds`` is how long the slow answer takes.
    """

    def __init__(
        self, directory: Directory, *, folder: Path | None = None, port: int = 0, slow_seconds: float = 30.0
    ) -> None:
        self.directory = directory
        self.slow_seconds = slow_seconds
        self.misbehaviour: Misbehaviour | None = None
        self.token_calls: deque[TokenCall] = deque(maxlen=REMEMBERED_CALLS)
        self.elsewhere_bodies: deque[str] = deque(maxlen=REMEMBERED_CALLS)
        self.stopping = threading.Event()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.vault = TokenVault(folder / "identity-provider.json" if folder else None)
        self.id_tokens = IdTokens()
        self.server = MicrosoftServer(directory, self.vault, self.id_tokens, lambda: self.base_url)
        self.app = identity_routes.make_provider_app(self)
        self._port = port
        self._running: Running | None = None

    @property
    def base_url(self) -> str:
        """``http://localhost:PORT``, once started."""
        return self._running.base_url if self._running else "http://localhost"

    @property
    def elsewhere_url(self) -> str:
        """The other host that a redirecting token endpoint names; what arrives there is in ``elsewhere_bodies``."""
        return f"{self.base_url.replace('localhost', '127.0.0.1')}/elsewhere"

    def start(self) -> Self:
        """Answer requests, in threads. Raises OSError if the port is taken."""
        self.stopping.clear()
        self._running = serve(self.app, self._port)
        return self

    def stop(self) -> None:
        """Stop answering; answers that are being slow give up."""
        self.stopping.set()
        if self._running is not None:
            self._running.stop()
            self._running = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def misbehave(self, how: Misbehaviour | str) -> None:
        """From now on every answer goes wrong in this way. Raises ValueError for a word that is not known."""
        self.misbehaviour = Misbehaviour(how)

    def behave(self) -> None:
        """Answer well again."""
        self.misbehaviour = None

    def remember_call(self, tenant: str) -> None:
        """Note the request to the token endpoint that is being answered."""
        form = request.form.to_dict()
        self.token_calls.append(
            TokenCall(tenant, form.get("grant_type", ""), form, request.headers.get("Authorization"))
        )

    def validate(self, access_token: str) -> str | None:
        """Whose mailbox this access token may send from, or None; for the mail server."""
        return self.vault.owner_of(access_token, scope=SMTP_SEND)

    def expire_tokens(self) -> None:
        """Every access token has expired; refresh tokens are good."""
        self.vault.expire_access_tokens()

    def revoke_grants(self, username: str | None = None) -> None:
        """Refresh tokens of one person, or of everybody, are refused with AADSTS50173 from now on."""
        self.vault.revoke_grants(username)

    def sign_in(
        self, authorize_url: str, username: str, *, accept: bool = True, misbehaviour: Misbehaviour | str | None = None
    ) -> str:
        """Do what a person does on the pages, without a browser; returns the address they are sent back to.

        Raises :class:`OnItsOwnPage` with the AADSTS text if nobody is sent back.
        """
        asked = urlsplit(authorize_url)
        answer = {
            "account": username,
            "decision": "accept" if accept else "cancel",
            "answer": Misbehaviour(misbehaviour) if misbehaviour else "",
        }
        with self.app.test_client() as browser:
            shown = browser.post(f"{asked.path}?{asked.query}", data=answer, base_url=self.base_url)
        if shown.status_code != 302:
            raise OnItsOwnPage(shown.headers.get("X-AADSTS", shown.status))
        return shown.headers["Location"]
