"""Published now or at a time, withdrawn, archived, called out: what readers may see, and what they are told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from kbadmin import clock as house_clock
from kbadmin.articles import callouts, operations, publishing
from kbadmin.articles.local_times import NoSuchTime, end_of, last_day_before, moment
from kbadmin.articles.models import Article, ArticleStatus, Callout
from kbadmin.articles.publishing import NotInFuture
from kbadmin.articles.visibility import STRANGER, readable
from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases.models import KnowledgeBase
from tests.articles.conftest import OLIVE, Shelves, text_of
from tests.databases import both_databases
from tests.users.pages import actions

PUT_FORWARD = "Clocks in Europe/Berlin are put forward over this time on that day. Choose an earlier or later one."


def page_of(browser, shelves, article, more=""):
    return browser.open(f"{shelves.path}/articles/{article}{more}")


def is_readable(shelves, article):
    with shelves.inside():
        query = select(Article.id).where(
            readable(db.session.get(KnowledgeBase, shelves.id), STRANGER), Article.id == article
        )
        return db.session.scalar(query) is not None


@both_databases
def test_one_is_published_now(clock, owner_browser, shelves):
    article, before = shelves.article(), shelves.visibility_version()
    assert not is_readable(shelves, article)
    page = page_of(owner_browser, shelves, article).click("Publish").press("Publish")
    assert page.messages == ["Installing is published."]
    assert "Read since 2 March 2026, 09:00 UTC" in page.text
    assert is_readable(shelves, article)
    assert shelves.visibility_version() == before + 1
    assert actions(owner_browser)[0] == "Article published: Installing"


def test_what_is_published_for_the_first_time_is_new_for_two_weeks(clock, owner_browser, shelves):
    article = shelves.article()
    form = page_of(owner_browser, shelves, article, "/publish").form("Publish")
    assert (form.chosen("Callout"), form.value("Shown Until")) == ("New", "2026-03-16")
    page = form.fill("What Is New", "The first of its kind.").press()
    assert "New until 16 March 2026, 23:00 UTC : The first of its kind." in page.text
    assert "kind.." not in page.text
    row = shelves.row(article)
    assert (row.callout, row.callout_at) == (Callout.NEW, house_clock.now())


@both_databases
def test_one_is_published_at_a_time_by_itself(clock, owner_browser, worker, shelves):
    article, before = shelves.article(), shelves.visibility_version()
    form = page_of(owner_browser, shelves, article, "/publish").form("Publish").choose("At a time")
    page = form.fill("Day", "2026-03-02").fill("Time", "11:00").press()
    assert page.messages == ["Installing will be published at the time you chose."]
    assert "Scheduled for 2 March 2026, 10:00 UTC" in page.text
    assert shelves.visibility_version() == before + 1
    clock.set_to(datetime(2026, 3, 2, 9, 59, 59, tzinfo=UTC))
    worker.sweep()
    assert worker.drain() == 0
    assert not is_readable(shelves, article)
    clock.advance(seconds=1)
    assert is_readable(shelves, article)
    worker.sweep()
    worker.sweep()
    worker.drain()
    row = shelves.row(article)
    assert (row.status, row.publish_at, row.published_at) == (ArticleStatus.PUBLISHED, None, house_clock.now())
    assert (row.callout, row.callout_at) == (Callout.NEW, house_clock.now())
    assert shelves.visibility_version() == before + 2
    assert actions(owner_browser)[:2] == ["Article published: Installing", "Article scheduled: Installing"]


@both_databases
def test_the_sweep_publishes_in_every_account_what_is_due_and_nothing_else(clock, app, worker, two_accounts):
    ours, theirs = (Shelves(app, account) for account in two_accounts)
    due, later, withdrawn = ours.article("Due"), theirs.article("Later"), theirs.article("Withdrawn")
    for shelves, article, minutes in ((ours, due, 5), (theirs, later, 50), (theirs, withdrawn, 5)):
        with shelves.writing():
            at = house_clock.now() + timedelta(minutes=minutes)
            publishing.schedule(shelves.id, article, at=at, actor=OLIVE)
    clock.advance(minutes=6)
    worker.sweep()
    with theirs.writing():
        publishing.withdraw(theirs.id, withdrawn, actor=OLIVE)
    worker.drain()
    assert ours.row(due).status == ArticleStatus.PUBLISHED
    assert theirs.row(later).status == ArticleStatus.SCHEDULED
    assert theirs.row(withdrawn).status == ArticleStatus.DRAFT


def test_the_sweep_reads_no_articles_to_find_none(app, shelves):
    asked = "EXPLAIN QUERY PLAN SELECT id FROM articles WHERE status = 'scheduled' AND publish_at <= '2026-03-02'"
    with app.app_context(), db.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(asked))
    assert "ix_articles_scheduled (status=? AND publish_at<?)" in plan


def test_the_sweep_passes_over_what_was_deleted_meanwhile(clock, worker, shelves):
    article = shelves.article()
    with shelves.writing():
        publishing.schedule(shelves.id, article, at=house_clock.now() + timedelta(minutes=1), actor=OLIVE)
    clock.advance(minutes=2)
    worker.sweep()
    with shelves.writing():
        operations.delete(shelves.id, article, actor=OLIVE)
    assert worker.drain() == 1


@pytest.mark.parametrize(
    ("day", "hour", "error"),
    [
        ("2026-03-02", "09:59", "Choose a time that is still to come."),
        ("2026-03-29", "02:30", PUT_FORWARD),
        ("", "09:00", "Choose a day."),
        ("2026-03-03", "", "Choose a time, such as 09:00."),
        ("9999-12-31", "23:59", "Choose a day between the years 2000 and 2999."),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_said_at_its_field(owner_browser, shelves, clock, day, hour, error):
    form = page_of(owner_browser, shelves, shelves.article(), "/publish").form("Publish").choose("At a time")
    page = form.fill("Day", day).fill("Time", hour).choose("No callout").press(status=422)
    assert page.errors == [error]
    assert page.form("Publish").chosen("When") == "At a time"


def test_a_callout_is_not_over_before_it_is_seen(clock, owner_browser, shelves):
    article = shelves.article()
    form = page_of(owner_browser, shelves, article, "/publish").form("Publish").choose("At a time")
    page = form.fill("Day", "2026-04-01").fill("Time", "09:00").press(status=422)
    assert page.errors == ["Choose a day on which readers can still see it."]
    page = page.form("Publish").fill("Shown Until", "2026-04-01").press()
    assert "Scheduled for" in page.text


def test_the_operation_does_not_plan_the_past(clock, shelves):
    article = shelves.article()
    with shelves.writing(), pytest.raises(NotInFuture):
        publishing.schedule(shelves.id, article, at=house_clock.now(), actor=OLIVE)


def test_a_planned_time_can_be_changed(clock, owner_browser, shelves):
    article = shelves.article()
    with shelves.writing():
        publishing.schedule(shelves.id, article, at=house_clock.now() + timedelta(days=1), actor=OLIVE)
    form = page_of(owner_browser, shelves, article).click("Change the Time").form("Publish")
    assert (form.chosen("When"), form.value("Day"), form.value("Time")) == ("At a time", "2026-03-03", "10:00")
    form.choose("Now").press()
    assert shelves.row(article).status == ArticleStatus.PUBLISHED


@pytest.mark.parametrize(
    ("words", "button", "status", "said"),
    [
        ("Withdraw", "Make It a Draft", ArticleStatus.DRAFT, "is a draft"),
        ("Archive this article", "Archive", ArticleStatus.ARCHIVED, "is archived"),
    ],
)
@both_databases
def test_one_is_taken_from_readers(owner_browser, shelves, words, button, status, said):
    article = shelves.article(is_published=True)
    before = shelves.visibility_version()
    page = page_of(owner_browser, shelves, article).click(words)
    assert "Nobody can read it any more" in page.text
    assert is_readable(shelves, article)
    page = page.press(button)
    assert page.messages == [f"Installing {said}."]
    assert not is_readable(shelves, article)
    row = shelves.row(article)
    assert (row.status, row.callout, row.publish_at) == (status, None, None)
    assert shelves.visibility_version() == before + 1
    assert actions(owner_browser)[0] in ("Article withdrawn: Installing", "Article archived: Installing")
    page_of(owner_browser, shelves, article, "/publish").press("Publish")
    assert is_readable(shelves, article)


def test_one_that_is_published_is_not_published_again(owner_browser, shelves):
    article = shelves.article(is_published=True)
    before = shelves.row(article).published_at
    assert page_of(owner_browser, shelves, article, "/publish").title == "Installing"
    assert shelves.row(article).published_at == before


# --- Callouts


@both_databases
def test_what_a_colleague_published_meanwhile_is_not_planned_and_that_is_said(clock, owner_browser, shelves):
    article = shelves.article()
    form = page_of(owner_browser, shelves, article, "/publish").form("Publish")
    with shelves.inside(), unit_of_work():
        publishing.publish(shelves.id, article, actor=OLIVE)
    page = form.choose("At a time").fill("Day", "2026-03-05").fill("Time", "09:00").press()
    assert page.messages == [
        "Installing is published already, so nothing was changed. Set its callout on its own page."
    ]
    with shelves.inside(), unit_of_work():
        publishing.schedule(shelves.id, article, at=house_clock.now() + timedelta(days=1), actor=OLIVE)
    assert is_readable(shelves, article)


def test_a_callout_is_set_with_a_note_and_ends_by_itself(clock, owner_browser, shelves):
    article = shelves.article(is_published=True)
    form = page_of(owner_browser, shelves, article).click("Callout").form("Save")
    assert (form.chosen("Callout"), form.value("Shown Until")) == ("Updated", "2026-03-16")
    page = form.fill("Shown Until", "2026-03-03").fill("What Is New", "Step 3 is new.").press()
    assert page.messages == ["The callout of Installing is saved."]
    assert "Updated until 3 March 2026, 23:00 UTC : Step 3 is new." in page.text
    assert "new.." not in page.text
    assert "Updated" in owner_browser.open(f"{shelves.path}/articles").text
    clock.set_to(datetime(2026, 3, 3, 22, 59, tzinfo=UTC))
    with shelves.inside():
        assert callouts.current(operations.find(shelves.id, article)) is Callout.UPDATED
    clock.advance(minutes=1)
    with shelves.inside():
        assert callouts.current(operations.find(shelves.id, article)) is None


def test_notify_again_sets_it_anew(clock, owner_browser, shelves):
    article = shelves.article(is_published=True)
    page_of(owner_browser, shelves, article, "/callout").form("Save").fill("What Is New", "Step 3.").press()
    first = shelves.row(article).callout_at
    clock.advance(hours=1)
    form = page_of(owner_browser, shelves, article, "/callout").form("Notify Again")
    assert form.value("What Is New") == "Step 3."
    form.press()
    assert shelves.row(article).callout_at == first + timedelta(hours=1)
    assert actions(owner_browser)[:2] == ["Article callout changed: Installing"] * 2


def test_a_callout_is_taken_away(owner_browser, shelves):
    article = shelves.article(is_published=True)
    page_of(owner_browser, shelves, article, "/callout").form("Save").fill("What Is New", "Step 3.").press()
    page_of(owner_browser, shelves, article, "/callout").form("Notify Again").choose("No callout").press()
    row = shelves.row(article)
    assert (row.callout, row.callout_at, row.callout_until, row.change_note) == (None, None, None, "")


def test_a_callout_that_is_over_at_once_is_none(clock, owner_browser, shelves):
    article = shelves.article(is_published=True)
    form = page_of(owner_browser, shelves, article, "/callout").form("Save")
    page = form.fill("Shown Until", "2026-03-01").press(status=422)
    assert page.errors == ["Choose a day on which readers can still see it."]
    page = page.form("Save").fill("Shown Until", "").press(status=422)
    assert page.errors == ["Choose the last day it is shown."]
    for day in ("9999-12-31", "0001-01-01"):
        page = page.form("Save").fill("Shown Until", day).press(status=422)
        assert page.errors == ["Choose a day between the years 2000 and 2999."]
        assert page.form("Save").value("Shown Until") == day


def test_nobody_is_told_of_what_nobody_can_read(owner_browser, shelves):
    owner_browser.open(f"{shelves.path}/articles/{shelves.article()}/callout", status=404)


def test_the_state_is_told_in_the_tree(owner_browser, shelves):
    shelves.article("Open", is_published=True)
    shelves.article("Closed")
    lines = [text_of(line) for line in owner_browser.open(f"{shelves.path}/articles").soup.select("li.outline-line")]
    assert lines[0].startswith("Open Published")
    assert lines[1].startswith("Closed Draft")


# --- Times of a place


@pytest.mark.parametrize(
    ("day", "hour", "zone", "expected"),
    [
        (date(2026, 3, 2), time(9), "Europe/Berlin", "2026-03-02T08:00:00+00:00"),
        (date(2026, 7, 2), time(9), "Europe/Berlin", "2026-07-02T07:00:00+00:00"),
        (date(2026, 10, 25), time(2, 30), "Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # The first of two.
        (date(2026, 3, 2), time(0), "Asia/Kathmandu", "2026-03-01T18:15:00+00:00"),
    ],
)
def test_a_time_of_a_place_is_a_moment(day, hour, zone, expected):
    assert moment(day, hour, zone).isoformat() == expected


@pytest.mark.parametrize(
    ("day", "hour", "zone"),
    [
        (date(2026, 3, 29), time(2), "Europe/Berlin"),
        (date(2026, 3, 8), time(2, 59), "America/New_York"),
        (date(2011, 12, 30), time(12), "Pacific/Apia"),
    ],
)
def test_a_time_that_clocks_leave_out_is_none(day, hour, zone):
    with pytest.raises(NoSuchTime):
        moment(day, hour, zone)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago", "Asia/Beirut"])
def test_the_last_day_of_a_callout_can_be_read_from_its_end(zone):
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert last_day_before(end_of(day, zone), zone) == day
