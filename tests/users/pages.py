"""What several tests of this room do in a browser."""

from tests.browser import Browser, Page

NEW_PASSWORD = "violet harbour 7 lanterns"


def sign_in(browser: Browser, email: str, password: str, *, path: str = "/sign-in", status: int | None = None) -> Page:
    """Open the sign-in page, fill it in, send it."""
    form = browser.open(path).form("Sign in")
    return form.fill("E-mail Address", email).fill("Password", password).press(status=status)


def set_password(
    page: Page, password: str = NEW_PASSWORD, *, button: str = "Set password", status: int | None = None
) -> Page:
    """Fill in a new password twice and send it."""
    form = page.form(button)
    return form.fill("New Password", password).fill("Repeat New Password", password).press(status=status)


def is_signed_in(browser: Browser) -> bool:
    """Whether Home opens."""
    return browser.open("/").title == "Home"


def actions(owner_browser: Browser) -> list[str]:
    """What the audit log says was done, newest first, with its subject."""
    rows = owner_browser.open("/audit-log").soup.select("td[data-label=What]")
    return [" ".join(row.get_text(" ").split()) for row in rows]
