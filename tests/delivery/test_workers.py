"""Who works: a worker that died gives everything back at once on its host, and later, by its silence, elsewhere."""

import pytest

from kbadmin.database import db, new_id
from kbadmin.delivery import claims, journals, lane_connections, lanes, workers
from kbadmin.delivery.journals import Accepted, Journal
from kbadmin.delivery.models import LaneConnection, Worker
from kbadmin.delivery.turns import turn
from kbadmin.delivery.workers import Presence, lock_file
from kbadmin.outbox.models import Status
from tests.databases import both_databases
from tests.delivery.outbox import counts_of, make_service, messages_of, queue_digests
from tests.installation import shorter_limits

#: As if a minute, or fifteen, had gone by since the last beat.
A_MINUTE_LATER, A_QUARTER_LATER = {"silent_worker_seconds": 0.0}, {"dead_worker_seconds": 0.0}


@pytest.fixture
def service_id(app, account):
    return make_service(app, account, port=2500)


@pytest.fixture
def begin(app):
    """``begin(folder)``: another worker, as far as everybody else can see."""
    made = []

    def one(folder):
        made.append(Presence(folder / "journals"))
        with app.app_context():
            made[-1].begin()
        return made[-1]

    yield one
    for presence in made:
        die(presence)


def beat(app, presence, **limits):
    with shorter_limits(app, **limits), app.app_context():
        presence.beat()


def hold(app, service_id, presence):
    """Take a connection and three messages, as a carrier does."""
    with app.app_context(), turn() as session:
        terms = lanes.terms(session, service_id)
        lane_connections.take_connection(session, terms, presence.id)
        return claims.claim(session, terms, presence.id)


def connections(app):
    with app.app_context(), turn() as session:
        return session.query(LaneConnection).filter(LaneConnection.worker_id.is_not(None)).count()


def die(presence):
    """The process ends without a word: its lock is free, its files and rows stay."""
    presence._lock.close()


@both_databases
def test_on_the_same_host_the_dead_are_buried_at_once_with_their_journals(app, account, service_id, tmp_path, begin):
    queue_digests(app, account, service_id, 3)
    dead, living = begin(tmp_path), begin(tmp_path)
    claim = hold(app, service_id, dead)
    journal = Journal.open(tmp_path / "journals", dead.id)
    journal.append(Accepted(claim.messages[0].id, claim.token, "250 2.0.0 Ok: queued"))
    journal.close(keep=True)
    die(dead)

    beat(app, living)

    assert counts_of(app, account) == {Status.ACCEPTED: 1, Status.QUEUED: 2}
    assert messages_of(app, account)[0].last_reply == "250 2.0.0 Ok: queued"
    assert connections(app) == 0
    assert sorted(file.name for file in (tmp_path / "journals").glob("*.lock")) == [
        lock_file(tmp_path / "journals", living.id).name
    ]
    assert list((tmp_path / "journals").glob("*.journal")) == []


@both_databases
def test_from_another_host_silence_frees_connections_first_and_messages_later(
    app, account, service_id, tmp_path, begin
):
    queue_digests(app, account, service_id, 3)
    silent, watching = begin(tmp_path / "one"), begin(tmp_path / "two")
    hold(app, service_id, silent)

    for _ in range(2):
        beat(app, watching)
        assert (connections(app), counts_of(app, account)) == (1, {Status.SENDING: 3})
    beat(app, watching, **A_MINUTE_LATER)
    assert (connections(app), counts_of(app, account)) == (0, {Status.SENDING: 3})
    beat(app, watching, **A_QUARTER_LATER)
    assert counts_of(app, account) == {Status.QUEUED: 3}


@both_databases
def test_a_worker_that_beats_keeps_what_it_holds(app, account, service_id, tmp_path, begin):
    queue_digests(app, account, service_id, 3)
    living, watching = begin(tmp_path / "one"), begin(tmp_path / "two")
    hold(app, service_id, living)
    for _ in range(8):
        beat(app, living)
        beat(app, watching, **A_MINUTE_LATER, **A_QUARTER_LATER)

    assert (connections(app), counts_of(app, account)) == (1, {Status.SENDING: 3})


@pytest.mark.parametrize("days", [1, -1])
def test_no_jump_of_the_clock_takes_a_lease(app, account, service_id, tmp_path, clock, days, begin):
    queue_digests(app, account, service_id, 3)
    living, watching = begin(tmp_path / "one"), begin(tmp_path / "two")
    hold(app, service_id, living)
    beat(app, watching)
    clock.advance(days=days)
    beat(app, living)
    beat(app, watching)

    assert (connections(app), counts_of(app, account)) == (1, {Status.SENDING: 3})


def test_one_that_was_only_stopped_is_back_with_its_next_beat(app, account, service_id, tmp_path, begin):
    queue_digests(app, account, service_id, 3)
    stopped, watching = begin(tmp_path / "one"), begin(tmp_path / "two")
    claim = hold(app, service_id, stopped)
    beat(app, watching)
    beat(app, watching, **A_QUARTER_LATER)

    with app.app_context(), turn() as session:
        assert workers.marks.accept(session, [Accepted(one.id, claim.token, "250 Ok") for one in claim.messages]) == 0
    beat(app, stopped)
    with app.app_context():
        assert db.session.get(Worker, stopped.id).stopped_at is None


def test_whoever_leaves_in_good_order_leaves_no_files(app, tmp_path, begin):
    presence = begin(tmp_path)
    with app.app_context():
        presence.end()
        assert db.session.get(Worker, presence.id).stopped_at is not None
    assert list((tmp_path / "journals").iterdir()) == []


def test_half_a_line_at_the_end_of_a_journal_is_no_acceptance(tmp_path):
    file = tmp_path / "x.journal"
    file.write_bytes(b"7 99 250 2.0.0 Ok: queued as 1\n8 99 250 2.0.0 Ok\n9 99 25")

    assert list(journals.read(file)) == [Accepted(7, 99, "250 2.0.0 Ok: queued as 1"), Accepted(8, 99, "250 2.0.0 Ok")]


@pytest.mark.parametrize("content", [b"", b"\n", b"rubbish\n", b"1\n", b"x 1 250\n", b"\xff\xfe\n"])
def test_rubbish_in_a_journal_is_ignored(tmp_path, content):
    file = tmp_path / "x.journal"
    file.write_bytes(content)
    assert list(journals.read(file)) == []


def test_a_journal_that_was_cleared_is_written_from_its_beginning(tmp_path):
    journal = Journal.open(tmp_path, new_id())
    journal.append(Accepted(1, 2, "250 Ok"))
    [file] = tmp_path.glob("*.journal")
    journal.clear()
    assert list(journals.read(file)) == []
    journal.append(Accepted(3, 4, "250 Ok"))
    assert list(journals.read(file)) == [Accepted(3, 4, "250 Ok")]
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_cut_short_hides_the_older_ones_behind_it(tmp_path):
    journal = Journal.open(tmp_path, new_id())
    for number in range(1, 4):
        journal.append(Accepted(number, 2, "250 Ok"))
    [file] = tmp_path.glob("*.journal")
    old = file.read_bytes()
    journal.clear()
    journal.append(Accepted(4, 5, "250 Ok"))
    line = file.read_bytes().partition(b"\0")[0]
    for cut in range(len(line)):  # Killed with so many bytes of the second line written, the first of them last.
        file.write_bytes(line + b"\0" + line[1:][:cut] + old[len(line) + 1 + cut :])
        assert list(journals.read(file)) == [Accepted(4, 5, "250 Ok")]
    journal.close()


def test_a_journal_grows_beyond_the_room_it_began_with(tmp_path):
    journal = Journal.open(tmp_path, new_id())
    meant = [Accepted(number, 2, "250 " + "x" * 300) for number in range(2 * journals.ROOM // 300)]
    for accepted in meant:
        journal.append(accepted)
    [file] = tmp_path.glob("*.journal")
    assert list(journals.read(file)) == meant
    journal.close()
