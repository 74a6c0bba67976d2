"""Structured logs, JSON or console, that cannot contain a secret.

Everything, the standard library's loggers included, goes through one chain: values are masked, control characters
are escaped by the JSON encoder (one event, one line), and Authlib never speaks below INFO (it logs PKCE verifiers).
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from kbadmin.config import Settings
from kbadmin.encryption import MASK, hide_revealed

_PATTERNS = (
    re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(auth (?:plain|login|xoauth2) )\S+"),
    re.compile(
        r"(?i)((?:client_secret|refresh_token|access_token|id_token|code_verifier|code|password|state)"
        r"[\"']?\s*[=:]\s*[\"']?)"
        r"[^\s&\"',}]{6,}"
    ),
)
_TOKEN_IN_PATH = re.compile(r"/[\w-]{43}(?![\w-])")  # A one-time link; an id has 36 characters.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_QUIET = {
    "authlib": logging.INFO,
    "urllib3": logging.INFO,
    "huey": logging.WARNING,
    "mail.log": logging.CRITICAL,
    "alembic": logging.WARNING,
}


def attach(settings: Settings, *, level: int = logging.INFO) -> None:
    """Send every log line to standard error in the chosen format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderers: list[Processor] = (
        [structlog.processors.JSONRenderer(default=str)]
        if settings.log_format == "json"
        else [_on_one_line, structlog.dev.ConsoleRenderer(colors=False)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_secrets, *renderers],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, floor in _QUIET.items():
        logging.getLogger(name).setLevel(max(floor, level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get(name: str) -> Any:
    """A logger that takes an event and its facts: ``log.info("service created", service=…)``."""
    return structlog.stdlib.get_logger(name)


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a credential, and every secret that was revealed lately, in any form it travels in."""
    return {key: _masked(value) for key, value in event.items()}


def mask_text(text: str) -> str:
    """The same for one string; also used on what servers say before it is stored."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MASK}", text)
    text = _TOKEN_IN_PATH.sub(f"/{MASK}", text)
    return hide_revealed(text)


def _on_one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What JSON does by itself: a line break in a stranger's text begins no line of ours. Tracebacks keep theirs."""
    return {
        key: _BREAKS.sub(lambda found: ascii(found[0])[1:-1], value) if isinstance(value, str) else value
        for key, value in event.items()
        if key != "exception"
    } | {key: event[key] for key in ("exception",) if key in event}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else mask_text(str(value))
