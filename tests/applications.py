"""Applications for tests, lent and taken back: to make one, and then to fill its caches, takes longer than most tests.

What an application remembers of a test is renewed before the next one gets it: its queue, its connections, and the
values of its extensions. One that a test has changed in any other way is not used again.
"""

from typing import Any

from flask import Flask
from jinja2 import BytecodeCache

from kbadmin import engine
from kbadmin.app import attach_engine, create_app
from kbadmin.config import Settings
from kbadmin.database import db

KEPT = 12  # applications that wait for a test with their settings


class Applications:
    """All applications of a run. ``templates`` keeps what was compiled for one for the others."""

    def __init__(self, templates: BytecodeCache) -> None:
        self._templates = templates
        self._waiting: list[Flask] = []
        self._as_made: dict[Flask, tuple[Settings, dict[str, Any], object]] = {}

    def lend(self, settings: Settings) -> Flask:
        """An application with these settings that nobody else uses now."""
        for app in self._waiting:
            if self._as_made[app][0] == settings:
                self._waiting.remove(app)
                app.extensions.clear()
                app.extensions.update(self._as_made[app][1])
                attach_engine(app, settings)
                return app
        app = create_app(settings)
        app.jinja_env.bytecode_cache = self._templates
        self._as_made[app] = (settings, dict(app.extensions), _shape(app))
        return app

    def take_back(self, app: Flask) -> None:
        """End what it does in the background, and close its connections."""
        engine.of(app).stop()
        engine.of(app).close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        if _shape(app) == self._as_made[app][2]:
            self._waiting.append(app)
            if len(self._waiting) > KEPT:
                del self._as_made[self._waiting.pop(0)]
        else:
            del self._as_made[app]


def _shape(app: Flask) -> object:
    """What a test may change about an application so that the next one would notice."""
    with app.app_context():
        listening = len(list(db.engine.dispatch.before_cursor_execute))
    functions = [
        sum(len(found) for found in by_blueprint.values())
        for by_blueprint in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    ]
    jinja = app.jinja_env
    templates = jinja.loader, dict(jinja.globals), dict(jinja.filters)
    return (
        dict(app.config),
        dict(app.view_functions),
        app.wsgi_app,
        app.session_interface,
        functions,
        templates,
        listening,
    )
