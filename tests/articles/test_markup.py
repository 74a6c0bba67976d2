"""Markdown becomes HTML that may be shown: what people write comes out, what would do harm does not."""

import re
import uuid

import pytest
from bs4 import BeautifulSoup

from kbadmin.articles import markup
from kbadmin.articles.markup import TooMuch, render, shown

PICTURE = "01930d2c-7f0a-7c11-8d3e-0123456789ab"
HARMFUL = [
    "<script>mark()</script>",
    "<img src=x onerror=mark()>",
    "<svg/onload=mark()>",
    "[x](javascript:mark())",
    "[x](JaVaScRiPt:mark())",
    "[x](java&#x0A;script:mark())",
    "[x](&#106;avascript:mark())",
    "[x](vbscript:mark())",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "<javascript:mark()>",
    "[x]: javascript:mark()\n\n[x]",
    '[x](/ "onmouseover=mark() x=")',
    '[x](/" onmouseover="mark())',
    '![x](x.png" onerror="mark())',
    '![" onerror="mark()](attachment:' + PICTURE + ")",
    "`<script>mark()</script>`",
    "```\n</code><script>mark()</script>\n```",
    '```"><script>mark()</script>\nx\n```',
    "<a href=javascript:mark()>x</a>",
    "<iframe srcdoc='<script>mark()</script>'>",
    "<style>@import 'mark'</style>",
    "<math><mi xlink:href=javascript:mark()>",
    "<!--><script>mark()</script>",
    "<x hx-get=/ hx-trigger=load>mark</x>",
    "| <b onclick=mark()> | b |\n|---|---|\n| <script>mark()</script> | x |",
    "# <img src=x onerror=mark()>",
    "&lt;script&gt;mark()&lt;/script&gt;",
    "<base href=//mark>",
    "<form action=//mark><button>x",
]


def soup(text):
    return BeautifulSoup(render(text).html, "html.parser")


@pytest.mark.parametrize("text", HARMFUL)
def test_nothing_that_runs_comes_out(text):
    for found in soup(text).find_all(True):
        assert found.name not in {"script", "style", "iframe", "svg", "math", "base", "form", "x", "b", "button"}
        assert set(found.attrs) <= {"href", "title", "rel", "src", "alt", "start", "class", "id"}
        assert not re.match(r"\s*(javascript|vbscript|data|file):", str(found.get("href", "")), re.IGNORECASE)
        assert found.name != "img" or found["src"] == f"attachment:{PICTURE}"


def test_what_people_write_comes_out():
    table = "| a | b |\n|:-:|--:|\n| 1 | 2 |"
    found = soup(f"Some **bold**, *slanted*, ~~gone~~ and `code`.\n\n1. one\n\n> said\n\n- - -\n\n{table}")
    for name in ("strong", "em", "s", "code", "ol", "li", "blockquote", "hr", "table", "thead", "tbody"):
        assert found.find(name), name
    assert [cell["class"] for cell in found.select("tbody td")] == [["is-center"], ["is-right"]]


def test_links_leave_without_taking_the_page_along():
    link = soup("[there](https://example.com/a?b=c&d=e)").a
    assert link["href"] == "https://example.com/a?b=c&d=e"
    assert set(link["rel"]) == {"noopener", "noreferrer"}
    assert soup("[here](#section-two)").a["href"] == "#section-two"
    assert soup("[mail](mailto:a@example.com)").a["href"] == "mailto:a@example.com"


def test_headings_stand_below_the_title_and_can_be_linked_to():
    found = soup("# Über uns\n## Ways & means\n## Ways & means\n###### Deep\n# 日本\n# !")
    headings = [(one.name, one["id"]) for one in found.find_all(re.compile("h[1-6]"))]
    assert headings == [
        ("h2", "section-über-uns"),
        ("h3", "section-ways-means"),
        ("h3", "section-ways-means--2"),
        ("h4", "section-deep"),
        ("h2", "section-日本"),
        ("h2", "section-part"),
    ]


def test_no_level_of_headings_is_left_out():
    found = soup("### First\n##### Below\n## Higher\n# Highest\n### Two down")
    assert [one.name for one in found.find_all(re.compile("h[1-6]"))] == ["h2", "h3", "h2", "h2", "h3"]


def test_pictures_come_from_the_knowledge_base_only():
    rendered = render(f"![Ours](attachment:{PICTURE.upper()}) ![Theirs](https://example.com/x.png) ![Rel](/logo.png)")
    found = BeautifulSoup(rendered.html, "html.parser")
    assert [(img["src"], img["alt"]) for img in found.select("img")] == [(f"attachment:{PICTURE}", "Ours")]
    assert "Theirs" in found.get_text()
    assert rendered.left_out == ("https://example.com/x.png", "/logo.png")


def test_a_picture_is_where_the_page_says():
    kept = render(f"![A \"cat\" > a dog](attachment:{PICTURE} 'Title') [no](attachment:{PICTURE})").html
    page = BeautifulSoup(shown(kept, lambda found: f"/there/{found}?a=1&b=2"), "html.parser")
    assert page.img["src"] == f"/there/{PICTURE}?a=1&b=2"
    assert page.img["alt"] == 'A "cat" > a dog'
    assert page.a.get("href") is None


def test_what_may_be_wider_than_the_page_scrolls_with_the_keyboard_too():
    kept = render("```\nlong\n```\n\n| a |\n|---|\n| b |\n").html
    page = BeautifulSoup(shown(kept, lambda found: "/there"), "html.parser")
    assert [found.get("tabindex") for found in page(["pre", "table"])] == ["0", "0"]


def test_what_only_looks_like_a_picture_stays_text():
    kept = render(f'`<img src="attachment:{PICTURE}"`').html
    assert shown(kept, lambda found: "/there") == kept


def test_the_words_alone_are_kept_for_search():
    text = f"# Title\n\nun**bold**ed  and\n`code` ![a cat](attachment:{PICTURE})"
    blocks = "| a | b |\n|---|---|\n| c | d |\n\n```\nx = 1\n```\n<b>not html</b>"
    assert render(f"{text}\n\n{blocks}").words == "Title unbolded and code a cat a b c d x = 1 <b>not html</b>"


@pytest.mark.parametrize(
    "text",
    ["x" * (markup.MOST_BYTES + 1), "é" * (markup.MOST_BYTES // 2 + 1)],
    ids=["letters", "letters of two bytes"],
)
def test_a_text_that_is_too_long_is_refused(text):
    with pytest.raises(TooMuch, match="Shorten the text"):
        render(text)


@pytest.mark.parametrize(
    "text",
    ["*" * 4000 + "a" + "*" * 4000, "**a " * 300 + "b**" * 300, "*a **b " * 120 + "c** d*" * 120],
    ids=["stars", "bold in bold", "slanted in bold"],
)
def test_what_is_nested_too_deeply_is_refused(text):
    with pytest.raises(TooMuch, match="hundred deep"):
        render(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("![" * 131_000, "stars, brackets"),
        ("*_" * 131_000, "stars, brackets"),
        ("a\n" * 131_000, "line ends"),
        ("- a\n" * 65_000, "items in lists"),
        ("a|b\n-|-\n" * 32_000, "table cells"),
        ("|" + "a|" * 2000 + "\n|" + "-|" * 2000 + "\n" + "|\n" * 120_000, "table cells"),
        ("\n\na" * 87_000, "paragraphs"),
    ],
    ids=lambda value: value[:6],
)
def test_what_is_made_to_be_slow_is_refused(text, why):
    with pytest.raises(TooMuch, match=f"{why}.*Make two articles of it"):
        render(text)


def test_a_long_article_of_everything_is_none_made_to_be_slow():
    part = (
        "## A part\n\nSome **bold** words, a [link](https://example.com/a_b?c=d&e=f), and `code`.\n\n- one\n- two\n\n"
    )
    table = "| a | b | c |\n|---|---|---|\n" + "| some words | 12.5 | more |\n" * 20
    code = "```\n" + "if (a[i] != *b) { c = ~d; }\n" * 100 + "```\n\n"
    text = (part * 10 + table + "\n" + code) * 59
    assert 0.9 * markup.MOST_BYTES < len(text) <= markup.MOST_BYTES
    assert render(text).html


@pytest.mark.parametrize(
    "text",
    [
        "> " * 5000 + "a",
        "- " * 5000 + "a",
        "[" * 20000,
        "![" * 10000,
        "(" * 5000,
        "`" * 20001,
        "<" * 20000,
        "|" * 20000,
        "# a\n" * 10000,
    ],
)
def test_nonsense_is_answered_all_the_same(text):
    assert isinstance(render(text).html, str)


def test_an_id_of_a_picture_is_asked_for_as_one():
    asked = []
    shown(render(f"![x](attachment:{PICTURE})").html, lambda found: asked.append(found) or "/x")
    assert asked == [uuid.UUID(PICTURE)]
