"""The Mailbox: what the demo's mail server kept, on pages and as JSON."""

import threading

import pytest

from kbadmin.demo.mailbox import MailboxStore
from kbadmin.demo.mailbox_pages import make_mailbox_app
from kbadmin.demo.troubles import Trouble, Troubles

HTML_MESSAGE = b"""\
From: Support <support@example.com>\r
To: reader@example.com\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
\r
Open https://kb.example.com/set-password/abc.\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<p style="color:red">Hello</p><script>alert(1)</script><img src="https://tracker.example.net/p.gif">\r
<a href="https://kb.example.com/a?b=1&amp;c=2">open</a>\r
--b--\r
"""


@pytest.fixture
def store():
    store = MailboxStore()
    yield store
    store.close()


def keep(store, subject="Hello", to="reader@example.com", raw=None):
    raw = raw or f"From: support@example.com\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nText of {subject}\r\n".encode()
    return store.keep(mail_from="support@example.com", recipients=[to], raw=raw, via="STARTTLS (TLSv1.3), no sign-in")


def test_an_empty_mailbox_says_what_to_do(store):
    page = make_mailbox_app(store).test_client().get("/")
    assert "Send a test e-mail" in page.text


def test_mail_survives_a_restart_and_the_oldest_goes_first(tmp_path):
    store = MailboxStore(tmp_path, kept=3)
    for number in range(5):
        keep(store, f"Message {number}")
    store.close()
    store = MailboxStore(tmp_path, kept=3)
    assert [message.subject for message in store.messages()] == ["Message 4", "Message 3", "Message 2"]
    store.close()


def test_many_senders_may_write_at_once(store):
    threads = [threading.Thread(target=keep, args=(store, f"From thread {number}")) for number in range(20)]
    for thread in threads:
        thread.start()
    assert len(store.wait_for(20)) == 20
    for thread in threads:
        thread.join()


def test_waiting_for_mail_that_does_not_come_ends(store):
    with pytest.raises(TimeoutError, match="0 of 1"):
        store.wait_for(1, seconds=0.1)


def test_the_list_is_searched_by_recipient_and_subject_and_paged(store):
    for number in range(30):
        keep(store, f"Digest {number:02}", to=f"reader{number}@example.com")
    client = make_mailbox_app(store).test_client()
    first = client.get("/").text
    assert "Digest 29" in first
    assert "Digest 04" not in first
    older = client.get("/?before=6").text
    assert "Digest 04" in older
    assert "Newer" in older
    newer = client.get("/?after=5").text
    assert "Digest 05" in newer
    assert "Digest 29" in newer
    assert "Digest 30" not in newer
    found = client.get("/?q=reader7@").text
    assert "Digest 07" in found
    assert "Digest 08" not in found
    assert "Nothing matches" in client.get("/?q=%25").text


def test_a_message_shows_html_in_a_sandbox_that_runs_and_fetches_nothing(store):
    number = keep(store, raw=HTML_MESSAGE)
    client = make_mailbox_app(store).test_client()
    page = client.get(f"/messages/{number}")
    assert "Grüße" in page.text
    assert '<iframe class="demo-frame" sandbox=""' in page.text
    assert "<script>alert" not in page.text
    body = client.get(f"/messages/{number}/body")
    policy = body.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy


def test_a_message_shows_its_text_headers_source_and_links(store):
    number = keep(store, raw=HTML_MESSAGE)
    client = make_mailbox_app(store).test_client()
    text = client.get(f"/messages/{number}?view=text").text
    assert 'href="https://kb.example.com/set-password/abc"' in text
    assert 'href="https://kb.example.com/a?b=1&amp;c=2"' in text
    assert "tracker.example.net" not in text
    assert "Grüße" in client.get(f"/messages/{number}?view=headers").text
    assert "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" in client.get(f"/messages/{number}?view=source").text
    download = client.get(f"/messages/{number}.eml")
    assert download.data == HTML_MESSAGE
    assert download.mimetype == "message/rfc822"
    assert client.get(f"/messages/{number}?view=other").status_code == 404
    assert client.get("/messages/99").status_code == 404


def test_broken_messages_are_shown_all_the_same(store):
    raw = b"Subject: \xff\xfe\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\n\xff body\r\n"
    number = keep(store, raw=raw)
    client = make_mailbox_app(store).test_client()
    for view in ("html", "text", "headers", "source"):
        assert client.get(f"/messages/{number}?view={view}").status_code == 200
    assert client.get("/messages.json").status_code == 200


def test_scripts_read_the_mailbox_as_json(store):
    keep(store, "First")
    keep(store, raw=HTML_MESSAGE)
    found = make_mailbox_app(store).test_client().get("/messages.json?limit=1").json["messages"]
    assert [message["subject"] for message in found] == ["Grüße"]
    assert found[0]["recipients"] == ["reader@example.com"]
    assert found[0]["links"][0] == "https://kb.example.com/set-password/abc"


def test_all_mail_is_deleted_by_our_own_button_only(store):
    keep(store)
    client = make_mailbox_app(store).test_client()
    assert client.post("/delete-all", headers={"Origin": "https://evil.example.net"}).status_code == 403
    assert store.count() == 1
    assert client.post("/delete-all", headers={"Origin": "http://localhost"}).status_code == 303
    assert store.count() == 0


def test_another_host_name_is_not_answered(store):
    assert make_mailbox_app(store).test_client().get("/", base_url="http://evil.example.net").status_code == 400


def test_a_visitor_gives_a_mailbox_a_trouble_and_takes_it_back(store):
    troubles = Troubles()
    client = make_mailbox_app(store, troubles=troubles, mailboxes=["support@example.com"]).test_client()
    client.post("/troubles", data={"mailbox": "support@example.com", "trouble": "mailbox_full"})
    assert troubles.of("Support@example.com") is Trouble.MAILBOX_FULL
    assert "The mailbox is full</option>" in client.get("/").text
    client.post("/troubles", data={"mailbox": "support@example.com", "trouble": ""})
    assert troubles.of("support@example.com") is None
