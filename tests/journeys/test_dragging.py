"""Dragging in the tree of articles, with a mouse and with a finger; a refusal leaves all as it was and says why.

The keyboard has buttons, which keep the focus.
"""

import uuid

import pytest
from playwright.sync_api import Locator, expect

from tests.articles.conftest import Shelves
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def shelves(app, account) -> Shelves:
    made = Shelves(app, account)
    basics, _ = made.category("Basics"), made.category("Zebra")
    made.category("More", parent=basics)
    for title in ("First", "Second", "Third"):
        made.article(title, category=basics)
    return made


def line(owner: Visitor, name: str) -> Locator:
    """The line of an article or category."""
    return owner.page.locator(".outline-line").filter(has=owner.page.get_by_text(name, exact=True))


def middle(found: Locator, *, height: float = 0.5) -> tuple[float, float]:
    box = found.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] * height


def drag(owner: Visitor, name: str, onto: str, *, height: float = 0.5) -> None:
    """With the mouse, to so far down another line."""
    mouse = owner.page.mouse
    mouse.move(*middle(line(owner, name).locator("[data-grip]")))
    mouse.down()
    mouse.move(*middle(line(owner, onto), height=height), steps=4)
    mouse.up()


def swipe(owner: Visitor, name: str, onto: str, *, height: float = 0.5) -> None:
    """With a finger."""
    wire = owner.context.new_cdp_session(owner.page)
    start, end = middle(line(owner, name).locator("[data-grip]")), middle(line(owner, onto), height=height)
    for kind, at in (("touchStart", start), ("touchMove", end), ("touchMove", end), ("touchEnd", None)):
        points = [{"x": at[0], "y": at[1]}] if at else []
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def names(owner: Visitor) -> Locator:
    return owner.page.locator(".outline-name > :is(a, strong)")


def test_articles_and_categories_are_dragged_to_where_they_belong(owner: Visitor, shelves: Shelves):
    owner.open(f"{shelves.path}/articles")
    drag(owner, "Third", "First", height=0.2)
    expect(names(owner)).to_have_text(["Basics", "Third", "First", "Second", "More", "Zebra"])
    swipe(owner, "First", "Zebra", height=0.8)
    expect(names(owner)).to_have_text(["Basics", "Third", "Second", "More", "Zebra", "First"])
    drag(owner, "Zebra", "Basics", height=0.1)
    expect(names(owner)).to_have_text(["Zebra", "First", "Basics", "Third", "Second", "More"])
    owner.page.reload()
    expect(names(owner)).to_have_text(["Zebra", "First", "Basics", "Third", "Second", "More"])
    assert owner.complaints == []


def test_what_is_refused_stays_where_it_was_and_a_toast_says_why(owner: Visitor, shelves: Shelves):
    deep = None
    for number in range(6):
        deep = shelves.category(f"Level {number}", parent=deep)
    assert isinstance(deep, uuid.UUID)
    owner.open(f"{shelves.path}/articles")
    before = names(owner).all_inner_texts()
    line(owner, "Level 5").scroll_into_view_if_needed()
    drag(owner, "Zebra", "Level 5")
    expect(owner.toast).to_contain_text("more than six levels deep")
    assert names(owner).all_inner_texts() == before
    assert len(owner.complaints) == 1  # Chromium notes the refusal; it is no fault of the page.
    owner.complaints.clear()


def test_a_button_that_moves_something_keeps_the_focus_until_it_cannot_move_on(owner: Visitor, shelves: Shelves):
    owner.open(f"{shelves.path}/articles").button("Down First").focus()
    for expected in (["Second", "First", "Third"], ["Second", "Third", "First"]):
        expect(owner.button("Down First")).to_be_focused()
        owner.page.keyboard.press("Enter")
        expect(names(owner)).to_have_text(["Basics", *expected, "More", "Zebra"])
    owner.button("Up Zebra").focus()
    owner.page.keyboard.press("Enter")
    expect(names(owner)).to_have_text(["Zebra", "Basics", "Second", "Third", "First", "More"])
    owner.page.keyboard.press("Tab")
    expect(owner.button("Down Zebra")).to_be_focused()
    assert owner.complaints == []
