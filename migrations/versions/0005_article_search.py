"""Finding articles: in SQLite a table of words that triggers keep, in PostgreSQL a generated column with an index.

And indexes for two questions that would read whole articles otherwise: which are due, and which changed last.
"""

from alembic import op

revision = '0005'
down_revision = '0004'

# An article is found again in the table by its id, which is a word there: a table scan per save would be too slow.
_FORGET = """
DELETE FROM article_search WHERE rowid IN
    (SELECT rowid FROM article_search WHERE article_search MATCH 'article_id:"' || OLD.id || '"');
"""
_REMEMBER = """
INSERT INTO article_search (article_id, knowledge_base_id, title, summary, words)
    VALUES (NEW.id, NEW.knowledge_base_id, NEW.title, NEW.summary, NEW.words);
"""
_SQLITE = (
    """
    CREATE VIRTUAL TABLE article_search USING fts5(
        article_id, knowledge_base_id, title, summary, words, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
    )
    """,
    """
    INSERT INTO article_search (article_id, knowledge_base_id, title, summary, words)
        SELECT id, knowledge_base_id, title, summary, words FROM articles
    """,
    f"CREATE TRIGGER articles_found_after_insert AFTER INSERT ON articles BEGIN {_REMEMBER} END",
    f"CREATE TRIGGER articles_found_after_delete AFTER DELETE ON articles BEGIN {_FORGET} END",
    f"""
    CREATE TRIGGER articles_found_after_update AFTER UPDATE OF title, summary, words ON articles
    BEGIN {_FORGET} {_REMEMBER} END
    """,
)
# Signs that would join words (file.txt, a/b, me@example.com) part them instead, as they do in SQLite.
_PARTED = "translate({}, './@:-_', '      ')"
_POSTGRESQL = (
    f"""
    ALTER TABLE articles ADD COLUMN article_search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', {_PARTED.format("title")}), 'A') ||
        setweight(to_tsvector('simple', {_PARTED.format("summary")}), 'B') ||
        setweight(to_tsvector('simple', {_PARTED.format("left(words, 200000)")}), 'D')
    ) STORED
    """,
    "CREATE INDEX article_search_words ON articles USING gin (article_search)",
)


def upgrade():
    op.drop_index("ix_articles_scheduled", "articles")
    op.create_index("ix_articles_scheduled", "articles", ["status", "publish_at"])
    op.create_index("ix_articles_changed", "articles", ["account_id", "knowledge_base_id", "updated_at", "id"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade():
    op.drop_index("ix_articles_changed", "articles")
    op.drop_index("ix_articles_scheduled", "articles")
    op.create_index("ix_articles_scheduled", "articles", ["account_id", "status", "publish_at"])
    if op.get_bind().dialect.name == "sqlite":
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER articles_found_after_{event}")
        op.execute("DROP TABLE article_search")
    else:
        op.execute("DROP INDEX article_search_words")
        op.execute("ALTER TABLE articles DROP COLUMN article_search")
