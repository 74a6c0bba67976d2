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


def test_addresses_are_compared_without_case():
    assert comparable("Support@Example.com") == comparable("support@EXAMPLE.COM")
