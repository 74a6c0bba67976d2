"""A reader's own name, and what others do to them at the same time."""

from kbadmin.database import db
from kbadmin.portal import profiles
from kbadmin.readers import operations
from kbadmin.readers.models import Reader
from tests.at_once import second_meets_first
from tests.databases import both_databases
from tests.factories import inside
from tests.readers.people import OLIVE


@both_databases
def test_a_reader_who_is_deleted_meanwhile_stays_nameless(app, account, library):
    rita = library.reader("rita@example.org", first_name="Rita").id

    def rename():
        profiles.rename(rita, first_name="Zoe", last_name="Real", network_address="")

    assert second_meets_first(app, account, lambda: operations.remove(rita, actor=OLIVE), rename) is LookupError
    with inside(app, account):
        row = db.session.get_one(Reader, rita)
        assert (row.first_name, row.last_name, row.sort_key) == ("", "", "")
