"""What an installation remembers: its name, and whether its keys are the right ones."""

from dataclasses import replace

import pytest

from kbadmin.database import unit_of_work
from kbadmin.encryption import KeyRing, Unreadable
from kbadmin.installation import Fact, check_canary, fact, instance_name, plant_canary, remember
from kbadmin.key_settings import new_key_line, read_keys

OLD, NEW = (read_keys(new_key_line(kid), None)[0] for kid in ("old", "new"))


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


def test_the_canary_tells_right_keys_from_wrong_ones():
    with unit_of_work():
        plant_canary(KeyRing([OLD]))
    assert check_canary(KeyRing([NEW, OLD]))
    with pytest.raises(Unreadable):
        check_canary(KeyRing([NEW]))


def test_a_new_installation_has_no_canary_yet():
    assert not check_canary(KeyRing([NEW]))


def test_the_canary_moves_to_the_new_key():
    with unit_of_work():
        plant_canary(KeyRing([OLD]))
        plant_canary(KeyRing([NEW, OLD]))
    assert check_canary(KeyRing([NEW]))


def test_facts_are_replaced():
    assert fact(Fact.INSTANCE) is None
    with unit_of_work():
        remember(Fact.INSTANCE, "one")
        remember(Fact.INSTANCE, "two")
    assert fact(Fact.INSTANCE) == "two"


def test_a_name_is_made_up_once_and_kept(settings, tmp_path):
    here = replace(settings, instance_folder=tmp_path / "fresh")
    assert instance_name(here) == instance_name(here)
    assert instance_name(here).startswith("kbadmin-")
    assert instance_name(replace(here, instance="blue")) == "blue"


def test_another_folder_is_another_installation(settings, tmp_path):
    names = {instance_name(replace(settings, instance_folder=tmp_path / folder)) for folder in ("a", "b")}
    assert len(names) == 2
