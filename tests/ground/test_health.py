"""/healthz and /readyz: what a load balancer is told, without details for strangers."""

from dataclasses import replace

from kbadmin import sealing
from kbadmin.database import unit_of_work
from kbadmin.encryption import KeyRing
from kbadmin.installation import plant_canary
from kbadmin.key_settings import new_key_line, read_keys
from tests.databases import both_databases


def checks(page):
    return page.response.get_json()["checks"]


@both_databases
def test_an_installation_with_schema_and_keys_is_ready(app, browser):
    with app.app_context(), unit_of_work():
        plant_canary(sealing.ring())
    assert checks(browser.open("/readyz")) == {"database": True, "schema": True, "keys": True}


def test_with_other_keys_it_is_not_ready(app, browser):
    with app.app_context(), unit_of_work():
        plant_canary(KeyRing(read_keys(new_key_line("other"), None)))
    assert checks(browser.open("/readyz", status=503)) == {"database": True, "schema": True, "keys": False}


def test_without_its_tables_it_is_live_but_not_ready(settings, make_app, tmp_path):
    client = make_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'empty.sqlite3'}")).test_client()
    assert client.get("/healthz", base_url="http://localhost").status_code == 200
    answer = client.get("/readyz", base_url="http://localhost")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["schema"] is False
