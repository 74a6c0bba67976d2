"""The steps of a test e-mail, read from its page; and asking for one without waiting for it."""

from tests.browser import Page


def steps_of(page: Page) -> dict[str, str]:
    """The words of each step: Done, Failed, Running, Waiting or Not tried, by its label, in order."""
    found = {}
    for step in page.soup.select("li.kb-step"):
        found[step.strong.get_text(strip=True)] = step.select_one(".kb-step-word").get_text(strip=True)
    return found


def red_steps(page: Page) -> list[str]:
    """The labels of the failed steps."""
    return [label for label, word in steps_of(page).items() if word == "Failed"]


def ask_for_test(page: Page, *, to: str | None = None, status: int | None = None) -> Page:
    """Press Send Email, and answer the page of the run, or the form again if it was refused."""
    form = page.browser.open(f"{page.path}/test-email").form("Send Email")
    if to is not None:
        form.fill("Test recipient email address", to)
    return form.press(status=status)
