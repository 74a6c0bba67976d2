"""Two files with the same people, imported in the same moment: nobody is there twice, and both reports add up."""

from functools import partial

import pytest
from sqlalchemy import select

from kbadmin.audit.operations import Actor
from kbadmin.database import db, unit_of_work
from kbadmin.readers import imports
from kbadmin.readers.csv_files import open_sheet
from kbadmin.readers.import_models import Existing, ReaderImport, Stage
from kbadmin.readers.importing import move_import
from kbadmin.readers.imports import Upload
from kbadmin.readers.models import Reader, ReaderAccess
from kbadmin.readers.operations import Belongings
from tests.at_once import all_held_up
from tests.databases import both_databases
from tests.factories import inside

OLIVE = Actor(None, "Olive")
HELD = "LOCK TABLE readers IN SHARE MODE"  # All may look, nobody adds.

pytestmark = both_databases


def checked(app, account, worker, addresses, *, existing=Existing.SKIP, belongings=None):
    """An import of these addresses that has been checked and started; its wake-up is not done yet."""
    content = "\n".join(["E-mail Address,First Name", *(f"{one},Known" for one in addresses)]).encode()
    upload = Upload(content, "people.csv", open_sheet(content, {}))
    with inside(app, account):
        with unit_of_work():
            belongings = belongings or Belongings()
            begun = imports.begin(upload, existing=existing, belongings=belongings, sends_welcome=False, actor=OLIVE)
            found = begun.id
        worker.drain()
    return found


def run_all(app, account, ids, *, held=HELD):
    """Start them, and have the same task done for each in the same moment."""
    for one in ids:
        with inside(app, account), unit_of_work():
            imports.start(one, actor=OLIVE)
    return all_held_up(app, held, [partial(move_import, str(account.id), str(one)) for one in ids])


def reports(app, account, ids):
    with inside(app, account):
        found = [db.session.get_one(ReaderImport, one) for one in ids]
        assert [one.stage for one in found] == [Stage.DONE] * len(ids)
        assert all(one.created + one.updated + one.skipped + one.problems == one.rows for one in found)
        return [(one.created, one.updated, one.skipped) for one in found]


def addresses_in(app, account):
    with inside(app, account):
        return sorted(db.session.scalars(select(Reader.email)))


@pytest.mark.parametrize("existing", Existing)
def test_the_same_people_in_two_files_are_created_once(app, account, worker, existing):
    people = [f"person{number:02}@example.com" for number in range(40)]
    ids = [
        checked(app, account, worker, people, existing=existing),
        checked(app, account, worker, people[::-1], existing=existing),
    ]

    assert run_all(app, account, ids) == [None, None]

    assert addresses_in(app, account) == people
    met = (0, 40, 0) if existing is Existing.UPDATE else (0, 0, 40)
    assert sorted(reports(app, account, ids)) == sorted([(40, 0, 0), met])


def test_files_whose_people_may_open_the_same_knowledge_base_do_not_stop_each_other(
    app, account, worker, knowledge_base
):
    belongings = Belongings(reads_everything=False, knowledge_bases=frozenset([knowledge_base]))
    files = [[f"{name}{number}@example.com" for number in range(5)] for name in ("anna", "bert")]
    ids = [checked(app, account, worker, people, belongings=belongings) for people in files]

    assert run_all(app, account, ids, held="SELECT FROM knowledge_bases FOR SHARE") == [None, None]

    assert reports(app, account, ids) == [(5, 0, 0), (5, 0, 0)]
    with inside(app, account):
        assert len(list(db.session.scalars(select(ReaderAccess)))) == 10
