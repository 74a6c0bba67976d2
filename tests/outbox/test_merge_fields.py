"""A tenant's words with fields in braces: replaced once, as text, wherever they stand."""

import pytest

from kbadmin.outbox.merge_fields import MergeField, body, line, problems

FIELDS = [MergeField("first_name", "First name", "Zoë"), MergeField("set_password_link", "Link", "…", is_link=True)]
LINK = "https://kb.example/set-password/a?b=1&c=2"
VALUES = {"first_name": "Zoë", "set_password_link": LINK}


def test_a_body_becomes_text_and_html():
    merged = body(
        "# Hello {{ first_name }}\n\nChoose *now*: [Password]({{set_password_link}}).\n\n- a\n- b\n", FIELDS, VALUES
    )
    assert merged.text == f"Hello Zoë\n\nChoose now: Password: {LINK}.\n\n- a\n- b\n"
    assert ">Hello Zoë</h2>" in merged.html
    assert 'href="https://kb.example/set-password/a?b=1&amp;c=2">Password</a>' in merged.html


def test_a_link_alone_in_a_paragraph_is_a_button_and_a_bare_one_is_a_link():
    assert "display:inline-block" in body("[Go]({{set_password_link}})", FIELDS, VALUES).html
    bare = body("Open {{set_password_link}} now.", FIELDS, VALUES)
    assert bare.text == f"Open {LINK} now.\n"
    assert bare.html.count("<a ") == 1


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        "**bold**",
        "{{set_password_link}}",
        "[x](https://evil.example)",
        "`code`",
        '"><img src=x>',
    ],
)
def test_a_value_is_never_read_as_anything_but_text(value):
    merged = body("Hello {{first_name}}", FIELDS, VALUES | {"first_name": value})
    assert merged.text == f"Hello {value}\n"
    assert "<" not in merged.html.removeprefix('<p style="margin:0 0 16px">').removesuffix("</p>\n")
    assert line("Hello {{first_name}}", VALUES | {"first_name": value}) == f"Hello {value}"


@pytest.mark.parametrize(
    "template",
    [
        "{{ 7*7 }}",
        "{% for x in y %}",
        "{{ config }}",
        "{{ first_name.email }}",
        "${7*7}",
        "<%= 1 %>",
        "{{'a'*9}}",
        "#{1}",
    ],
)
def test_what_is_no_field_comes_out_as_it_was_written(template):
    assert body(template, FIELDS, VALUES).text == f"{template}\n"
    assert line(template, VALUES) == template


@pytest.mark.parametrize(
    "text", ["<b onclick=x>", "<script>alert(1)</script>", "![i](https://spy.example/x.png)", "[x](javascript:a)"]
)
def test_html_pictures_and_scripts_of_a_tenant_do_not_get_through(text):
    html = body(text, FIELDS, VALUES).html
    assert "<script" not in html
    assert "<img" not in html
    assert "<b " not in html
    assert 'href="javascript' not in html


def test_what_is_wrong_is_said_in_sentences():
    assert problems("Hello {{first_name}}, {{set_password_link}}", FIELDS, required=["set_password_link"]) == []
    said = problems(
        "{{nope}} [a](https://x.example/{{first_name}}) [b]({{first_name}})", FIELDS, required=["set_password_link"]
    )
    assert [one.split(" ")[0] for one in said] == ["There", "Add", "As"]
    assert "Shorten" in problems("x" * 20_001, FIELDS)[0]
    assert "deep" in problems("> " * 1000 + "x", FIELDS)[0]


def test_a_field_may_have_any_letters_in_its_name():
    fields = [MergeField("zone_size_z", "Zone", "UTC")]
    assert body("In {{zone_size_z}}.", fields, {"zone_size_z": "UTC"}).text == "In UTC.\n"


def test_blocks_of_the_text_part_are_readable():
    text = body("> quote\n\n1. one\n   - two\n2. three\n\n***\n\n```\ncode\n```\nline  \nbreak", FIELDS, VALUES).text
    assert text == "> quote\n\n1. one\n   - two\n2. three\n\n---\n\n    code\n\nline\nbreak\n"


@pytest.mark.parametrize(
    "hidden", ['[Go](https://x.example "{{set_password_link}}")', "``` {{set_password_link}}\ncode\n```"]
)
def test_a_field_that_has_to_be_there_has_to_be_seen(hidden):
    assert problems(hidden, FIELDS, required=["set_password_link"]) == [
        "Add {{set_password_link}}: without it the reader cannot go on."
    ]
    assert problems(hidden + "\n\n{{set_password_link}}", FIELDS, required=["set_password_link"]) == []
