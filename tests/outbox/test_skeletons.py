"""A compiled message means what the email package would mean by the same values, whatever the personal parts are."""

import re
from email import message_from_bytes, policy
from html import escape
from time import perf_counter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kbadmin.clock import now
from kbadmin.outbox.messages import NotSendable, Sender, as_email, sender_lines, with_sender
from kbadmin.outbox.skeletons import Skeleton, slot
from kbadmin.smtp.wire_format import stuff

SENDER = Sender("news@example.com", "Zoë’s News", "answers@example.com")
MESSAGE_ID = "<abc-DEF_123@example.com>"
RECIPIENT = "reader@example.org"
NAME, LINK = slot("name"), slot("link")
SUBJECT = f"{NAME}, your news"
TEXT = f"Hello {NAME}, \n\n{NAME}{NAME}\n.\nünïcödé = {LINK} \n--\n{LINK}"
HTML = f'<p title="{NAME}">Hello {NAME}</p>\n<a href="{LINK}">ünsubscribe {"wörds " * 30}</a>{NAME}'
HEADERS = {
    "List-Unsubscribe": f"<{LINK}>, <mailto:stop@example.com>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "<subscriptions.kb.example.com>",
    "Precedence": "bulk",
}
URL = "https://kb.example.com/unsubscribe/" + "t0ken-_" * 20 + "?a=b&c=%20"
PARTS = {"name": "Anna", "link": "https://kb.example.com/u/short"}
NAMES = [
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    *HEADERS, "MIME-Version", "Content-Type",
]  # fmt: skip
NASTY = [
    "\r\n", "\n", "\r", "=", "=?utf-8?q?x?=", "=?", "?=", "é", "😀", "مرحبا", '"', "'", "<", "&", ".", " ", "\t",
    "a" * 80, "\0", "\ud800", "\u2028", "\x85", "\xa0", "From ", "=20", "%s", "{}", "--", "\ue000", slot("name")[:3],
]  # fmt: skip
anything = st.text(max_size=120) | st.lists(st.sampled_from(NASTY), max_size=12).map("".join)

skeleton = Skeleton.compile(SENDER, subject=SUBJECT, text=TEXT, html=HTML, headers=HEADERS)


def compiled(**changes):
    values = {"subject": "News", "text": "Hello\n", "html": "<p>Hello</p>", "headers": {}, **changes}
    return Skeleton.compile(values.pop("sender", SENDER), **values)


def filled(made=skeleton, recipient=RECIPIENT, message_id=MESSAGE_ID, **parts):
    return made.fill(recipient=recipient, message_id=message_id, parts=parts)


def names(content):
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0].decode() for line in head if not line.startswith((b" ", b"\t"))]


def header(content, name):
    return re.search(rb"(?m)^" + name.encode() + rb": (.*)\r$", content)[1].decode()


def read(content):
    parsed = message_from_bytes(content, policy=policy.default)
    bodies = [part.get_content().replace("\r\n", "\n") for part in parsed.iter_parts()]
    return parsed, bodies


def with_parts(template, values):
    whole = template
    for name, value in values.items():
        whole = whole.replace(slot(name), re.sub("\r\n?", "\n", value))
    return whole if whole.endswith("\n") and template.endswith("\n") else whole + "\n"


def check_wire_form(content):
    content.decode("ascii")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content)
    head, _, bodies = content.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    subject = re.search(rb"\nSubject: (?:[^\r]*\r\n )*[^\r]*", head)[0]
    assert all(len(line) <= 76 for line in subject.split(b"\n")[1:])
    assert all(len(line) <= 76 for line in bodies.split(b"\r\n"))
    assert not re.search(rb"(?m)[ \t]\r$", bodies), "white space at the end of a line may get lost"


@settings(max_examples=300)
@given(name=anything)
@example(name="")
@example(name='O\'Brien & <Sons> "Ltd"')
@example(name="Zoë " * 100)
@example(name="a b " * 100)
@example(name="x" * 3000)
@example(name="What is 2+2=?")
@example(name="مرحبا بك 😀")
def test_a_name_means_the_same_everywhere_or_is_refused(name):
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?[^?]*\?[^?]*\?", name):
        with pytest.raises(NotSendable, match="'name'"):
            filled(name=name, link=URL)
        return

    content = filled(name=name, link=URL)

    assert names(content) == NAMES
    check_wire_form(content)
    parsed, (text, html) = read(content)
    assert parsed["Subject"] == " ".join(SUBJECT.replace(NAME, name).split())
    assert text == with_parts(TEXT, {"name": name, "link": URL})
    assert html == with_parts(HTML, {"name": escape(name), "link": escape(URL)})


@settings(max_examples=300)
@given(value=anything, other=anything)
@example(value="\n", other="\r")
@example(value="two\r\nlines \r\n", other=".")
def test_a_part_of_the_bodies_may_be_any_text(value, other):
    values = {"a": value, "b": other}
    text = f"{slot('a')}{slot('b')}x{slot('a')}\n{slot('b')}\n"
    html = f"<b>{slot('a')}</b>{slot('b')}x"
    made = compiled(text=text, html=html)
    if re.search(r"[\0\ud800-\udfff]", value + other):
        with pytest.raises(NotSendable, match=r"'[ab]'"):
            filled(made, **values)
        return
    assume(not re.search("\r\n", re.sub("\r\n", "", value) + other))

    content = filled(made, **values)

    check_wire_form(content)
    _, bodies = read(content)
    assert bodies == [
        with_parts(text, values),
        with_parts(html, {name: escape(part) for name, part in values.items()}),
    ]


@settings(max_examples=300)
@given(subject=anything, text=anything, html=anything)
@example(subject="", text="", html="")
@example(subject="What is 2+2=?", text="=\r", html="\r\n\n")
@example(subject="long " * 60, text="x " * 2000, html="ü" * 3000)
@example(subject="a" * 70 + " b", text=" \n\t\n \t", html=".\r.\r\n.\n")
def test_what_readers_share_may_be_any_text_that_is_no_second_header(subject, text, html):
    if re.search(r"[\0\ud800-\udfff]", text + html) or re.search(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?[^?]*\?[^?]*\?", subject
    ):
        with pytest.raises(NotSendable):
            compiled(subject=subject, text=text, html=html)
        return

    content = filled(compiled(subject=subject, text=text, html=html))

    check_wire_form(content)
    assert names(content) == [name for name in NAMES if name not in HEADERS]
    parsed, bodies = read(content)
    assert parsed["Subject"] == " ".join(subject.split())
    lines = [re.sub("\r\n?", "\n", body) for body in (text, html)]
    assert bodies == [body if body.endswith("\n") else body + "\n" for body in lines]


@pytest.mark.parametrize(
    "values",
    [
        PARTS,
        {"name": "Zoë", "link": URL},
        {"name": "'quotes' \"and\" <angles>", "link": "https://kb.example.com/?a=b&c=d"},
        {"name": "ü" * 120, "link": URL},
    ],
)
def test_it_is_what_the_email_package_makes_of_the_same_values(values):
    def whole(template, parts):
        return template.replace(NAME, parts["name"]).replace(LINK, parts["link"])

    in_html = {name: escape(value) for name, value in values.items()}
    meant = as_email(
        SENDER,
        recipient=RECIPIENT,
        subject=whole(SUBJECT, values),
        text=whole(TEXT, values),
        html=whole(HTML, in_html),
        message_id=MESSAGE_ID,
    )
    for name, value in HEADERS.items():
        meant[name] = whole(value, values)

    content = filled(**values)

    (ours, our_bodies), (theirs, their_bodies) = read(content), read(meant.as_bytes())
    assert our_bodies == their_bodies
    assert sorted(ours.keys()) == sorted(theirs.keys())
    for name in ("From", "Reply-To", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"):
        assert (name, str(ours[name])) == (name, str(theirs[name]))
    assert [part.get_content_type() for part in ours.walk()] == [part.get_content_type() for part in theirs.walk()]
    assert {name: str(ours[name]) for name in HEADERS} == {name: meant[name] for name in HEADERS}


def test_the_address_for_unsubscribing_stands_on_one_line_as_it_is():
    content = filled(name="Zoë", link=URL)

    assert b"\r\nList-Unsubscribe: <" + URL.encode() + b">, <mailto:stop@example.com>\r\n" in content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


@pytest.mark.parametrize(
    "value",
    [
        "https://x.example/\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\tb", "a\x0bb", "a\x85b", "a\u2028b",
        "=?utf-8?q?Hi=0D=0ABcc:_x@y?=", "?utf-8?b?SGkNCkJjYzogeEB5?=", "=?", "é", "\ud800", "h" * 1000,
    ],
)  # fmt: skip
def test_what_cannot_stand_in_a_header_is_refused_by_the_name_of_its_slot_only(value):
    with pytest.raises(NotSendable, match="'link'") as refused:
        filled(name="Anna", link=value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y", "a\nb", "a\x0bb", "a\x85b", "\u2028", "=?utf-8?q?=0D=0ABcc:_x?="])
def test_what_cannot_stand_in_a_subject_is_refused(value):
    with pytest.raises(NotSendable, match="'name'"):
        filled(name=value, link=URL)


@pytest.mark.parametrize(
    ("subject", "written"),
    [
        ("Hello Anna", b"Hello Anna"),
        ("Hello Zo\u00eb", b"=?utf-8?b?SGVsbG8gWm/Dqw==?="),
        ("What is 2+2=?", b"=?utf-8?b?V2hhdCBpcyAyKzI9Pw==?="),  # Some readers look for the end of what begins there.
        ("word " * 30, b"word word word word word word word word word word word word word\r\n word"),
    ],
)
def test_a_subject_is_encoded_only_where_it_must_be(subject, written):
    assert b"\r\nSubject: " + written in filled(compiled(subject=slot("subject")), subject=subject)


def test_parts_cannot_make_an_encoded_word_together():
    made = compiled(subject=f"{slot('a')}{slot('b')}")
    with pytest.raises(NotSendable, match="subject"):
        filled(made, a="=?utf-8", b="?q?=0ABcc:_x?=")

    made = compiled(headers={"X-Two": f"={slot('a')}{slot('b')}"})
    with pytest.raises(NotSendable, match="'a'"):
        filled(made, a="?utf-8", b="?q?=0ABcc:_x?=")


@pytest.mark.parametrize("parts", [{}, {"name": "Anna"}, {**PARTS, "other": "x"}, {"name": "Anna", "lunk": "x"}])
def test_missing_and_unknown_parts_are_refused(parts):
    with pytest.raises(NotSendable, match="link"):
        filled(**parts)


@settings(max_examples=50)
@given(name=anything)
def test_a_stored_skeleton_makes_the_same_message(name):
    stored = Skeleton.from_bytes(skeleton.to_bytes())
    assert stored == skeleton
    assert stored.names == skeleton.names == {"name", "link"}
    assert not set(skeleton.to_bytes().decode("ascii")) & set(NAME)

    def result(made):
        try:
            return re.sub(rb"\nDate: .*\n", b"\n", filled(made, name=name, link=URL))
        except NotSendable as refused:
            return str(refused)

    assert result(stored) == result(skeleton)


def test_something_else_that_was_stored_is_no_skeleton():
    with pytest.raises(ValueError):
        Skeleton.from_bytes(b"[2,[],[],[]]")


def test_a_skeleton_does_not_show_its_content_in_logs():
    assert "Hello" not in repr(skeleton)


def test_without_slots_each_message_is_the_same_but_for_its_reader(clock):
    made = compiled(subject="Nüws")

    content = filled(made)

    assert made.names == frozenset()
    assert header(content, "To") == RECIPIENT
    assert header(content, "Message-ID") == MESSAGE_ID
    parsed, _ = read(content)
    assert parsed["Subject"] == "Nüws"
    assert parsed["Date"].datetime == now().replace(microsecond=0)


@pytest.mark.parametrize(
    "address", ["o'brien+tag@example.org", '"a b"@c.example', "a@localhost", "x" * 64 + "@" + "y" * 60 + ".example"]
)
def test_the_reader_is_addressed_as_given(address):
    content = filled(recipient=address, **PARTS)

    assert header(content, "To") == address
    assert read(content)[0]["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    "address",
    [
        "", "no-address", "a@b@c", "a@b.example, c@d.example", "a@b.example\r\nBcc: x@y.example", "a@b.example\n",
        "jörg@example.org", "a@müller.example", "=?utf-8?q?x=0D=0ABcc:_e@e?=@x.example", "A <a@b.example>",
        "a" * 300 + "@b.example",
    ],
)  # fmt: skip
def test_a_reader_without_one_plain_address_is_refused(address):
    with pytest.raises(NotSendable, match="recipient"):
        filled(recipient=address, **PARTS)


@pytest.mark.parametrize("message_id", ["", "abc@example.com", "<a@b>\r\nBcc: x@y", "<a@b>\n", "<a b@c>", "<é@x>"])
def test_a_message_id_must_be_one(message_id):
    with pytest.raises(NotSendable, match="message id"):
        filled(message_id=message_id, **PARTS)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\x0bb"},
        {"subject": "=?utf-8?q?Hi=0D=0ABcc:_x@y?="},
        {"text": "a\0b"},
        {"html": "\ud800"},
        {"headers": {"Subject": "x"}},
        {"headers": {"bcc": "x@y.example"}},
        {"headers": {"X Y": "x"}},
        {"headers": {"X-A:\r\nBcc": "x"}},
        {"headers": {"X-A": "1", "x-a": "2"}},
        {"headers": {"X-A": "a\r\nBcc: x@y"}},
        {"headers": {"X-A": "é"}},
        {"headers": {"X-A": "=?utf-8?q?=0D=0ABcc:_x?="}},
        {"headers": {"X-A": "x" * 1000}},
        {"headers": {"X-A": "x" * 930 + slot("a")}},
        {"sender": Sender("a@b.example\r\nBcc: x@y.example")},
        {"sender": Sender("a@b.example", "x\r\nBcc: x@y.example")},
        {"sender": Sender("a@b.example", "=?utf-8?q?Hi=0D=0ABcc:_x@y?=")},
        {"text": "x" * 300_000},
        {"text": slot("name")[:-1]},
        {"html": f"<a href={slot('a')}>x</a>"},
        {"html": f'<a href="x" {slot("a")}>x</a>'},
    ],
)
def test_what_would_not_be_the_message_it_seems_is_not_compiled(changes):
    with pytest.raises(NotSendable):
        compiled(**changes)


def test_a_message_that_grows_too_large_is_refused():
    with pytest.raises(NotSendable, match="256 KiB"):
        filled(compiled(text=slot("a")), a="x" * 300_000)


def test_nobody_can_write_a_slot_by_hand():
    content = filled(compiled(text="\ue06e\ue061\ue06d\ue065 {name} %(name)s \ue000name\ue0ff\n"))

    assert read(content)[1][0] == "\ue06e\ue061\ue06d\ue065 {name} %(name)s \ue000name\ue0ff\n"
    with pytest.raises(ValueError):
        slot("Not a name")


@pytest.mark.parametrize("name", [None, "Ms Other", "Ä very long näme, " * 12, '"quotes"', "long " * 30])
@pytest.mark.parametrize("reply_to", [None, "other-answers@example.net", "a" * 60 + "@" + "b" * 50 + ".example"])
def test_a_filled_message_can_leave_with_a_corrected_sender(name, reply_to):
    corrected = Sender("corrected@example.net", name, reply_to)
    content = filled(**PARTS)

    changed = with_sender(content, sender_lines(corrected))

    assert changed == sender_lines(corrected) + content.partition(b"To: answers@example.com\r\n")[2]
    assert with_sender(changed, sender_lines(SENDER)) == content
    assert with_sender(changed, sender_lines(corrected)) is changed


@pytest.mark.long
def test_filling_costs_a_small_part_of_building():
    article = '<p>Article <a href="https://kb.example.com/articles/1">of today</a>: how to do ünusual things</p>\n'
    articles = article * 36
    made = compiled(text=TEXT + articles[:2500], html=HTML + articles, headers=HEADERS)

    def build():
        as_email(
            SENDER, recipient=RECIPIENT, subject="News", text=TEXT + articles[:2500], html=HTML + articles,
            message_id=MESSAGE_ID,
        ).as_bytes()  # fmt: skip

    def seconds(action, times):
        begun = perf_counter()
        for _ in range(times):
            action()
        return (perf_counter() - begun) / times

    rounds = [(seconds(build, 30), seconds(lambda: filled(made, **PARTS), 3000)) for _ in range(9)]
    building, filling = (sorted(figures)[4] for figures in zip(*rounds, strict=True))
    print(f"build {building * 1e6:.0f} µs, fill {filling * 1e6:.1f} µs: {building / filling:.0f} x")
    assert building / filling > 100


@settings(max_examples=100)
@given(value=st.text(alphabet=st.characters(codec="ascii", exclude_characters="\0"), max_size=200))
@example(value=".")
@example(value="..first\n.second")
@example(value="a" * 75 + ".b")
def test_stuffed_it_is_what_the_transport_would_have_made_of_it(value):
    skeleton = Skeleton.compile(SENDER, subject="News", text=f"{NAME}\n.\n..\n{NAME}", html=f"<p>.\n{NAME}</p>.")
    told = {"recipient": RECIPIENT, "message_id": MESSAGE_ID, "parts": {"name": value}}
    stuffed, plain = skeleton.fill_stuffed(**told), stuff(skeleton.fill(**told))
    if stuffed is None:
        assert any(line.startswith(".") for line in value.splitlines()) or "." in value
        return
    assert (stuffed[0] + b".\r\n", stuffed[1]) == (plain.data, plain.size)
