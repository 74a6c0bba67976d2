"""What is known of Microsoft, and which identifiers get into an address that a client secret is sent to."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kbadmin.smtp.providers import (
    AUDIENCES,
    CLOUDS,
    MICROSOFT,
    Cloud,
    aadsts_number,
    admin_consent_link,
    canonical_client_id,
    canonical_tenant,
    endpoints_of,
    error_link,
    is_microsoft_host,
    looks_like_mask,
    looks_like_secret_id,
    password_notice,
    scope_of,
    tenant_segment,
)
from kbadmin.smtp.security import Security

GUID = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def global_endpoints(tenant_id=None, audience="work", authority=None):
    return endpoints_of("global", tenant_id=tenant_id, audience=audience, authority=authority)


def test_a_tenant_takes_the_place_of_the_audience():
    assert tenant_segment(GUID, "work") == GUID
    assert tenant_segment("contoso.com", "work_and_personal") == "contoso.com"


def test_without_a_tenant_the_audience_decides():
    assert tenant_segment(None, "work") == "organizations"
    assert tenant_segment("", "work_and_personal") == "common"


def test_microsofts_addresses_are_the_published_ones():
    where = global_endpoints(GUID)
    assert where.authorize == f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/authorize"
    assert where.token == f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/token"
    assert where.jwks == f"https://login.microsoftonline.com/{GUID}/discovery/v2.0/keys"
    assert where.issuer_for("9188040d") == "https://login.microsoftonline.com/9188040d/v2.0"


def test_the_operators_authority_replaces_the_global_cloud_only():
    where = global_endpoints(authority="http://127.0.0.1:9000/")
    assert where.token == "http://127.0.0.1:9000/organizations/oauth2/v2.0/token"
    assert where.issuer_for(GUID) == f"http://127.0.0.1:9000/{GUID}/v2.0"
    china = endpoints_of("china", tenant_id=None, audience="work", authority="http://127.0.0.1:9000")
    assert china.token.startswith("https://login.partner.microsoftonline.cn/organizations/")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_an_administrator_never_consents_for_common(audience):
    where = global_endpoints(audience=audience)
    assert where.admin_consent == "https://login.microsoftonline.com/organizations/v2.0/adminconsent"


def test_the_admin_consent_link_asks_for_sending_and_names_our_address():
    where = global_endpoints("contoso.com", "work_and_personal")
    link = urlsplit(
        admin_consent_link(
            where, cloud="global", client_id=GUID, redirect_uri="https://kb.example.com/back?x", state="s&t"
        )
    )
    assert link.path == "/contoso.com/v2.0/adminconsent"
    assert parse_qs(link.query) == {
        "client_id": [GUID],
        "scope": ["https://outlook.office.com/SMTP.Send"],
        "redirect_uri": ["https://kb.example.com/back?x"],
        "state": ["s&t"],
    }


def test_a_tenant_of_no_known_shape_never_becomes_an_address():
    with pytest.raises(ValueError, match="Directory"):
        global_endpoints("../../evil")


def test_the_scope_names_outlook_and_asks_for_renewal():
    assert scope_of("global") == "https://outlook.office.com/SMTP.Send offline_access openid profile"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_has_a_host_a_portal_and_one_resource(cloud):
    found = CLOUDS[cloud]
    assert found.smtp_host
    assert found.portal.startswith("portal.azure.")
    assert scope_of(cloud).count("https://") == 1
    assert is_microsoft_host(found.smtp_host.upper())


def test_choosing_microsoft_fills_in_what_microsoft_wants():
    assert (CLOUDS["global"].smtp_host, MICROSOFT.port, MICROSOFT.security) == (
        "smtp.office365.com",
        587,
        Security.STARTTLS,
    )
    limits = MICROSOFT.limits
    assert (limits.connections, limits.per_minute, limits.per_day) == (1, 25, 10_000)


def test_a_cloud_without_https_or_with_a_bare_scope_is_refused_at_the_start():
    row = {"label": "x", "portal": "p", "smtp_hosts": ["h"]}
    with pytest.raises(ValueError, match="authority"):
        Cloud(authority="http://login.example.com", smtp_scope="https://outlook.office.com/SMTP.Send", **row)
    with pytest.raises(ValueError, match="smtp_scope"):
        Cloud(authority="https://login.example.com", smtp_scope="SMTP.Send", **row)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", None),
        ("   ", None),
        (GUID, GUID),
        (GUID.upper(), GUID),
        (f" {GUID} ", GUID),
        ("Contoso.OnMicrosoft.com", "contoso.onmicrosoft.com"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
    ],
)
def test_a_tenant_is_a_directory_id_a_domain_or_nothing(typed, stored):
    assert canonical_tenant(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "../../x",
        "evil.com/",
        "%2e%2e/",
        "common?x=",
        "@evil",
        "user@evil.com",
        "\\evil",
        "evil.com\\",
        GUID + "\n",
        GUID + "/",
        GUID + "\u200b",
        GUID.replace("7", "\u0667"),
        "{" + GUID + "}",
        GUID.replace("-", ""),
        "evil.com#",
        "evil.com:443",
        "evil..com",
        ".evil.com",
        "evil.com.",
        "-evil.com",
        "localhost",
        "127.0.0.1",
        "m\u00fcller.example",
        "contoso\uff0ecom",
        "contoso.com evil.com",
        "a." * 127 + "com",
        "x" * 64 + ".com",
    ],
)
def test_anything_else_is_not_a_tenant_and_the_sentence_says_where_to_look(typed):
    with pytest.raises(ValueError, match=r"Directory \(tenant\) ID"):
        canonical_tenant(typed)


@pytest.mark.parametrize("typed", ["common", "organizations", "consumers", "Common"])
def test_a_word_for_an_audience_is_refused_with_the_way_to_choose_one(typed):
    with pytest.raises(ValueError, match="Leave the field blank and choose"):
        canonical_tenant(typed)


def test_a_client_id_is_a_guid():
    assert canonical_client_id(f" {GUID.upper()} ") == GUID


@pytest.mark.parametrize("typed", ["", "my app", GUID + "\n", GUID[:-1], "\u0667" * 8 + GUID[8:], "x" * 10_240])
def test_anything_else_is_not_a_client_id(typed):
    with pytest.raises(ValueError, match=r"Application \(client\) ID"):
        canonical_client_id(typed)


def test_a_secret_that_is_a_guid_is_the_secret_id():
    assert looks_like_secret_id(GUID)
    assert looks_like_secret_id(f" {GUID.upper()}\n")
    assert not looks_like_secret_id("Q~8x8Q~abcdefghijklmnopqrstuvwxyz0123456")


@pytest.mark.parametrize("typed", ["\u2022" * 8, "********", "\u25cf\u25cf\u25cf", "abc" + "*" * 18])
def test_dots_and_asterisks_are_a_mask(typed):
    assert looks_like_mask(typed)


@pytest.mark.parametrize("typed", ["", "Q~8x8*Q~abc", "pa**word", "correct horse battery"])
def test_a_secret_that_contains_an_asterisk_is_not_a_mask(typed):
    assert not looks_like_mask(typed)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("AADSTS7000215: Invalid client secret provided.", 7000215),
        ("error\nAADSTS50011: The redirect URI \u2026", 50011),
        ("aadsts 90002", 90002),
        (" 7000215 ", 7000215),
        ("https://login.microsoftonline.com/error?code=7000215", 7000215),
        ("Error code: 50020", 50020),
        ("", None),
        ("AADSTS", None),
        ("AADSTS12", None),
        ("AADSTS70002150", None),
        ("AADSTS\u0667\u0660\u0660\u0660\u0662", None),
        ("0000", None),
        ("Timestamp: 2026-07-02 13:30:05Z", None),
        ("<script>7000215</script>", None),
    ],
)
def test_the_number_is_read_from_what_microsoft_shows(text, number):
    assert aadsts_number(text) == number


def test_the_first_aadsts_number_counts_and_not_the_figures_around_it():
    text = "code=1234 AADSTS700016: Application with identifier '6731' was not found. Error Code: 50020"
    assert aadsts_number(text) == 700016


def test_the_error_link_is_always_microsofts_own_page():
    assert error_link(7000215) == "https://login.microsoftonline.com/error?code=7000215"


@pytest.mark.parametrize("digits", ["", "123", "12345678", "7000215\n", "\u0667" * 5, "//evil.com", "50011&x=", -50011])
def test_nothing_but_digits_gets_into_the_error_link(digits):
    with pytest.raises(ValueError, match="digits"):
        error_link(digits)


def test_the_notice_about_passwords_stands_beside_microsofts_hosts_only():
    notice = password_notice("SMTP.office365.com")
    assert "December 2026" in notice.text
    assert notice.as_of.isoformat() == "2026-01-29"
    assert "personal" in password_notice("smtp-mail.outlook.com").text
    assert password_notice("smtp.example.com") is None
    assert password_notice("smtp.office365.com.evil.example") is None


@pytest.mark.parametrize("host", [host for cloud in CLOUDS.values() for host in cloud.smtp_hosts])
def test_every_microsoft_host_has_its_notice(host):
    assert password_notice(host) is not None
