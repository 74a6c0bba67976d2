"""Every setting, read once from the environment and complained of at start.

The names are binding (README, *Settings*). Nothing else in the product reads ``os.environ``.
A wrong value raises :class:`ConfigurationError`, whose sentence names the setting and its remedy; the command
line prints it and leaves with status 78 (``EX_CONFIG`` of sysexits.h).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from flask import current_app

from kbadmin.budgets import Limits, PortRanges
from kbadmin.key_settings import ConfigurationError, MasterKey, read_keys, require_strong_secret

__all__ = [
    "ConfigurationError",
    "Environment",
    "Limits",
    "Network",
    "PortRanges",
    "Settings",
    "current",
    "read_environment",
]

Environment = Literal["production", "development", "demo"]
Network = IPv4Network | IPv6Network

EXTENSION = "kbadmin.settings"
DEFAULT_AUTHORITY = "https://login.microsoftonline.com"
DEFAULT_PORTS = "25,465,587,2465,2525,2587"


@dataclass(frozen=True)
class Settings:
    """What an operator decided. Secrets stay out of its ``repr``."""

    env: Environment
    secret_key: str = field(repr=False)
    keys: tuple[MasterKey, ...] = field(repr=False)
    base_url: str
    instance_folder: Path
    database_url: str
    queue_url: str
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    trusted_proxies: int = 0
    system_smtp_url: str | None = field(default=None, repr=False)
    microsoft_authority: str = DEFAULT_AUTHORITY
    smtp_allowed_networks: tuple[Network, ...] = ()
    smtp_allowed_ports: PortRanges = field(default_factory=lambda: PortRanges.parse(DEFAULT_PORTS))
    smtp_ca_file: Path | None = None
    outgoing_addresses: tuple[str, ...] = ()
    instance: str | None = None
    metrics_token: str | None = field(default=None, repr=False)
    log_format: Literal["json", "console"] = "json"
    page_cache_mib: int = 32  # of each web process, for pages of the portal; 0: none
    limits: Limits = field(default_factory=Limits)

    @property
    def is_production(self) -> bool:
        """Whether the strict rules hold: https only, strong keys, no stopped clock."""
        return self.env == "production"

    @property
    def hosts(self) -> list[str]:
        """The Host headers we answer to; outside production also both spellings of this machine."""
        host = urlsplit(self.base_url).hostname or ""
        return [host] if self.is_production else [host, "localhost", "127.0.0.1"]

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us over TLS; decides the cookie prefix and HSTS."""
        return self.base_url.startswith("https://")


def current() -> Settings:
    """The settings of the application whose context this is."""
    found: Settings = current_app.extensions[EXTENSION]
    return found


def read_environment(environ: Mapping[str, str] | None = None, *, dotenv: bool = True) -> Settings:
    """Settings from the environment, and from ``.env`` in the working folder for names that are not set there.

    Raises :class:`ConfigurationError` for the first setting that is missing or wrong.
    """
    found = dict(os.environ if environ is None else environ)
    if dotenv:
        found = {name: value for name, value in dotenv_values(".env").items() if value is not None} | found
    return _Reader(found).settings()


def inherited_environment(**added: str) -> dict[str, str]:
    """What a program that we start may see: the environment without our own settings, which hold keys."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KBADMIN_")} | added


class _Reader:
    """Turns text into settings, one small question at a time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def settings(self) -> Settings:
        env = self._environment()
        folder = Path(self._text("KBADMIN_INSTANCE_FOLDER") or "instance").resolve()
        keys = read_keys(self._text("KBADMIN_KEYS"), self._text("KBADMIN_KEYS_FILE"))
        secret_key = require_strong_secret(self._text("KBADMIN_SECRET_KEY"), keys)
        database_url = self._database_url(folder)
        return Settings(
            env=env,
            secret_key=secret_key,
            secret_key_fallbacks=self._list("KBADMIN_SECRET_KEY_FALLBACKS"),
            keys=keys,
            base_url=self._base_url(env),
            instance_folder=folder,
            database_url=database_url,
            queue_url=self._text("KBADMIN_QUEUE_URL") or _queue_beside(database_url),
            trusted_proxies=self._number("KBADMIN_TRUSTED_PROXIES"),
            system_smtp_url=self._text("KBADMIN_SYSTEM_SMTP_URL"),
            microsoft_authority=self._authority(env),
            smtp_allowed_networks=self._networks("KBADMIN_SMTP_ALLOWED_NETWORKS"),
            smtp_allowed_ports=self._ports(env),
            smtp_ca_file=self._file("KBADMIN_SMTP_CA_FILE"),
            outgoing_addresses=self._list("KBADMIN_OUTGOING_ADDRESSES"),
            instance=self._text("KBADMIN_INSTANCE"),
            metrics_token=self._text("KBADMIN_METRICS_TOKEN"),
            log_format=self._log_format(),
            page_cache_mib=self._number("KBADMIN_PAGE_CACHE_MIB", default="32"),
        )

    def _text(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def _list(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in (self._text(name) or "").split(",") if part.strip())

    def _environment(self) -> Environment:
        match self._text("KBADMIN_ENV"):
            case None | "production":
                return "production"
            case "development":
                return "development"
            case "demo":
                return "demo"
            case other:
                raise ConfigurationError("KBADMIN_ENV", f"is {other!r}", "Use production, development or demo.")

    def _number(self, name: str, *, default: str = "0") -> int:
        text = self._text(name) or default
        if not (text.isascii() and text.isdigit()):
            raise ConfigurationError(name, f"is {text!r}", "Give a whole number of 0 or more.")
        return int(text)

    def _base_url(self, env: Environment) -> str:
        remedy = "Give the address people open, such as https://kb.example.com, without a path."
        text = self._text("KBADMIN_BASE_URL")
        if text is None:
            raise ConfigurationError("KBADMIN_BASE_URL", "is missing", remedy)
        text = _origin("KBADMIN_BASE_URL", text, remedy)
        if env == "production" and not text.startswith("https://"):
            raise ConfigurationError("KBADMIN_BASE_URL", "is not https", remedy)
        return text

    def _authority(self, env: Environment) -> str:
        name, remedy = "KBADMIN_MICROSOFT_AUTHORITY", f"Leave it out to use {DEFAULT_AUTHORITY}."
        text = _origin(name, self._text(name) or DEFAULT_AUTHORITY, remedy)
        if env == "production" and not text.startswith("https://"):
            raise ConfigurationError(name, "is not https", remedy)
        return text

    def _database_url(self, folder: Path) -> str:
        text = self._text("KBADMIN_DATABASE_URL") or f"sqlite:///{folder / 'kbadmin.sqlite3'}"
        if text.startswith("postgres://"):
            text = "postgresql://" + text.removeprefix("postgres://")
        if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ConfigurationError(
                "KBADMIN_DATABASE_URL", "names a database we do not know", "Use sqlite:///… or postgresql://…"
            )
        return text.replace("postgresql://", "postgresql+psycopg://", 1)

    def _networks(self, name: str) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(part) for part in self._list(name))
        except ValueError as error:
            raise ConfigurationError(name, f"has {error}", "Give networks such as 10.1.2.0/24, 127.0.0.0/8.") from None

    def _ports(self, env: Environment) -> PortRanges:
        name = "KBADMIN_SMTP_ALLOWED_PORTS"
        text = self._text(name) or DEFAULT_PORTS
        if text == "*" and env == "production":
            raise ConfigurationError(name, "is *, which production refuses", f"Name the ports: {DEFAULT_PORTS}.")
        try:
            return PortRanges.parse(text)
        except ValueError:
            raise ConfigurationError(name, f"is {text!r}", f"Give ports and ranges: {DEFAULT_PORTS}.") from None

    def _file(self, name: str) -> Path | None:
        text = self._text(name)
        if text is not None and not Path(text).is_file():
            raise ConfigurationError(name, f"names {text}, which is no file", "Give the path of a readable file.")
        return Path(text) if text else None

    def _log_format(self) -> Literal["json", "console"]:
        match self._text("KBADMIN_LOG_FORMAT"):
            case None | "json":
                return "json"
            case "console":
                return "console"
            case other:
                raise ConfigurationError("KBADMIN_LOG_FORMAT", f"is {other!r}", "Use json or console.")


def _origin(name: str, text: str, remedy: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ConfigurationError(name, f"is {text!r}", remedy)
    return f"{parts.scheme}://{parts.netloc}"


def _queue_beside(database_url: str) -> str:
    """The engine's wake-ups live beside an SQLite database, or in the same PostgreSQL."""
    if database_url.startswith("sqlite:///"):
        return database_url.removesuffix(".sqlite3") + "-queue.sqlite3"
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)
