"""Each kind of service, from Create to a message in the mailbox, on both databases."""

from tests.databases import both_databases
from tests.smtp.services import (
    authorize,
    create_oauth_service,
    create_password_service,
    create_relay_service,
    send_test,
)
from tests.world import MAILBOX

pytestmark = both_databases


def test_an_oauth2_service_is_created_authorized_and_tested(owner_browser, world, worker):
    page = create_oauth_service(owner_browser, world)
    assert "You need to authorize this SMTP service before you can use it." in page.text

    page = authorize(owner_browser, page, world)
    assert "Authorization successful" in page.messages

    result = send_test(owner_browser, page, world and worker)
    assert "Test e-mail accepted by the server" in result.text
    [message] = world.mailbox.messages()
    assert message.parsed["From"].addresses[0].addr_spec == MAILBOX
    assert "Ready" in owner_browser.open("/smtp").text


def test_a_password_service_is_created_and_tested(owner_browser, world, worker):
    page = create_password_service(owner_browser, world)

    result = send_test(owner_browser, page, worker)

    assert "Test e-mail accepted by the server" in result.text
    assert len(world.mailbox.messages()) == 1


def test_an_unauthenticated_service_is_created_and_tested(owner_browser, world, worker):
    page = create_relay_service(owner_browser, world)

    result = send_test(owner_browser, page, worker)

    assert "Test e-mail accepted by the server" in result.text
    assert world.mail.sign_ins == []
