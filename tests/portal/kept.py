"""Several applications on one database, as processes are: two that keep pages, and one that makes each anew."""

import random
import re
from dataclasses import dataclass, replace

from flask import Flask

from kbadmin import page_memory
from tests.browser import Browser

TOKEN = re.compile(r'name="csrf_token" value="[^"]+"')
TOLD = ("Cache-Control", "ETag", "Vary", "Location", "Content-Type")


@dataclass(frozen=True)
class Answer:
    """What a browser gets, without what is different each time by design: the token of forms."""

    status: int
    headers: tuple[str | None, ...]
    text: str


class Processes:
    """The first keeps pages, the second, too, and knows nothing of the first; the last keeps none."""

    def __init__(self, make_app, settings) -> None:
        self.keeping = [make_app(settings), make_app(settings)]
        self.plain = make_app(replace(settings, page_cache_mib=0))

    def agree(self, path: str, token: str, dice: random.Random) -> None:
        """Each of them answers the same, those that keep pages more than once, whoever is asked first."""
        asked = [*self.keeping, *self.keeping, self.plain]
        dice.shuffle(asked)
        answers = {ask(app, path, token) for app in asked}
        assert len(answers) == 1, f"{path} is not the same: {answers}"


def ask(app: Flask, path: str, token: str = "", **headers: str) -> Answer:
    """Ask an application, as a stranger or with a reader's cookie; each time with a browser that is new."""
    cookie = {"Cookie": f"kbadmin-reader={token}"} if token else {}
    response = app.test_client(use_cookies=False).get(path, base_url="http://localhost", headers=cookie | headers)
    text = TOKEN.sub("token", response.get_data(as_text=True))
    return Answer(response.status_code, tuple(response.headers.get(name) for name in TOLD), text)


def kept_by(app: Flask) -> int:
    """How many pages an application keeps."""
    return len(page_memory.of(app))


def token_of(browser: Browser) -> str:
    """The token of the reader who is signed in there."""
    cookie = browser.client.get_cookie("kbadmin-reader", domain="localhost")
    assert cookie is not None
    return cookie.value
