"""Settings: what an operator may write, and the sentence they get for what they may not."""

import base64
import dataclasses
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbadmin.config import ConfigurationError, PortRanges, read_environment

KEY = base64.b64encode(bytes(range(40, 72))).decode()
GOOD = {
    "KBADMIN_SECRET_KEY": "b7f1c2d3e4a5968778695a4b3c2d1e0f11223344",
    "KBADMIN_KEYS": f"2026:{KEY}",
    "KBADMIN_BASE_URL": "https://kb.example.com",
}


def read(**changes):
    return read_environment(GOOD | changes, dotenv=False)


def complaint(**changes):
    with pytest.raises(ConfigurationError) as raised:
        read(**changes)
    return str(raised.value)


def test_three_settings_are_enough():
    settings = read()
    assert settings.env == "production"
    assert settings.database_url.startswith("sqlite:///")
    assert settings.queue_url.endswith("kbadmin-queue.sqlite3")
    assert settings.microsoft_authority == "https://login.microsoftonline.com"
    assert str(settings.smtp_allowed_ports) == "25, 465, 587, 2465, 2525, 2587"
    assert settings.smtp_allowed_networks == ()
    assert settings.trusted_proxies == 0


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named_with_its_remedy(name):
    said = complaint(**{name: ""})
    assert name in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KBADMIN_ENV", "staging"),
        ("KBADMIN_BASE_URL", "http://kb.example.com"),
        ("KBADMIN_BASE_URL", "kb.example.com"),
        ("KBADMIN_BASE_URL", "https://kb.example.com/admin"),
        ("KBADMIN_BASE_URL", "ftp://kb.example.com"),
        ("KBADMIN_MICROSOFT_AUTHORITY", "http://login.example.com"),
        ("KBADMIN_DATABASE_URL", "mysql://db/kb"),
        ("KBADMIN_TRUSTED_PROXIES", "one"),
        ("KBADMIN_TRUSTED_PROXIES", "-1"),
        ("KBADMIN_PAGE_CACHE_MIB", "all"),
        ("KBADMIN_SMTP_ALLOWED_NETWORKS", "10.1.2.3/24"),
        ("KBADMIN_SMTP_ALLOWED_NETWORKS", "everything"),
        ("KBADMIN_SMTP_ALLOWED_PORTS", "587-25"),
        ("KBADMIN_SMTP_ALLOWED_PORTS", "smtp"),
        ("KBADMIN_SMTP_ALLOWED_PORTS", "0"),
        ("KBADMIN_SMTP_ALLOWED_PORTS", "65536"),
        ("KBADMIN_SMTP_ALLOWED_PORTS", "*"),
        ("KBADMIN_SMTP_CA_FILE", "/nowhere/ca.pem"),
        ("KBADMIN_LOG_FORMAT", "xml"),
        ("KBADMIN_SECRET_KEY", "short"),
        ("KBADMIN_SECRET_KEY", "a" * 64),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(name, value):
    assert complaint(**{name: value}).startswith(name)


def test_development_may_use_http_and_every_port():
    settings = read(KBADMIN_ENV="development", KBADMIN_BASE_URL="http://localhost:8000", KBADMIN_SMTP_ALLOWED_PORTS="*")
    assert not settings.is_https
    assert settings.smtp_allowed_ports.allows(1)
    assert {"localhost", "127.0.0.1"} <= set(settings.hosts)


def test_production_answers_to_its_own_name_only():
    assert read().hosts == ["kb.example.com"]


def test_a_trailing_slash_of_the_base_url_is_dropped():
    assert read(KBADMIN_BASE_URL="https://kb.example.com/").base_url == "https://kb.example.com"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_psycopg(scheme):
    settings = read(KBADMIN_DATABASE_URL=f"{scheme}://kb@db/kb")
    assert settings.database_url == "postgresql+psycopg://kb@db/kb"
    assert settings.queue_url == "postgresql://kb@db/kb"


def test_networks_and_lists_are_split_at_commas():
    settings = read(
        KBADMIN_SMTP_ALLOWED_NETWORKS="10.1.2.0/24, fd00::/8", KBADMIN_OUTGOING_ADDRESSES="192.0.2.1, 192.0.2.2"
    )
    assert settings.smtp_allowed_networks == (ip_network("10.1.2.0/24"), ip_network("fd00::/8"))
    assert settings.outgoing_addresses == ("192.0.2.1", "192.0.2.2")


def test_printed_settings_hold_no_secret():
    settings = read(
        KBADMIN_SYSTEM_SMTP_URL="smtps://u:hunter2secret@mail.example.com", KBADMIN_METRICS_TOKEN="tokentoken"
    )
    printed = repr(settings) + str(dataclasses.replace(settings))
    for secret in (GOOD["KBADMIN_SECRET_KEY"], KEY, "hunter2secret", "tokentoken"):
        assert secret not in printed


@given(st.lists(st.tuples(st.integers(1, 65535), st.integers(1, 65535)), min_size=1, max_size=5), st.integers(1, 65535))
def test_printed_ports_read_back_as_the_same_ports(pairs, port):
    ranges = PortRanges(tuple((min(pair), max(pair)) for pair in pairs))
    assert PortRanges.parse(str(ranges)).allows(port) == ranges.allows(port)
