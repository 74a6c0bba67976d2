"""The settings: exactly those that operators were promised, each in the README, all read in one module."""

import re

import pytest

from tests.house.source import ROOT, modules

SETTINGS = {
    "KBADMIN_BASE_URL",
    "KBADMIN_DATABASE_URL",
    "KBADMIN_ENV",
    "KBADMIN_INSTANCE",
    "KBADMIN_INSTANCE_FOLDER",
    "KBADMIN_KEYS",
    "KBADMIN_KEYS_FILE",
    "KBADMIN_LOG_FORMAT",
    "KBADMIN_METRICS_TOKEN",
    "KBADMIN_MICROSOFT_AUTHORITY",
    "KBADMIN_OUTGOING_ADDRESSES",
    "KBADMIN_PAGE_CACHE_MIB",
    "KBADMIN_QUEUE_URL",
    "KBADMIN_SECRET_KEY",
    "KBADMIN_SECRET_KEY_FALLBACKS",
    "KBADMIN_SMTP_ALLOWED_NETWORKS",
    "KBADMIN_SMTP_ALLOWED_PORTS",
    "KBADMIN_SMTP_CA_FILE",
    "KBADMIN_SYSTEM_SMTP_URL",
    "KBADMIN_TRUSTED_PROXIES",
}
_NAME = re.compile(r"\bKBADMIN_[A-Z_]+[A-Z]\b")


def test_config_reads_every_promised_setting_and_no_other():
    config = next(module for module in modules() if module.name == "config")
    assert set(_NAME.findall(config.text)) == SETTINGS


def test_nobody_names_a_setting_that_does_not_exist():
    named = {name for module in modules() for name in _NAME.findall(module.text)}
    assert named <= SETTINGS


def test_only_config_reads_the_environment():
    readers = {
        module.name
        for module in modules()
        if re.search(r"\bos\.environ\b|\bos\.getenv\b|\bdotenv_values\(", module.text) and module.name != "config"
    }
    assert readers == set()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_readme_explains_each_setting(name):
    assert f"`{name}`" in (ROOT / "README.md").read_text()
