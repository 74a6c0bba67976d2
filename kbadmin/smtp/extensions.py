"""What a server's EHLO offers, and what a message needs of it (RFC 1870 SIZE, RFC 6152, RFC 6531)."""

from collections.abc import Iterable, Mapping

from kbadmin.smtp.failures import Stage, SubmissionFailed


def read_extensions(lines: Iterable[str]) -> Mapping[str, str]:
    """Keywords in capitals with their parameters, from the lines of an EHLO answer after the first."""
    return dict(_extension(line) for line in lines)


def mail_parameters(
    extensions: Mapping[str, str], envelope_from: str, recipient: str, message: bytes
) -> tuple[str, ...]:
    """The parameters of MAIL FROM; raises :class:`SubmissionFailed` if the server cannot take the message."""
    limit = extensions.get("SIZE", "")
    if limit.isascii() and limit.isdigit() and 0 < int(limit) < len(message):
        raise SubmissionFailed(Stage.MESSAGE, "too_large", detail=f"{len(message)} bytes of {limit}")
    for address, stage in ((envelope_from, Stage.SENDER), (recipient, Stage.RECIPIENT)):
        if not address.isascii() and "SMTPUTF8" not in extensions:
            raise SubmissionFailed(stage, "smtputf8_not_offered")
    if not message.isascii() and "8BITMIME" not in extensions:
        raise SubmissionFailed(Stage.MESSAGE, "8bitmime_not_offered")
    wanted = {
        f"SIZE={len(message)}": "SIZE" in extensions,
        "BODY=8BITMIME": not message.isascii(),
        "SMTPUTF8": not (envelope_from + recipient).isascii(),
    }
    return tuple(parameter for parameter, is_wanted in wanted.items() if is_wanted)


def _extension(line: str) -> tuple[str, str]:
    # Some old servers write AUTH=LOGIN for AUTH LOGIN.
    keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
    return keyword.upper(), parameters.strip()
