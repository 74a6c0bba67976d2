"""A memory for pages: so many bytes per process, and whoever was not asked for longest goes first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, Protocol, TypeVar

from flask.sansio.app import App

from kbadmin.config import Settings

EXTENSION = "kbadmin.page_memory"
_OVERHEAD = 1024  # bytes that a page takes besides its text: its key, its place, the objects around it


def attach(app: App, settings: Settings) -> None:
    """Give the application its memory, which all that keep pages share (``KBADMIN_PAGE_CACHE_MIB``)."""
    app.extensions[EXTENSION] = PageMemory[Any](settings.page_cache_mib * 1024 * 1024)


def of(app: App) -> "PageMemory[Any]":
    """The memory of the application."""
    found: PageMemory[Any] = app.extensions[EXTENSION]
    return found


class Sized(Protocol):
    """Something that knows how many bytes it takes."""

    @property
    def size(self) -> int:
        """Its bytes."""


Page = TypeVar("Page", bound=Sized)


class PageMemory(Generic[Page]):
    """Pages by their keys. Threads may use it at the same time."""

    def __init__(self, most: int) -> None:
        self.most = most  # bytes; 0 keeps nothing
        self.used = 0
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Page | None:
        """The page under this key; it goes last from now on."""
        with self._lock:
            found = self._pages.get(key)
            if found is not None:
                self._pages.move_to_end(key)
            return found

    def put(self, key: Hashable, page: Page) -> None:
        """Keep a page, instead of the one that was there. One that would take more than a tenth of all is not kept."""
        with self._lock:
            before = self._pages.pop(key, None)
            self.used -= _bytes(before) if before is not None else 0
            if _bytes(page) > self.most // 10:
                return
            self._pages[key] = page
            self.used += _bytes(page)
            while self.used > self.most:
                _, gone = self._pages.popitem(last=False)
                self.used -= _bytes(gone)

    def __len__(self) -> int:
        return len(self._pages)


def _bytes(page: Sized) -> int:
    return page.size + _OVERHEAD
