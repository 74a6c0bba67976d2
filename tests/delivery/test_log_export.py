"""The delivery log as a file: whole, in order, safe in a spreadsheet, and holding nothing open."""

import csv
import io

import pytest

from kbadmin.database import begin_writing, db
from kbadmin.delivery import exporting
from kbadmin.delivery.log_filters import Wanted
from kbadmin.outbox.models import Status
from tests.databases import both_databases
from tests.delivery.log_rows import put, put_many
from tests.factories import inside


def exported(browser, query="") -> list[dict[str, str]]:
    page = browser.open(f"/deliveries/export{query}")
    assert page.response.mimetype == "text/csv"
    assert page.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment; filename=" in page.response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(page.response.get_data().decode("utf-8"), newline="")))


@both_databases
def test_the_filtered_list_is_exported_newest_first(app, account, owner_browser, clock):
    put(app, account, recipient="first@example.org", status=Status.FAILED, subject='Héllo, "you"', last_reply="550 no")
    put(app, account, recipient="second@example.org", status=Status.FAILED)
    put(app, account, recipient="third@example.org")
    rows = exported(owner_browser, "?state=failed")
    assert [row["recipient"] for row in rows] == ["second@example.org", "first@example.org"]
    assert rows[1] | {"id": "", "message_id": ""} == {
        "queued_at": "2026-03-02T09:00:00Z", "state": "Failed", "kind": "Welcome", "service": "Platform sender",
        "recipient": "first@example.org", "subject": 'Héllo, "you"', "attempts": "0",
        "settled_at": "2026-03-02T09:00:00Z", "not_before_at": "", "server_reply": "550 no", "message_id": "", "id": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("//x")']
)
def test_no_cell_is_taken_for_a_formula(text):
    assert exporting.safe(text) == "'" + text


@pytest.mark.parametrize("text", ["Hello", "250 OK", "a=b", "<1@example.com>", ""])
def test_other_cells_stay_as_they_are(text):
    assert exporting.safe(text) == text


def test_a_subject_that_is_a_formula_is_exported_as_text(app, account, owner_browser):
    put(app, account, subject="=cmd|' /C calc'!A0")
    [row] = exported(owner_browser)
    assert row["subject"] == "'=cmd|' /C calc'!A0"


def test_a_long_list_comes_in_pieces_and_lets_others_write_meanwhile(app, account):
    put_many(app, account, 2_500)
    with inside(app, account):
        lines = exporting.rows(db.engine, account.id, Wanted(), str, shows_replies=True)
        pieces = [next(lines), next(lines)]
        begin_writing()  # On SQLite this would wait for anybody who writes.
        db.session.rollback()
        pieces += list(lines)
    assert [piece.count("\r\n") for piece in pieces] == [1, 1_000, 1_000, 500]
