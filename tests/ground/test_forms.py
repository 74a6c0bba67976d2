"""The base form: strips, refuses what is sent twice, asks only what was chosen, keeps headers clean."""

import pytest
from wtforms import PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice

from kbadmin.forms import (
    AsciiInteger,
    BaseForm,
    Canonical,
    DomainLines,
    KeptSecretField,
    OneEmailAddress,
    OneLine,
    OnlyWhen,
    Required,
)


def shouted(text):
    if not text.isalpha():
        raise ValueError("Use letters only.")
    return text.upper()


class Example(BaseForm):
    name = StringField("Name", [OneLine(20)])
    address = StringField("Address", [OneEmailAddress()])
    kind = RadioField(
        "Kind", choices=[SelectChoice("plain", "Plain"), SelectChoice("secret", "Secret")], default="plain"
    )
    word = StringField("Word", [OnlyWhen("kind", "secret"), Required("Enter the word."), Canonical(shouted)])
    number = StringField("Number", [AsciiInteger(1, 65535, "Enter a port from 1 to 65535.")], default="1")
    typed = PasswordField("Typed")
    kept = KeptSecretField("Kept")
    domains = StringField("Domains", [DomainLines(2)])


@pytest.fixture
def send(app):
    def filled(**fields):
        data = {"number": "1", "kind": "plain"} | fields
        with app.test_request_context("/", method="POST", data=data, base_url="http://localhost"):
            form = Example(meta={"csrf": False})
            form.validate()
            return form

    return filled


def test_text_is_stripped_and_passwords_are_not(send):
    form = send(name="  Docs ", typed=" two words ", kept=" pasted\n")
    assert form.name.data == "Docs"
    assert form.typed.data == " two words "
    assert form.kept.data == "pasted"


def test_a_field_that_was_not_chosen_is_emptied_not_refused(send):
    form = send(kind="plain", word="123")
    assert not form.errors
    assert form.word.data is None


def test_a_field_that_was_chosen_is_asked(send):
    assert send(kind="secret").errors == {"word": ["Enter the word."]}
    assert send(kind="secret", word="123").errors == {"word": ["Use letters only."]}
    assert send(kind="secret", word="abc").word.data == "ABC"


def test_a_value_sent_twice_is_refused(send):
    assert "sent twice" in send(name=["one", "two"]).errors["name"][0]


@pytest.mark.parametrize("text", ["a\r\nBcc: b", "a\nb", "a\x00b", "a\u200bb", "a\u202eb", "=?utf-8?q?x?=", "x" * 21])
def test_a_line_for_a_header_stays_one_clean_line(send, text):
    assert "name" in send(name=text).errors


def test_a_line_is_normalised(send):
    assert send(name="Bu\u0308cher").name.data == "Bücher"
    assert send(name="").name.data is None


@pytest.mark.parametrize("text", ["0", "65536", "٥٨٧", "+587", "5_87", "587.0", "0x24b", "-1", "", "9" * 50])
def test_a_number_is_written_in_plain_digits_and_in_range(send, text):
    assert send(number=text).errors == {"number": ["Enter a port from 1 to 65535."]}


def test_an_address_is_brought_into_stored_form(send):
    assert send(address="A@EXAMPLE.com").address.data == "A@example.com"
    assert send(address="").address.data is None
    assert "address" in send(address="a@example.com, b@example.com").errors


def test_a_kept_secret_is_never_rendered_back(send):
    assert "pasted" not in str(send(kept="pasted").kept())


def test_a_form_without_its_token_is_refused(browser):
    page = browser.post("/sign-in", {"email": "a@example.com"}, status=400)
    assert page.title == "This form has expired"


def test_domains_stand_once_by_name_and_are_counted_before_they_are_looked_at(send):
    assert send(domains="b.example.com @a.example.com\nb.example.com").domains.data == "a.example.com\nb.example.com"
    assert send(domains="no-domain").domains.errors == [
        "“no-domain” is no domain. Enter one a line, such as example.com."
    ]
    assert send(domains="no-domain b.example.com c.example.com").domains.errors == ["Enter 2 domains at most."]
