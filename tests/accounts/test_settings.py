"""Account settings and Home."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories
from tests.browser import Browser
from tests.databases import both_databases
from tests.factories import OpenedAccount
from tests.users.pages import actions


@both_databases
def test_an_owner_changes_name_and_time_zone(owner_browser: Browser) -> None:
    form = owner_browser.open("/account").form("Save").fill("Account Name", "  Acme Manuals ")
    page = form.select("Time Zone", "Berlin").press()
    assert page.messages == ["Account settings saved."]
    assert page.form("Save").value("Account Name") == "Acme Manuals"
    assert page.form("Save").value("Time Zone") == "Berlin"
    assert " CE" in owner_browser.open("/account").text  # CET or CEST, by the season.
    assert actions(owner_browser)[0] == "Account settings changed: Acme Manuals"
    assert "name: Acme → Acme Manuals time zone: UTC → Europe/Berlin" in owner_browser.open("/audit-log").text


def test_saving_the_same_records_nothing(owner_browser: Browser) -> None:
    owner_browser.open("/account").press("Save")
    assert actions(owner_browser) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "line\nbreak", "=?utf-8?q?x=0D=0ABcc?="])
def test_a_name_is_one_short_line(owner_browser: Browser, name: str) -> None:
    page = owner_browser.open("/account").form("Save").fill("Account Name", name).press(status=422)
    assert len(page.errors) == 1
    assert owner_browser.open("/account").form("Save").value("Account Name") == "Acme"


def test_a_time_zone_that_does_not_exist_is_refused(owner_browser: Browser) -> None:
    form = owner_browser.open("/account").form("Save")
    form.form.find(".//select").find(".//option").set("value", "Mars/Olympus_Mons")
    assert form.select("Time Zone", "UTC").press(status=422).errors


def test_fields_that_were_not_asked_are_ignored(app: Flask, owner_browser: Browser, account: OpenedAccount) -> None:
    other = factories.open_account(app, "Globex")
    page = owner_browser.open("/account")
    token = page.soup.select_one("input[name=csrf_token]")["value"]  # type: ignore[index]
    forged = {"csrf_token": token, "name": "Acme", "time_zone": "UTC", "slug": "stolen", "id": str(other.id)}
    owner_browser.post("/account", forged)
    assert factories.signed_in(app, other.owner).open("/account").form("Save").value("Account Name") == "Globex"


def test_home_says_what_is_missing_and_where_to_do_it(owner_browser: Browser) -> None:
    page = owner_browser.open("/")
    assert "SMTP service Missing No SMTP service yet: configure one" in page.text
    assert page.links["Configure an SMTP service"] == "/smtp/new"
    assert page.links["Invite a colleague"] == "/team/invite"


def test_home_shows_each_person_the_doors_they_may_open(browser_as: Callable[..., Browser]) -> None:
    def shown(browser: Browser) -> set[str]:
        return {link.get_text() for link in browser.open("/").soup.select("main .stretched-link")}

    assert shown(browser_as("owner")) >= {"SMTP", "Team", "Account", "Profile"}
    assert shown(browser_as("none", manages_smtp=True)) == {"SMTP", "Profile"}
    assert shown(browser_as("writer")) == {"Knowledge bases", "Profile"}
    assert "Set-up" not in browser_as("writer").open("/").text


def test_the_profile_menu_is_in_order(owner_browser: Browser) -> None:
    menu = owner_browser.open("/").soup.select("nav[aria-label='Profile menu'] a")
    assert [link.get_text(strip=True) for link in menu] == ["Profile", "SMTP", "Team", "Account", "Audit log"]
