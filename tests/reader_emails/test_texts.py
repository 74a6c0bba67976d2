"""What a welcome and a reset say: the tenant's words with merge fields, for the account or for one knowledge base."""

import pytest

from kbadmin.audit.operations import Actor
from kbadmin.clock import now as clock_now
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import operations as knowledge_bases
from kbadmin.knowledge_bases.models import Audience
from kbadmin.outbox.models import Kind, OutboxMessage, Status
from tests.browser import Browser
from tests.databases import both_databases
from tests.delivery.outbox import make_service
from tests.factories import inside, signed_in
from tests.reader_emails.test_settings import choose
from tests.reader_emails.test_welcomes import add_reader, links_in, set_password, work
from tests.smtp.rows import change

TEXTS = "/readers/settings/texts"
WORDS = (
    "# Hi {{first_name}}\n\n[Start]({{set_password_link}})\n\nYou are {{email}} at {{company}}, for {{link_lifetime}}."
)


@pytest.fixture
def service(app, account, world):
    found = make_service(app, account, port=world.relay.port, name="Company relay", tested_at=clock_now())
    choose(app, account, found)
    return found


def knowledge_base(app, account, name="Help"):
    with inside(app, account), unit_of_work():
        return knowledge_bases.create(name=name, time_zone="UTC", audience=Audience.READERS, actor=Actor(None, "t")).id


def stop(app, account, service, *, at=True):
    with inside(app, account):
        change(service, paused_at=clock_now() if at else None)


def write(browser, kind="welcome", *, body=WORDS, of=None, **values):
    form = browser.open(f"{TEXTS}/{kind}" + (f"?knowledge_base={of}" if of else "")).form("Save").fill("Text", body)
    for label, value in values.items():
        form.fill(label.replace("_", " "), value)
    return form.press()


@both_databases
def test_a_welcome_says_what_the_account_wrote(app, account, owner_browser, service, worker, world):
    page = write(owner_browser, Subject="Hi {{first_name}}", From_Name="The Helpers", Reply_To="ask@example.net")
    assert page.messages == ["Welcome saved. What waits in the queue already says what it said."]
    add_reader(owner_browser)
    work(worker)
    [letter] = world.mailbox.messages()
    assert letter.subject == "Hi Rita"
    assert "From: The Helpers <kb@example.com>" in letter.source
    assert "Reply-To: ask@example.net" in letter.source
    assert f"You are rita@example.org at {account.name}, for 72 hours." in " ".join(letter.text.split())
    [link] = links_in(world, subject="Hi")
    assert set_password(app, link).title != "Set a password"


def test_a_knowledge_base_has_words_and_a_service_of_its_own(app, account, owner_browser, service, worker, world):
    help_id = knowledge_base(app, account)
    own = make_service(
        app, account, port=world.relay.port, name="Help relay", tested_at=clock_now(), send_from_name="Help itself"
    )
    page = owner_browser.open(f"{TEXTS}?knowledge_base={help_id}")
    assert page.form("Save").select("Custom SMTP", "Help relay").press().messages == ["Reader e-mail settings saved."]
    write(owner_browser, of=help_id, Subject="Welcome to Help")
    add_reader(owner_browser)
    work(worker)
    [letter] = world.mailbox.messages()
    assert letter.subject == "Welcome to Help"
    assert "From: Help itself <kb@example.com>" in letter.source
    page = owner_browser.open(f"/smtp/{own}/delete")
    assert "Reader e-mails of Help" in page.text
    assert "The account’s words" not in owner_browser.open(f"{TEXTS}?knowledge_base={help_id}").text


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(owner_browser):
    page = write(owner_browser, body="Hello {{nobody}}", Subject="{{set_password_link}}")
    assert [error.split(" ")[0] for error in page.errors] == ["There", "There"]
    assert "Add {{set_password_link}}" in page.errors[1]
    assert page.form("Save").value("Text") == "Hello {{nobody}}"
    assert "Our words" in owner_browser.open(TEXTS).text


def test_what_is_typed_is_shown_as_html_and_as_text_without_being_saved(owner_browser):
    page = owner_browser.open(f"{TEXTS}/reset")
    token = page.soup.select_one("input[name=csrf_token]")["value"]
    typed = {
        "csrf_token": token,
        "subject": "For {{first_name}}",
        "body": "**Hello** {{email}} {{set_password_link}} for {{link_lifetime}}",
    }
    shown = owner_browser.client.post(f"{TEXTS}/reset/preview", data=typed | {"view": "html"})
    assert "<strong>Hello</strong> zoe@example.com" in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    shown = owner_browser.client.post(f"{TEXTS}/reset/preview", data=typed | {"view": "text"})
    assert shown.text.startswith("Subject: For Zoë\n\nHello zoe@example.com http://localhost/kb/")
    assert shown.text.endswith(" for 60 minutes\n")
    shown = owner_browser.client.post(f"{TEXTS}/reset/preview", data=typed | {"body": "{{no}}"})
    assert (shown.status_code, shown.mimetype) == (422, "text/plain")
    assert "Our words" in owner_browser.open(TEXTS).text


def test_the_default_comes_back_after_asking(owner_browser):
    write(owner_browser)
    page = owner_browser.open(f"{TEXTS}/welcome").click("Back to Default")
    assert "has given you access to" in page.text
    assert page.press("Delete My Text").messages == ["The default text is back."]
    assert "Choose a password" in owner_browser.open(f"{TEXTS}/welcome").form("Save").value("Text")


def test_a_copy_goes_to_whoever_wrote(account, owner_browser, service, worker, world):
    write(owner_browser, Subject="A copy for {{first_name}}", From_Name="The Helpers", Reply_To="ask@example.net")
    owner_browser.open(f"{TEXTS}/welcome").press("Send Me a Copy")
    worker.drain()
    [letter] = world.mailbox.messages()
    assert (letter.subject, letter.recipients) == ("A copy for Zoë", (account.owner.email,))
    assert "From: The Helpers <kb@example.com>" in letter.source
    assert "Reply-To: ask@example.net" in letter.source


@both_databases
def test_a_link_is_made_when_its_letter_leaves(app, account, owner_browser, service, worker, world, clock):
    stop(app, account, service)
    add_reader(owner_browser)
    work(worker)
    assert links_in(world) == []
    clock.advance(hours=100)
    stop(app, account, service, at=None)
    work(worker)
    [link] = links_in(world)
    clock.advance(hours=71)
    assert set_password(app, link).title != "Set a password"


def test_letters_that_wait_are_cancelled_when_their_reader_changes(app, account, owner_browser, service, worker, world):
    stop(app, account, service)
    add_reader(owner_browser)
    with inside(app, account):
        [message] = db.session.query(OutboxMessage).filter_by(kind=Kind.WELCOME)
        reader_id = message.link_subject_id
    owner_browser.open(f"/readers/{reader_id}").form("Save").fill("E-mail Address", "other@example.org").press()
    with inside(app, account):
        [message] = db.session.query(OutboxMessage).filter_by(kind=Kind.WELCOME)
        assert (message.status, message.content_sealed, message.parts_sealed) == (Status.CANCELLED, None, None)


def test_another_account_writes_its_own(app, two_accounts):
    one, other = two_accounts
    help_id = knowledge_base(app, one)
    write(signed_in(app, one.owner), Subject="Ours")
    stranger = signed_in(app, other.owner)
    assert "Ours" not in stranger.open(f"{TEXTS}/welcome").form("Save").value("Subject")
    stranger.open(f"{TEXTS}/welcome?knowledge_base={help_id}", status=404)


def test_a_reset_that_is_asked_for_at_a_knowledge_base_is_in_its_words(
    app, account, owner_browser, service, worker, world
):
    help_id = knowledge_base(app, account)
    knowledge_base(app, account, "Handbook")
    write(owner_browser, "reset", of=help_id, Subject="Reset for Help")
    add_reader(owner_browser, welcome=False)
    for slug, subject in (("help", "Reset for Help"), ("handbook", f"Set a new password for {account.name}")):
        page = Browser(app).open(f"/kb/{account.slug}/{slug}").click("Forgot your password?")
        page.form("Send link").fill("E-mail Address", "rita@example.org").press()
        work(worker)
        assert world.mailbox.messages()[0].subject == subject


@pytest.mark.parametrize("column", ["parts_sealed", "link_purpose"])
def test_a_link_that_cannot_be_made_holds_up_nobody(app, account, owner_browser, service, worker, world, column):
    stop(app, account, service)
    add_reader(owner_browser)
    add_reader(owner_browser, "sam@example.org")
    with inside(app, account), unit_of_work():
        first = db.session.query(OutboxMessage).filter_by(recipient="rita@example.org").one()
        setattr(first, column, "nonsense")
    stop(app, account, service, at=None)
    work(worker)
    with inside(app, account):
        found = dict(db.session.query(OutboxMessage.recipient, OutboxMessage.status).filter_by(kind=Kind.WELCOME).all())
    assert found["sam@example.org"] == Status.ACCEPTED
    assert found["rita@example.org"] == (Status.ACCEPTED if column == "parts_sealed" else Status.FAILED)
