"""What a server's EHLO offers, and what a message needs of it (RFC 1870 SIZE, RFC 6152, RFC 6531)."""

from collections.abc import Iterable, Mapping

from kbadmin.smtp.failures import Stage, SubmissionFailed
from kbadmin.smtp.wire_format import Stuffed, require_address


def read_extensions(lines: Iterable[str]) -> Mapping[str, str]:
    """Keywords in capitals with their parameters, from the lines of an EHLO answer after the first."""
    return dict(_extension(line) for line in lines)


class MailCommand:
    """MAIL FROM for one sender on one connection: what is the same for each message is worked out once.

    Raises ValueError for a sender that is not one plain address. An empty one is the null sender.
    """

    def __init__(self, extensions: Mapping[str, str], envelope_from: str) -> None:
        if envelope_from:
            require_address(envelope_from)
        self._begin = f"MAIL FROM:<{envelope_from}>".encode()
        self._is_ascii = envelope_from.isascii()
        limit = extensions.get("SIZE", "")
        self._limit = int(limit) if limit.isascii() and limit.isdigit() else 0
        self._has_size = "SIZE" in extensions
        self._has_8bitmime = "8BITMIME" in extensions
        self._has_smtputf8 = "SMTPUTF8" in extensions

    def line(self, recipient: str, content: Stuffed) -> bytes:
        """The command for this message, without its end; raises :class:`SubmissionFailed` if the server
        cannot take the message.
        """
        if 0 < self._limit < content.size:
            raise SubmissionFailed(Stage.MESSAGE, "too_large", detail=f"{content.size} bytes of {self._limit}")
        line = b"%b SIZE=%d" % (self._begin, content.size) if self._has_size else self._begin
        if not content.is_ascii:
            if not self._has_8bitmime:
                raise SubmissionFailed(Stage.MESSAGE, "8bitmime_not_offered")
            line += b" BODY=8BITMIME"
        if not (self._is_ascii and recipient.isascii()):
            if not self._has_smtputf8:
                raise SubmissionFailed(Stage.RECIPIENT if self._is_ascii else Stage.SENDER, "smtputf8_not_offered")
            line += b" SMTPUTF8"
        return line


def _extension(line: str) -> tuple[str, str]:
    # Some old servers write AUTH=LOGIN for AUTH LOGIN.
    keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
    return keyword.upper(), parameters.strip()
