"""A PostgreSQL database that was emptied is as good as new; one that cannot be is not given on."""

import psycopg
import pytest


def connected(url):
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture
def url(databases, tmp_path):
    found = databases.fresh("postgresql", tmp_path)
    yield found
    databases.drop(found)


def leave(url, statement):
    with connected(url) as connection:
        connection.execute(statement)


def test_a_database_is_given_on_without_its_rows_and_counters(databases, url, tmp_path):
    used = databases.fresh("postgresql", tmp_path)
    leave(used, "SELECT nextval(seqrelid) FROM pg_sequence")
    leave(used, "INSERT INTO installation_facts (name, value, changed_at) VALUES ('canary', 'sings', now())")
    databases.drop(used)
    again = databases.fresh("postgresql", tmp_path)
    assert again == used
    with connected(again) as connection:
        assert connection.execute("SELECT count(*) FROM installation_facts").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT bool_or(nextval(seqrelid) != seqstart) FROM pg_sequence").fetchone() == (
            False,
        )
    databases.drop(again)


@pytest.mark.parametrize(
    "left",
    [
        "CREATE TABLE leftover (id integer)",
        "DROP TABLE installation_facts CASCADE",
        "ALTER TABLE installation_facts ALTER value DROP NOT NULL",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE FUNCTION leftover() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ANALYZE installation_facts",
    ],
)
def test_a_database_in_which_more_was_changed_is_not_given_on(databases, url, tmp_path, left):
    used = databases.fresh("postgresql", tmp_path)
    leave(used, "INSERT INTO installation_facts (name, value, changed_at) VALUES ('canary', 'sings', now())")
    leave(used, left)
    databases.drop(used)
    again = databases.fresh("postgresql", tmp_path)
    assert again != used
    databases.drop(again)
