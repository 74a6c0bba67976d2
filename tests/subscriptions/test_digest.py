"""A digest as its reader sees it: what is in it, what its writers' words become, and what it never shows."""

import uuid
from datetime import timedelta

from kbadmin import clock as house_clock
from kbadmin.articles.models import Callout
from kbadmin.articles.visibility import STRANGER
from kbadmin.database import db
from kbadmin.knowledge_bases.models import Audience, KnowledgeBase
from kbadmin.outbox.messages import Sender
from kbadmin.outbox.skeletons import Skeleton, slot
from kbadmin.subscriptions import digest
from kbadmin.subscriptions.models import Subscription, SubscriptionSettings, Target
from tests.subscriptions.readership import Readership

VALUES = {
    "first_name": "Zoë",
    "manage_link": "https://x/subscriptions/a",
    "unsubscribe_link": "https://x/unsubscribe/a",
}


def letter_of(readership, values=VALUES, **options):
    with readership.inside():
        knowledge_base = db.session.get(KnowledgeBase, readership.id)
        settings = db.session.query(SubscriptionSettings).one()
        now, everything = house_clock.now(), [Subscription(target=Target.KNOWLEDGE_BASE, with_subcategories=True)]
        items = digest.items_for(knowledge_base, STRANGER, everything, since=now - timedelta(days=9), until=now)
        return digest.letter(knowledge_base, settings, items, values, **options)


def test_a_digest_names_what_is_new_and_what_was_updated_and_leads_there(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, subject="{{count}} news on {{date}} for {{first_name}}")
    shelf = here.category(here.id, "Moving <in>")
    here.news("Older & wiser", callout=Callout.UPDATED, at=house_clock.now() - timedelta(hours=1), change_note="Fees")
    here.news("Brand new", category=shelf, summary="How to begin")
    here.article(here.id, "Nothing special")

    letter = letter_of(here)

    assert letter.subject == "2 news on 2 March 2026 for Zoë"
    assert letter.text.index("New: Brand new") < letter.text.index("Updated: Older & wiser")
    assert "In Moving <in>" in letter.text
    assert "In Moving &lt;in&gt;" not in letter.text
    assert f"http://localhost/kb/{account.slug}/help/articles/brand-new" in letter.text
    assert f'href="http://localhost/kb/{account.slug}/help/articles/brand-new"' in letter.html
    assert "Older &amp; wiser" in letter.html
    assert "Moving &lt;in&gt;" in letter.html
    for said in (letter.text, letter.html):
        assert "Fees" in said
        assert "How to begin" in said
        assert "Nothing special" not in said
        assert VALUES["manage_link"] in said
        assert VALUES["unsubscribe_link"] in said


def test_what_its_writers_say_stands_around_the_list(app, account, clock):
    here = Readership(
        app, account, audience=Audience.PUBLIC, subject="{{knowledge_base}}",
        intro="Hello **{{first_name}}**, see [all]({{knowledge_base_link}}).",
        footer="Too much? [Leave]({{unsubscribe_link}}).\n\nYour team",
    )  # fmt: skip
    here.news("Brand new")
    letter = letter_of(here)
    assert letter.subject == "Help"
    assert letter.text.startswith("Hello Zoë, see all: http://localhost/kb/")
    assert "<strong>Zoë</strong>" in letter.html
    assert letter.text.index("Brand new") < letter.text.index("Your team") < letter.text.index("You get this e-mail")
    assert letter.html.count(VALUES["unsubscribe_link"]) == 2, "our own line stays, whatever the footer says"


def test_a_logo_is_shown_where_everybody_may_fetch_it(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC)
    here.change(KnowledgeBase, here.id, logo_id=uuid.uuid4())
    assert f'src="http://localhost/kb/{account.slug}/help/logo?v=' in letter_of(here).html
    here.set(shows_logo=False)
    assert "<img" not in letter_of(here).html
    here.set(shows_logo=True)
    here.change(KnowledgeBase, here.id, audience=Audience.READERS)
    assert "<img" not in letter_of(here).html


def test_a_long_digest_says_how_many_more_there_are(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC)
    for number in range(4):
        here.news(f"Article {number}", at=house_clock.now() - timedelta(minutes=number))
    letter = letter_of(here, most=3)
    assert "Article 2" in letter.text
    assert "Article 3" not in letter.text
    assert "And 1 more article" in letter.text
    assert "And 1 more article in Help" in letter.html


def test_slots_go_through_the_template_and_come_back_filled_in(app, account, clock):
    here = Readership(app, account, audience=Audience.PUBLIC, subject="For {{first_name}}", intro="Hi {{first_name}}!")
    here.news("Ä ö 中文 & more")
    values = {
        "first_name": slot("first_name"),
        "manage_link": f"https://x/subscriptions/{slot('token')}",
        "unsubscribe_link": f"https://x/unsubscribe/{slot('token')}",
    }
    letter = letter_of(here, values)
    headers = {"List-Unsubscribe": f"<{values['unsubscribe_link']}>"}
    skeleton = Skeleton.compile(
        Sender("kb@example.com"), subject=letter.subject, text=letter.text, html=letter.html, headers=headers
    )
    assert skeleton.names == {"first_name", "token"}
    filled = skeleton.fill(
        recipient="r@example.org", message_id="<a@example.com>", parts={"first_name": "Z & <Z>", "token": "t0ken"}
    )
    assert b"List-Unsubscribe: <https://x/unsubscribe/t0ken>\r\n" in filled
