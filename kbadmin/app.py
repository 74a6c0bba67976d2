"""create_app(): settings, database, fence, access, rooms, seal."""

import logging
import secrets

import structlog
from flask import Flask, abort, g, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from kbadmin import (
    access,
    config,
    database,
    engine,
    errors,
    forms,
    headers,
    health,
    installation,
    logs,
    navigation,
    notices,
    page_memory,
    sealing,
    templating,
)
from kbadmin.accounts import routes as accounts
from kbadmin.accounts.commands import accounts as accounts_commands
from kbadmin.address_rules import LazyRule
from kbadmin.articles import routes as articles
from kbadmin.audit import routes as audit
from kbadmin.backup_commands import backup, restore
from kbadmin.config import Settings, read_environment
from kbadmin.delivery import metrics_routes as metrics
from kbadmin.delivery import routes as delivery
from kbadmin.delivery.commands import outbox as outbox_commands
from kbadmin.encryption import KeyRing
from kbadmin.form_sessions import FormSessions
from kbadmin.knowledge_bases import routes as knowledge_bases
from kbadmin.paths import shipped
from kbadmin.portal import routes as portal
from kbadmin.readers import email_routes as reader_emails
from kbadmin.readers import routes as readers
from kbadmin.readers import text_routes as reader_texts
from kbadmin.secrets_commands import secrets as secrets_commands
from kbadmin.smtp import routes as smtp
from kbadmin.subscriptions import routes as subscriptions
from kbadmin.subscriptions.commands import digests as digests_commands
from kbadmin.users import routes as users
from kbadmin.users.commands import users as users_commands

BODY_BYTES = 1024 * 1024
ROOMS = (
    health,
    notices,
    users,
    accounts,
    audit,
    smtp,
    delivery,
    knowledge_bases,
    articles,
    readers,
    reader_emails,
    reader_texts,
    subscriptions,
    portal,
    metrics,
)


class Application(Flask):
    """Flask, with our rules of addresses."""

    url_rule_class = LazyRule


def create_app(settings: Settings | None = None) -> Flask:
    """The application for these settings, by default those of the environment.

    Raises :class:`kbadmin.config.ConfigurationError` for a wrong setting and RuntimeError for a view without a stamp.
    """
    settings = settings or read_environment()
    logs.attach(settings, level=logging.WARNING if settings.env == "demo" else logging.INFO)
    app = Application("kbadmin", template_folder=str(shipped("templates")), static_folder=str(shipped("static")))
    _configure(app, settings)
    app.before_request(_name_the_request)
    app.before_request(_refuse_odd_bytes)
    database.attach(app, settings)
    headers.attach(app, settings)
    access.attach(app)
    forms.attach(app)
    errors.attach(app)
    templating.attach(app, settings)
    navigation.attach(app)
    notices.attach(app)
    page_memory.attach(app, settings)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    for commands in (
        accounts_commands,
        users_commands,
        secrets_commands,
        outbox_commands,
        digests_commands,
        backup,
        restore,
    ):
        app.cli.add_command(commands)
    attach_engine(app, settings)
    access.seal(app)
    return app


def attach_engine(app: Flask, settings: Settings) -> None:
    """Give the application its engine, which rests while the installation is paused."""
    engine.attach(app, settings)
    engine.of(app).gate_with(lambda: installation.is_paused(settings))


def _configure(app: Flask, settings: Settings) -> None:
    app.extensions[config.EXTENSION] = settings
    app.extensions[sealing.EXTENSION] = KeyRing(settings.keys)
    prefix = "__Host-" if settings.is_https else ""
    app.session_interface = FormSessions()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SESSION_COOKIE_NAME=f"{prefix}kbadmin-form",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        MAX_CONTENT_LENGTH=BODY_BYTES,
        MAX_FORM_PARTS=200,
        TRUSTED_HOSTS=settings.hosts,
    )
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]


def _name_the_request() -> ResponseReturnValue | None:
    g.request_id = secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, path=request.path)
    return None


def _refuse_odd_bytes() -> None:
    """What follows the question mark is UTF-8 in our addresses; bytes that are not could not be read further on."""
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        abort(400)
