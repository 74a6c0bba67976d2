"""An application that one test gave back is to the next as if it had just been made."""

import pytest
from jinja2 import DictLoader, FileSystemBytecodeCache

from kbadmin import engine
from kbadmin.database import db
from kbadmin.users import passwords
from tests.applications import Applications
from tests.databases import both_databases
from tests.factories import open_account


@pytest.fixture
def applications(tmp_path):
    return Applications(FileSystemBytecodeCache(str(tmp_path)))


@both_databases
def test_an_application_is_lent_again_and_remembers_nothing(applications, settings):
    app = applications.lend(settings)
    open_account(app)
    app.extensions[passwords.EXTENSION] = app.extensions["left"] = object()
    before = engine.of(app)
    applications.take_back(app)
    with app.app_context():
        assert db.engine.pool.checkedin() == 0

    again = applications.lend(settings)
    assert again is app
    assert engine.of(again) is not before
    assert "left" not in again.extensions
    assert isinstance(again.extensions[passwords.EXTENSION], passwords.Argon2)
    assert applications.lend(settings) is not again, "one application cannot be lent twice"


@pytest.mark.parametrize(
    "change",
    [
        lambda app: app.add_url_rule("/left", "left", lambda: "left"),
        lambda app: app.config.update(MAX_CONTENT_LENGTH=1),
        lambda app: app.before_request(lambda: None),
        lambda app: setattr(app, "wsgi_app", app.wsgi_app.__func__),
        lambda app: setattr(app.jinja_env, "loader", DictLoader({})),
    ],
)
def test_an_application_that_was_changed_is_not_lent_again(applications, settings, change):
    app = applications.lend(settings)
    change(app)
    applications.take_back(app)
    again = applications.lend(settings)
    assert again is not app
    applications.take_back(again)
