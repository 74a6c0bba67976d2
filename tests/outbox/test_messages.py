"""Nothing in a name or a subject becomes a header of its own, and what is composed may go over any wire."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kbadmin.outbox.messages import NotSendable, Sender, compose, sender_lines, with_sender

HEADERS = [
    "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To",
    "X-Auto-Response-Suppress",
]  # fmt: skip
INJECTIONS = [
    "=?utf-8?q?Hi=0D=0ABcc:_x@y?=",
    "=?utf-8?b?SGkNCkJjYzogeEB5?=",
    "=?utf-8?q?Hi=0ABcc:_x@y?=",
    "=?utf-8?q?Hi=0DBcc:_x@y?=",
    "=?iso-8859-1?Q?=0D=0A=0D=0Abody?=",
    "a =?utf-8?q?=0D=0ABcc:_x@y?= b",
    "Hi\r\nBcc: x@y",
    "Hi\nBcc: x@y",
    "Hi\rBcc: x@y",
    "Hi\x0bBcc: x@y",
    "Hi\x0cBcc: x@y",
    "Hi\x85Bcc: x@y",
    "Hi\u2028Bcc: x@y",
    "Hi\x00",
    "\ud800",
]
SENDER = Sender("support@example.com", "Support", "answers@example.com")


def composed(**changes):
    values = {"recipient": "reader@example.org", "subject": "Hello", "text": "Hello\n", "html": "<p>Hello</p>"}
    return compose(changes.pop("sender", SENDER), **{**values, **changes}).content


def header_names(content):
    """Read by hand, so that no parser's kindness hides a line."""
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return sorted(line.partition(b":")[0].decode() for line in head if not line.startswith((b" ", b"\t")))


@pytest.mark.parametrize(
    "piece", ["<ceo@bank.example> ", "ceo@bank.example, ", "(note) a@b.example; ", "Ä <a@b.example>, "]
)
def test_no_part_of_a_long_name_becomes_an_address(piece):
    """The email package forgets the quotes of some names when it folds them."""
    for length in range(30, 121, 6):
        name = (piece * 8)[:length].strip()
        content = composed(sender=Sender(SENDER.address, name))
        [author] = message_from_bytes(content, policy=policy.SMTP)["From"].addresses
        assert author.addr_spec == SENDER.address
        if name.isascii():
            assert author.display_name == name
        assert content.startswith(sender_lines(Sender(SENDER.address, name)))


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("where", ["subject", "name"])
def test_an_injection_is_refused_or_harmless(text, where):
    try:
        content = composed(
            **({"subject": text} if where == "subject" else {"sender": Sender(SENDER.address, text, "a@b.example")})
        )
    except NotSendable:
        return
    assert header_names(content) == HEADERS
    assert b"\nBcc" not in content.replace(b"\r", b"\n")


anything = st.text(max_size=200) | st.lists(st.sampled_from([*INJECTIONS, "a", " ", '"', "<", ">", ",", ";", "é"])).map(
    "".join
)


@settings(max_examples=300)
@given(name=anything, subject=anything, text=anything)
@example(name="\r\n", subject="=?", text=".\r\n.\r\n")
def test_the_list_of_headers_is_always_the_same(name, subject, text):
    try:
        content = composed(sender=Sender(SENDER.address, name, SENDER.reply_to), subject=subject, text=text)
    except NotSendable:
        return
    assert header_names(content) == HEADERS
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    content.decode("ascii")


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "", "no-address", "a@b@c"]
)
@pytest.mark.parametrize("where", ["recipient", "sender", "reply_to"])
def test_an_address_that_is_not_one_address_is_refused(address, where):
    sender = {"sender": Sender(address), "reply_to": Sender(SENDER.address, None, address)}.get(where, SENDER)
    if where == "reply_to" and not address:
        return

    with pytest.raises(NotSendable):
        composed(sender=sender, **({"recipient": address} if where == "recipient" else {}))


@pytest.mark.parametrize(
    "name", ["Zoë", "😀", "مرحبا", '"quotes", and; <angles>', "Müller, Anna", "a" * 120, "ü" * 120]
)
def test_a_name_arrives_as_it_was_given(name):
    content = composed(sender=Sender(SENDER.address, name, SENDER.reply_to))

    # RFC 2047 §6.2: white space between two encoded words does not count; the old parser knows that everywhere.
    shown, address = parseaddr(str(message_from_bytes(content)["From"]))
    assert (str(make_header(decode_header(shown))), address) == (name, SENDER.address)


@pytest.mark.parametrize("subject", ["Test e-mail", "Prüfung " * 20, "😀", "long " * 60])
def test_a_subject_arrives_as_it_was_given(subject):
    parsed = message_from_bytes(composed(subject=subject.strip()), policy=policy.default)

    assert parsed["Subject"] == subject.strip()


@pytest.mark.parametrize(
    "body", [".\r\n.\r\nMAIL FROM:<x@y>", "a\rb\nc\r\nd", "\n.\n", "x" * 5000, "From me\n", "ü" * 3000]
)
def test_a_body_arrives_as_it_was_given(body):
    parsed = message_from_bytes(composed(text=body), policy=policy.default)
    text = parsed.get_body(("plain",)).get_content()
    assert text.replace("\r\n", "\n").strip() == body.replace("\r\n", "\n").replace("\r", "\n").strip()


def test_it_says_that_a_machine_wrote_it_and_carries_both_forms():
    parsed = message_from_bytes(composed(), policy=policy.default)

    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["X-Auto-Response-Suppress"] == "All"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert parsed["Message-ID"].endswith("@example.com>")


def test_a_message_that_is_too_large_is_refused():
    with pytest.raises(NotSendable, match="256 KiB"):
        composed(text="x" * 300_000)


SENDERS = [
    Sender("support@example.com"),
    Sender("support@example.com", "Support"),
    Sender("support@example.com", "Support", "answers@example.com"),
    Sender("corrected@example.net", None, "support@example.com"),
    Sender("corrected@example.net", "Ä very long näme, " * 12, "a" * 60 + "@" + "b" * 50 + ".example"),
    Sender("corrected@example.net", "plain words " * 20),
    Sender("corrected@example.net", '"quotes", and; <angles> 😀'),
]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_message_begins_with_the_lines_of_its_sender(sender):
    content = composed(sender=sender)

    assert content.startswith(sender_lines(sender) + b"To: reader@example.org\r\nSubject: ")
    assert with_sender(content, sender_lines(sender)) is content


@pytest.mark.parametrize("queued", SENDERS)
@pytest.mark.parametrize("corrected", SENDERS)
def test_a_queued_message_can_leave_with_a_corrected_sender(queued, corrected):
    text = "From: me\r\nReply-To: you\r\n\r\nFrom: them\r\n"
    content = composed(sender=queued, text=text)

    changed = with_sender(content, sender_lines(corrected))

    rest = content.removeprefix(sender_lines(queued))
    assert changed == sender_lines(corrected) + rest
    assert header_names(changed) == [name for name in HEADERS if name != "Reply-To" or corrected.reply_to]


def test_a_sender_is_corrected_wherever_an_older_version_wrote_its_lines():
    older = b"From: A\r\n <a@x.example>\r\nTo: b@x.example\r\nReply-To: c@x.example\r\nSubject: x\r\n\r\nFrom: b\r\n"

    assert with_sender(older, b"From: d@x.example\r\n") == (
        b"From: d@x.example\r\nTo: b@x.example\r\nSubject: x\r\n\r\nFrom: b\r\n"
    )


def test_a_longer_name_that_begins_the_same_is_another_sender():
    content = b"From: A\r\n B <a@x.example>\r\nTo: b@x.example\r\n\r\n"

    assert with_sender(content, b"From: A\r\n") == b"From: A\r\nTo: b@x.example\r\n\r\n"


@pytest.mark.parametrize("text", INJECTIONS)
def test_the_lines_of_a_sender_hold_no_other_header(text):
    with pytest.raises(NotSendable):
        sender_lines(Sender("a@b.example", text, "c@d.example"))
