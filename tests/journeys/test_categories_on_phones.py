"""From an article to any category on a phone: by a fold that needs no script and no pointer, and tells nothing more."""

import random
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Locator, expect

from kbadmin.knowledge_bases.models import Audience
from tests.factories import OpenedAccount
from tests.journeys.test_keyboard import Keyboard
from tests.journeys.test_pages import LOOKS, faults
from tests.journeys.visitor import Visitor
from tests.portal.library import Library

pytestmark = pytest.mark.browser

LONG = "Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz and all that goes with it"
LEVELS = ["Lamps", "Desk lamps", LONG, "Small", "Smallest"]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def help_pages(app: Flask, account: OpenedAccount) -> str:
    """A public knowledge base of 80 categories, five deep, one of them for a group; answers its address."""
    library = Library(app, account)
    kb, above = library.knowledge_base("Help", audience=Audience.PUBLIC), None
    for name in LEVELS:
        above = library.category(kb, name, parent=above)
    library.article(kb, "Change a bulb", category=above)
    library.article(kb, "Pay", category=library.category(kb, "Wages", groups=[library.group("Staff")]))
    for number in range(74):
        library.article(kb, f"Part {number}", category=library.category(kb, f"Parts {number}"))
    return f"{library.home}/help"


def fold(visitor: Visitor) -> Locator:
    return visitor.page.locator("summary", has_text="Categories")


def categories(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("navigation", name="Categories")


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_phone_leads_from_an_article_to_every_category(
    help_pages: str, new_visitor: Callable[..., Visitor], has_scripts: bool
) -> None:
    phone = new_visitor(java_script_enabled=has_scripts, viewport=PHONE).open(f"{help_pages}/articles/change-a-bulb")
    expect(categories(phone)).to_be_hidden()
    fold(phone).click()
    names = categories(phone).get_by_role("link").all_inner_texts()
    assert names == [*LEVELS, *sorted(f"Parts {number}" for number in range(74))]
    expect(categories(phone).locator("[aria-current]")).to_have_text("Smallest")
    categories(phone).get_by_role("link", name="Parts 7", exact=True).click()
    phone.expect_title("Parts 7")
    fold(phone).click()
    expect(categories(phone).locator("[aria-current]")).to_have_text("Parts 7")
    phone.open(help_pages)
    expect(fold(phone)).to_have_count(0)


def test_the_fold_opens_by_keys_and_each_link_shows_its_focus(
    help_pages: str, new_visitor: Callable[..., Visitor]
) -> None:
    phone = new_visitor(viewport=PHONE).open(f"{help_pages}/articles/change-a-bulb")
    hands = Keyboard(phone).press(fold(phone))
    hands.press(categories(phone).get_by_role("link", name="Desk lamps"))
    phone.expect_title("Desk lamps")


@pytest.mark.parametrize("page", ["articles/change-a-bulb", "categories/small", "search?q=bulb"])
def test_the_fold_is_free_of_faults_and_no_second_list_on_a_wide_screen(
    help_pages: str, visitor: Visitor, page: str
) -> None:
    visitor.page.set_viewport_size(PHONE)
    visitor.open(f"{help_pages}/{page}")
    fold(visitor).click()
    for width in (320, 390, 1280):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        expect(categories(visitor)).to_have_count(1)
        expect(fold(visitor)).to_be_visible(visible=width < 992)
        assert visitor.overflow == 0
    theme, width = random.choice(LOOKS)
    visitor.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    visitor.page.set_viewport_size({"width": width, "height": 900})
    assert list(faults(visitor)) == []
