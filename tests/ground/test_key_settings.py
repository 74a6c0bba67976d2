"""Keys as an operator gives them: strong, private, one current, or refused with a sentence."""

import base64

import pytest

from kbadmin.key_settings import ConfigurationError, new_key_line, read_keys, require_strong_secret

STRONG = base64.b64encode(bytes(range(100, 132))).decode()


def key_file(folder, text, mode=0o600):
    file = folder / "keys"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def refused(inline=None, file=None):
    with pytest.raises(ConfigurationError) as raised:
        read_keys(inline, file)
    return str(raised.value)


def test_a_fresh_key_line_reads_back():
    (key,) = read_keys(new_key_line("2026"), None)
    assert key.kid == "2026"
    assert len(key.material) == 32


def test_the_first_key_of_a_file_is_current(tmp_path):
    file = key_file(tmp_path, f"# rotated in March\n{new_key_line('new')}\n\n{new_key_line('old')}\n")
    assert [key.kid for key in read_keys(None, file)] == ["new", "old"]


def test_keys_do_not_show_in_print():
    (key,) = read_keys(f"a:{STRONG}", None)
    assert STRONG not in repr(key)
    assert repr(key.material) not in repr(key)


@pytest.mark.parametrize(
    "line",
    [
        STRONG,
        f":{STRONG}",
        f"bad id:{STRONG}",
        f"{'k' * 33}:{STRONG}",
        "a:not base64!",
        "a:c2hvcnQ=",
        f"a:{base64.b64encode(bytes(32)).decode()}",
        "a:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        f"a:{STRONG},a:{STRONG}",
    ],
)
def test_a_weak_or_broken_key_is_refused_without_showing_it(line):
    said = refused(line)
    assert said.startswith("KBADMIN_KEYS entry")
    assert STRONG not in said


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    assert "chmod 600" in refused(file=key_file(tmp_path, new_key_line("a"), mode=0o640))


def test_a_missing_or_empty_key_file_is_refused(tmp_path):
    assert "cannot be read" in refused(file=str(tmp_path / "none"))
    assert "holds no key" in refused(file=key_file(tmp_path, "# nothing\n"))


def test_keys_come_from_one_place():
    assert "both set" in refused(f"a:{STRONG}", "/somewhere")
    assert "is missing" in refused()


def test_the_cookie_secret_is_no_encryption_key():
    keys = read_keys(f"a:{STRONG}", None)
    with pytest.raises(ConfigurationError, match="also an encryption key"):
        require_strong_secret(STRONG, keys)
    with pytest.raises(ConfigurationError, match="published"):
        require_strong_secret("change-me-change-me-change-me-change-me", keys)
