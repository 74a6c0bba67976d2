"""Long lists: put in an order, and ticked at once: with the keys, on a phone, and where no script runs."""

import pytest
from playwright.sync_api import Locator, expect

from kbadmin.knowledge_bases.models import Audience
from tests.journeys.test_keyboard import Keyboard
from tests.journeys.visitor import Visitor
from tests.subscriptions.readership import Readership

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def lists(app, account) -> dict[str, str]:
    """The address of each list, with three people in it."""
    here = Readership(app, account, audience=Audience.PUBLIC, is_public=True)
    for name in ("berta", "carl", "anna"):
        here.subscriber(reader=here.reader(f"{name}@example.org"))
    return {"readers": "/readers", "subscribers": f"/knowledge-bases/{here.id}/subscribers"}


def boxes(visitor: Visitor) -> Locator:
    return visitor.page.locator(".choose input[type=checkbox]")


def ticked(visitor: Visitor) -> int:
    return visitor.page.locator(".choose input[type=checkbox]:checked").count()


@pytest.mark.parametrize("which", ["readers", "subscribers"])
def test_all_lines_are_ticked_and_unticked_in_place_with_the_keys(owner, lists, which):
    owner.open(lists[which])
    hands, button = Keyboard(owner), owner.button("Tick all on this page")
    hands.tab_to(boxes(owner).nth(1))
    owner.page.keyboard.press("Space")
    said = owner.page.locator("[data-ticked]")
    expect(said).to_have_text("1 ticked")
    hands.tab_to(button)
    owner.page.keyboard.press("Space")
    expect(said).to_have_text("3 ticked")
    assert ticked(owner) == 3
    assert owner.button("Untick all").evaluate("element => element === document.activeElement")
    owner.page.keyboard.press("Enter")
    assert ticked(owner) == 0
    expect(said).to_have_text("0 ticked")
    assert "ticks" not in owner.page.url, "nothing was loaded"
    owner.page.set_viewport_size(PHONE)
    owner.button("Tick all on this page").click()
    assert (ticked(owner), owner.overflow) == (3, 0)
    assert owner.axe_violations() == []


@pytest.mark.parametrize("which", ["readers", "subscribers"])
def test_all_lines_are_ticked_on_a_phone_without_scripts(new_visitor, account, lists, which):
    plain = new_visitor(java_script_enabled=False, viewport=PHONE).sign_in(account.owner).open(lists[which])
    plain.follow("Tick all on this page")
    assert ticked(plain) == 3
    plain.follow("Untick all")
    assert ticked(plain) == 0
    plain.follow("Tick all on this page")
    expect(plain.link("Untick all")).to_be_in_viewport()
    if which == "subscribers":
        plain.press("Remove").expect_title("Remove 3 Subscribers").press("Remove").expect_text("3 subscribers removed.")
    else:
        plain.field("With several readers").select_option("Disable")
        plain.press("Continue with those ticked").expect_text("3 readers")


def test_subscribers_are_put_in_the_order_of_their_addresses(owner, lists):
    shown = owner.open(lists["subscribers"]).page.locator("th[data-label=Address]")
    expect(shown).to_contain_text(["anna", "carl", "berta"])
    Keyboard(owner).tab_to(owner.field("Order"))
    owner.page.keyboard.press("ArrowDown")
    Keyboard(owner).press(owner.button("Filter"))
    expect(shown).to_contain_text(["anna", "berta", "carl"])
    expect(owner.link("Show everybody")).to_have_count(0)  # An order leaves nobody out.
