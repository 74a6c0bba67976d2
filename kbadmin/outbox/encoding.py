"""Text as it stands in a message of 7-bit lines: quoted-printable for bodies, encoded words for a subject.

The email package does the same at a hundred times the price, which is too much for each of 10,000 readers; tests
compare the two.
"""

import re
import textwrap
from base64 import b64encode
from collections.abc import Iterator

ROOM = 75  # What fits on a line of 76 (RFC 2045 §6.7, RFC 2047 §2) before the "=" or the line break.

_SUBJECT_ROOM = ROOM - len("Subject: ")
_WORD_BYTES = 39  # 52 characters in base64, 64 as an encoded word, 73 after "Subject: ".
_LINE_END = re.compile(r"\r\n?")
_QUOTED = {byte: f"={byte:02X}" for byte in range(256) if not 32 <= byte <= 126 and byte != ord("\t")}
_LINE = re.compile(rf".{{1,{ROOM}}}(?<!=)(?<!=.)")  # Not cut inside =C3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[^?]*\?")
_FOLDABLE = re.compile(rf"[!-~]{{1,{_SUBJECT_ROOM}}}(?: [!-~]{{1,{_SUBJECT_ROOM}}})*")


def with_plain_line_ends(text: str) -> str:
    """Each of CR LF, CR and LF as LF."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


def quoted_printable(text: str) -> str:
    """Lines of at most 76 characters, ended by CRLF (RFC 2045 §6.7). Raises UnicodeEncodeError for half a character."""
    return "\r\n".join(_quoted_line(line) for line in with_plain_line_ends(text).split("\n"))


def _quoted_line(line: str) -> str:
    quoted = line.replace("=", "=3D")
    if not is_printable_ascii(quoted):
        quoted = quoted.encode().decode("latin-1").translate(_QUOTED)
    if quoted.endswith((" ", "\t")):  # A server on the way may cut them off.
        quoted = f"{quoted[:-1]}={ord(quoted[-1]):02X}"
    if len(quoted) <= ROOM:
        return quoted
    return "=\r\n".join(_LINE.findall(quoted)) if "=" in quoted else softly_broken(quoted)


def softly_broken(text: str) -> str:
    """Text that is quoted-printable as it is, without ``=``, on lines of 76."""
    return "=\r\n".join([text[start : start + ROOM] for start in range(0, len(text), ROOM)])


def is_printable_ascii(text: str) -> bool:
    """Whether each character is one of U+0020 to U+007E."""
    return text.isascii() and text.isprintable()


def cannot_stand_in_headers(text: str) -> str | None:
    """Why text from outside may not stand in a header, if so.

    An encoded word is refused although it would be harmless as we write it: others decode and write it again.
    """
    if _CONTROL.search(text):
        return "holds a line break or another control character"
    if _ENCODED_WORD.search(text):
        return "holds an encoded word"
    return None


def subject_value(text: str) -> str:
    """What stands after ``Subject:``, white space as single spaces, folded, encoded only where ASCII cannot say it."""
    text = " ".join(text.split())
    if "=?" in text or not _FOLDABLE.fullmatch(text):
        return "\r\n ".join(_encoded_words(text))
    if len(text) <= _SUBJECT_ROOM:
        return text
    return "\r\n ".join(textwrap.wrap(text, _SUBJECT_ROOM, break_on_hyphens=False, break_long_words=False))


def _encoded_words(text: str) -> Iterator[str]:
    word = b""
    for character in map(str.encode, text):
        if len(word) + len(character) > _WORD_BYTES:
            yield _encoded_word(word)
            word = b""
        word += character
    yield _encoded_word(word) if word else ""


def _encoded_word(word: bytes) -> str:
    return f"=?utf-8?b?{b64encode(word).decode()}?="
