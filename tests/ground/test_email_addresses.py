"""One e-mail address: what is taken, in which form, and the sentence for what is not."""

import pytest

from kbadmin.email_addresses import NotOneAddress, canonical_address, comparable


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("support@example.com", "support@example.com"),
        ("  support@example.com ", "support@example.com"),
        ("Support.Team@EXAMPLE.Com", "Support.Team@example.com"),
        ("a+tag@example.com", "a+tag@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("info@bücher.example.com", "info@xn--bcher-kva.example.com"),
        ("info@BÜCHER.example.com", "info@xn--bcher-kva.example.com"),
        ("info@ｅｘａｍｐｌｅ.com", "info@example.com"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_stored_in_one_form(typed, stored):
    assert canonical_address(typed) == stored
    assert canonical_address(stored) == stored


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "such as support@example.com"),
        ("support", "such as support@example.com"),
        ("@example.com", "such as support@example.com"),
        ("a@", "such as"),
        ("a@b", "such as"),
        ("a@@example.com", "such as"),
        ("a..b@example.com", "such as"),
        ("a@127.0.0.1", "such as"),
        ("a@[127.0.0.1]", "such as"),
        ('"a b"@example.com', "one address only"),
        ("a@example.com, b@example.com", "one address only"),
        ("a@example.com;b@example.com", "one address only"),
        ("a b@example.com", "one address only"),
        ("Support <a@example.com>", "without a name"),
        ("a@example.com\r\nBcc: b@example.com", "line break"),
        ("a@example.com\n", "line break"),
        ("a@exa\u200bmple.com", "invisible"),
        ("a\u202e@example.com", "invisible"),
        ("bücher@example.com", "plain letters"),
        (f"{'a' * 65}@example.com", "before @ is too long"),
        (f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.com", "too long"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(typed, said):
    with pytest.raises(NotOneAddress) as raised:
        canonical_address(typed)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "typed",
    [
        "ann＠example.com", "ann﹫example.com", "ａnn@example.com", "аnn@example.com", "ann\N{KELVIN SIGN}@example.com",
        "a\N{LATIN SMALL LETTER DOTLESS I}n@example.com", "e\u0301va@example.com", "ann@exam\u00adple.com",
        "ann@example.com\u3000", "ann\u00a0@example.com", "ann@example。com.", "ann@exam\u2024ple",
    ],
)  # fmt: skip
def test_what_only_looks_like_an_address_is_refused(typed):
    """Somebody else's mailbox would be asked, or two readers would be one to people and two to us."""
    with pytest.raises(NotOneAddress):
        canonical_address(typed)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ann@bücher.example.com", "ann@BU\u0308CHER.example.com", True),
        ("ann@bücher.example.com", "ann@xn--bcher-kva.example.com", True),
        ("ann@example.com", "ann@example。com", True),
        ("ann@example.com", "ann@ｅxample.com", True),
        ("ann@example.com", "ann@еxample.com", False),
        ("ann@strasse.example.com", "ann@straße.example.com", False),
        ("ann@example.com", "ann@examp1e.com", False),
        ("a.nn@example.com", "ann@example.com", False),
        ("ann+x@example.com", "ann@example.com", False),
    ],
)
def test_two_ways_to_write_an_address_are_one_only_where_mail_goes_to_one(one, other, is_same):
    assert (comparable(one) == comparable(other)) is is_same


def test_addresses_are_compared_without_case():
    assert comparable("Support@Example.com") == comparable("support@EXAMPLE.COM")
