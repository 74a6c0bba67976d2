"""Services as they are after a good day: complete and tested. And how a person agrees to lose a secret."""

from kbadmin import clock
from tests.browser import Page
from tests.factories import inside
from tests.smtp.rows import change
from tests.smtp.services import authorize, create_oauth_service, create_password_service


def ready_oauth(app, account, browser, world) -> Page:
    """The page of an OAuth2 service that was authorized and tested."""
    page = authorize(browser, create_oauth_service(browser, world), world)
    with inside(app, account):
        change(tested_at=clock.now())
    return browser.open(page.path)


def ready_with_password(app, account, browser, world) -> Page:
    """The page of a Username/Password service that was tested."""
    page = create_password_service(browser, world)
    with inside(app, account):
        change(tested_at=clock.now())
    return browser.open(page.path)


def agree(asked: Page) -> Page:
    """Tick «Drop it and save» and press Save."""
    form = asked.form("Save")
    form.named("accept_dropping").set("checked", "")
    return form.press(status=200)


def state_of(page: Page) -> str:
    """The word of the state on a service's page."""
    return page.soup.select_one(".state-header .state").get_text(strip=True)
