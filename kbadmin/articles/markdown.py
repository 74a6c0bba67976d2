"""Markdown in parts, as articles use it, and with an end: a text that is made to be slow is refused before it was.

What takes time is not the length of a text but what it is made of: some ten millionths of a second for each block and
for each sign that may mean something, and 256 KiB may hold nothing else. An article for people that is as long has some
3,000 paragraphs and 10,000 such signs.
"""

import re
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

MOST_TOKENS = 45_000  # three for a paragraph, a heading or a cell, five for an item of a list
MOST_SIGNS = 40_000
_SIGN = re.compile(r"[\n!$%&*+:<=>@\[\\\]^_`{}~-]")  # where markdown-it stops to see what this might be


class TooMuch(ValueError):
    """The text is too long, nested too deeply or made to be slow. ``str()`` is a sentence for whoever wrote it."""


class _Blocks(StateBlock):
    """What is known while a text is taken apart into blocks."""

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """One token more."""
        if len(self.tokens) >= MOST_TOKENS:
            raise TooMuch("The text has too many paragraphs, items in lists or table cells. Make two articles of it.")
        return super().push(ttype, tag, nesting)


def parse(text: str) -> list[Token]:
    """The tokens of a text. Raises :class:`TooMuch`."""
    return _MARKDOWN.parse(text)


def as_html(tokens: list[Token]) -> str:
    """HTML of tokens, which is clean of nothing."""
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _into_blocks(state: StateCore) -> None:
    blocks = _Blocks(state.src, state.md, state.env, state.tokens)
    state.md.block.tokenize(blocks, blocks.line, blocks.lineMax)
    signs = sum(len(_SIGN.findall(token.content)) for token in state.tokens if token.type == "inline")
    if signs > MOST_SIGNS:
        raise TooMuch(
            "The text has more than 40,000 stars, brackets, line ends and other signs outside of blocks of code. "
            "Make two articles of it, or put what is code between lines of ```."
        )


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.core.ruler.at("block", _into_blocks)
