"""plain_text(): parsed Markdown as the text part of an e-mail, with the addresses of its links beside their words."""

from collections.abc import Sequence

from markdown_it.token import Token


def plain_text(tokens: Sequence[Token]) -> str:
    """Blocks with empty lines between them; lists with dashes and numbers, quotes with «>»."""
    return _Writer().written(tokens)


class _Writer:
    """Blocks as they come, each behind the marks of the lists and quotes around it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._marks: list[str] = []  # of the lists and quotes that are open, as the next line begins with them
        self._numbers: list[int | None] = []  # the next number of each open list; none for one with dashes
        self._is_tight = False

    def written(self, tokens: Sequence[Token]) -> str:
        for token in tokens:
            self._take(token)
        return "\n".join(line.rstrip() for line in self._lines).strip() + "\n"

    def _take(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._block(_inline(token.children or []), gap=not self._is_tight)
            case "paragraph_open":
                self._is_tight = token.hidden
            case "heading_open":
                self._is_tight = False
            case "fence" | "code_block":
                self._block("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")), gap=True)
            case "hr":
                self._block("---", gap=True)
            case "blockquote_open":
                self._marks.append("> ")
            case "bullet_list_open":
                self._numbers.append(None)
            case "ordered_list_open":
                self._numbers.append(int(token.attrs.get("start", 1)))
            case "list_item_open":
                self._marks.append(self._next_mark())
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                if not self._numbers:
                    self._gap()
            case "list_item_close":
                self._marks.pop()
            case "blockquote_close":
                self._marks.pop()
                if self._lines and not self._lines[-1].strip(" >"):
                    self._lines.pop()
                    self._gap()

    def _next_mark(self) -> str:
        number = self._numbers[-1]
        if number is None:
            return "- "
        self._numbers[-1] = number + 1
        return f"{number}. "

    def _block(self, text: str, *, gap: bool) -> None:
        for line in text.split("\n"):
            self._lines.append("".join(self._marks) + line)
            # A list's mark stands on the first line only.
            self._marks = [mark if mark == "> " else " " * len(mark) for mark in self._marks]
        if gap:
            self._gap()

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip():
            self._lines.append("".join(mark for mark in self._marks if mark == "> "))


def _inline(children: Sequence[Token]) -> str:
    written, links = "", list[tuple[int, str]]()
    for child in children:
        match child.type:
            case "softbreak":
                written += " "
            case "hardbreak":
                written += "\n"
            case "link_open":
                links.append((len(written), str(child.attrs["href"])))
            case "link_close":
                begin, address = links.pop()
                if written[begin:] != address:
                    written += f": {address}"
            case _:
                written += child.content
    return written
