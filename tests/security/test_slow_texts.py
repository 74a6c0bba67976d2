"""Texts made to be slow: each takes about as long as any other of its length, whatever it is made of."""

import contextlib
import time
from types import SimpleNamespace

import pytest

from kbadmin.articles import markup
from kbadmin.articles.extracts import extract
from kbadmin.articles.folding import folded
from kbadmin.email_addresses import canonical_address
from kbadmin.forms import DomainLines, OneLine
from kbadmin.outbox import merge_fields
from kbadmin.portal.search import marked, question
from kbadmin.readers.csv_files import MOST_BYTES, open_sheet
from kbadmin.readers.wordings import FIELDS

SECONDS = 5.0  # of the processor; what grows with the square of the length takes minutes.
KIB = 1024
VALUES = {field.name: "x" for field in FIELDS}


def check_field(check, text):
    check(None, SimpleNamespace(data=text))


def merge(text):
    merge_fields.problems(text, FIELDS)
    merge_fields.body(text, FIELDS, VALUES)


def article(piece):
    markup.render(filled(piece, markup.MOST_BYTES))


def filled(piece, most):
    return (piece * (most // len(piece) + 1))[:most]


def excerpt(text):
    """Around a word that stands at the end."""
    text += " zzz"
    return extract(text, ["zzz"] * 8, folded(text))


SLOW = {
    "a hundred thousand domains": lambda: check_field(DomainLines(50), filled("a.co\n", 490 * KIB)),
    "domains that differ": lambda: check_field(DomainLines(50), "\n".join(f"a{n}.example.com" for n in range(25_000))),
    "a line of encoded words": lambda: check_field(OneLine(120), filled("=?a", 490 * KIB)),
    "an address of dots": lambda: canonical_address(filled("a.", 490 * KIB)),
    "an address of ats": lambda: canonical_address(filled("@", 254)),
    "labels of hyphens": lambda: canonical_address("a@" + filled("a-", 252)),
    "a question of letters": lambda: list(marked(filled("ab ", 64 * KIB), question(filled("a ", 490 * KIB)))),
    "a file of quotes": lambda: list(open_sheet(b"E-mail\n" + filled(b'"', MOST_BYTES - 7), {}).rows()),
    "a file of commas": lambda: list(open_sheet(b"E-mail\n" + filled(b",", MOST_BYTES - 7), {}).rows()),
    "a header of commas": lambda: list(open_sheet(b"E-mail" + filled(b",", MOST_BYTES - 7), {}).rows()),
    **{f"an article of {piece!r}": lambda piece=piece: markup.render(filled(piece, 32 * KIB)) for piece in (
        "[", "![", "[a](", "<", "*a_", "*_", "&", "a|b\n-|-\n", "|a|b|\n|-|-|\n", "=\n", "* a\n  ", "> ", "`a", "<!--",
    )},
    **{f"a whole article of {piece!r}": lambda piece=piece: article(piece) for piece in [
        "![", "[", "*_", "**a", "<a@b.c> ", "a\n", "a  \n", "- a\n", "1. a\n", "# a\n", "a|b\n-|-\n",
        "|a|b|\n|-|-|\n", "=\n", "\n\na", "[a]\n\n", "[a]: b\n", "```\n```\n", "    &<\n",
    ]},
    "a table of thousands of columns": lambda: article("|" + "a|" * 2_000 + "\n|" + "-|" * 2_000 + "\n|" * 120_000),
    "a search in an article of accents": lambda: excerpt(filled("Čeština. ", markup.MOST_BYTES)),
    "a search in an article of letters in parts": lambda: excerpt(filled("\u1112\u1161\u11ab ", 87_000)),
    **{f"a letter of {piece!r}": lambda piece=piece: merge(filled(piece, 20_000)) for piece in (
        "{{", "{{ ", "{{a", "{{" + " " * 2_000, "[{{set_password_link}}", "{{first_name}} ", "> ", "![", "*_",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW)
def test_no_text_takes_long(name):
    begun = time.thread_time()
    with contextlib.suppress(ValueError):  # Most of them are refused, which is good as well.
        SLOW[name]()
    assert time.thread_time() - begun < SECONDS
