"""Pages of an account that is read: the list of readers, and articles as strangers and readers see them."""

import functools
import http.client
import sys
import tempfile
from dataclasses import dataclass, field

from sqlalchemy import select

from benchmarks.browsing import browse
from benchmarks.figures import Figures
from benchmarks.own.installation import installed, sending
from benchmarks.own.library import Library, fill
from benchmarks.own.pages import kbadmin_run, kept, owner_session, served
from benchmarks.rivals.ground import Ground
from benchmarks.rounds import Scale
from kbadmin.accounts.models import Account
from kbadmin.database import db
from kbadmin.readers.models import Reader

HOST = "kb.example.com"
PLATFORM = "smtp://127.0.0.1:25?from=kb@example.com"


@dataclass(frozen=True)
class Site:
    """A running kbadmin with a library in it, and the cookies that open its doors."""

    port: int
    folder: str
    library: Library
    owner_cookie: str = field(repr=False)
    middle: str = ""


@dataclass(frozen=True)
class ReadPage:
    """A subject: one page, asked for as ``who``. ``{middle}``, ``{home}`` and ``{article}`` stand for the library's.

    Nothing changes meanwhile, so pages come out of memory, but for those of a process that has none to keep them in.
    """

    path: str
    readers: int = 100
    who: str = "owner"
    is_made_anew: bool = False

    def __call__(self, _: Scale) -> Figures:
        """Ask for the page for three seconds."""
        found = site(self.readers)
        cookies = {
            "owner": f"__Host-kbadmin-user={found.owner_cookie}",
            "reader": f"__Host-kbadmin-reader={found.library.reader_cookie}",
            "stranger": "none=1",
        }
        path = self.path.format(middle=found.middle, home=found.library.home, article=found.library.article)
        headers = {"Host": HOST, "Cookie": cookies[self.who]}
        port = _port_without_memory(self.readers) if self.is_made_anew else found.port
        if self.who != "stranger":
            headers["Cookie"] += f"; {_form_cookie(port, path, headers)}"
        browse(port, path, headers, seconds=0.5)
        return browse(port, path, headers)


def _form_cookie(port: int, path: str, headers: dict[str, str]) -> str:
    """The cookie for forms that the first page brings, and which every browser sends from then on."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=headers)
    given = connection.getresponse().getheader("Set-Cookie", "")
    connection.close()
    return given.partition(";")[0]


def bare_list(_: Scale) -> Figures:
    """Fifty rows of 100,000 and nothing else, under the same server."""
    port = _bare_port()
    browse(port, "/", {"Host": "localhost"}, seconds=0.5)
    return browse(port, "/", {"Host": "localhost"})


@functools.cache
def _bare_port() -> int:
    return served([sys.executable, "-m", "benchmarks.own.bare"], {})


@functools.cache
def site(readers: int) -> Site:
    """kbadmin with so many readers; made once per run."""
    folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="kbadmin-bench-"))
    with installed(Ground(folder, port=25, messages=0)):
        found = sending(Ground(folder, port=25, messages=0))
        slug = db.session.get_one(Account, found.account_id).slug
        library = fill(slug, readers)
        cookie = owner_session(found)
        middle = db.session.scalar(select(Reader.id).order_by(Reader.sort_key).offset(readers // 2).limit(1))
    return Site(_run(folder), folder, library, cookie, str(middle))


@functools.cache
def _port_without_memory(readers: int) -> int:
    return _run(site(readers).folder, KBADMIN_PAGE_CACHE_MIB="0")


def _run(folder: str, **settings: str) -> int:
    return kbadmin_run(folder, KBADMIN_SYSTEM_SMTP_URL=PLATFORM, KBADMIN_TRUSTED_PROXIES="1", **settings)
