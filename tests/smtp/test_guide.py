"""The Microsoft set-up guide: everything an IT administrator needs, with the service's own values."""

from dataclasses import replace

import pytest

from kbadmin.demo.directory import READY_CLIENT_ID
from tests.factories import open_account, signed_in
from tests.smtp.services import create_oauth_service
from tests.world import CLIENT_SECRET, MAILBOX


def test_it_can_be_read_before_a_service_exists(owner_browser):
    page = owner_browser.open("/smtp").click("Microsoft set-up guide for your IT administrator")

    assert "http://localhost/oauth2/custom-smtp-token" in page.html
    assert "Set-CASMailbox -Identity 'mailbox@your-domain' -SmtpClientAuthenticationDisabled $false" in page.text
    for words in ("SMTP.Send", "Delegated permissions", "Secret ID", "Directory (tenant) ID", "smtp.office365.com"):
        assert words in page.text


def test_it_fills_in_the_services_own_values_but_no_secret(owner_browser, world):
    owner_browser.must_not_show(CLIENT_SECRET)
    service = create_oauth_service(owner_browser, world, **{"Send From Address": "help@example.com"})

    page = service.click("Microsoft set-up guide")

    assert f"Set-CASMailbox -Identity '{MAILBOX}'" in page.text
    assert READY_CLIENT_ID in page.text
    assert f"Add-RecipientPermission 'help@example.com' -AccessRights SendAs -Trustee '{MAILBOX}'" in page.text


@pytest.mark.parametrize(
    ("address", "argument"), [("o'hara@x.example", "'o''hara@x.example'"), ("a$b`c@x.example", "'a$b`c@x.example'")]
)
def test_an_address_is_safe_to_paste_into_powershell(owner_browser, world, address, argument):
    service = create_oauth_service(owner_browser, world, **{"Login Email": address})

    page = service.click("Microsoft set-up guide")

    assert f"-Identity {argument} " in page.text


def test_it_names_the_addresses_that_mail_leaves_from(make_app, settings):
    app = make_app(replace(settings, outgoing_addresses=("192.0.2.7", "2001:db8::7")))

    page = signed_in(app, open_account(app).owner).open("/smtp/guide")

    assert "192.0.2.7 2001:db8::7" in page.text


def test_another_accounts_guide_is_not_there(app, owner_browser, world):
    page = create_oauth_service(owner_browser, world)

    signed_in(app, open_account(app, "Globex").owner).open(f"{page.path}/guide", status=404)
