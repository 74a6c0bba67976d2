"""Filters: times in the reader's zone, marks in sentences, counts with their noun."""

from datetime import UTC, datetime

from kbadmin.templating import day, inline_code, plural, when, without_marks

MOMENT = datetime(2026, 7, 2, 13, 30, tzinfo=UTC)


def test_a_moment_names_its_zone(app):
    with app.test_request_context(base_url="http://localhost"):
        assert "2 July 2026, 13:30 UTC" in when(MOMENT)
        assert 'datetime="2026-07-02T13:30:00+00:00"' in when(MOMENT)
        assert when(None) == day(None) == "never"


def test_code_and_names_are_marked_up_and_everything_else_escaped():
    assert inline_code("Run `kbadmin <x>` in **Azure**") == (
        "Run <code>kbadmin &lt;x&gt;</code> in <strong>Azure</strong>"
    )
    assert "<script>" not in inline_code("<script>`</script>`")
    assert inline_code("`**bold**`") == "<code>**bold**</code>"
    assert without_marks("Type `**bold**` in **Text**") == "Type **bold** in Text"


def test_counts_read_as_people_say_them():
    assert [plural(n, "reader") for n in (0, 1, 2, 1200)] == ["0 readers", "1 reader", "2 readers", "1,200 readers"]
    assert plural(2, "reply", "replies") == "2 replies"
