"""Search without accents: articles are kept a second time as they are searched, and found by that on both databases."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'

_NAMES = ('title', 'summary', 'words')
_MOST_SIGNS = 200_000
_AT_ONCE = 50  # articles, each as long as it may be

_FORGET = """
DELETE FROM article_search WHERE rowid IN
    (SELECT rowid FROM article_search WHERE article_search MATCH 'article_id:"' || OLD.id || '"');
"""


def _sqlite(suffix, tokenize):
    names = ', '.join(f'{name}{suffix}' for name in _NAMES)
    new = ', '.join(f'NEW.{name}{suffix}' for name in _NAMES)
    remember = f"""
        INSERT INTO article_search (article_id, knowledge_base_id, title, summary, words)
            VALUES (NEW.id, NEW.knowledge_base_id, {new});
        """
    return (
        f"""
        CREATE VIRTUAL TABLE article_search USING fts5(
            article_id, knowledge_base_id, title, summary, words, tokenize = "{tokenize}", prefix = '2 3'
        )
        """,
        f"""
        INSERT INTO article_search (article_id, knowledge_base_id, title, summary, words)
            SELECT id, knowledge_base_id, {names} FROM articles
        """,
        f"CREATE TRIGGER articles_found_after_insert AFTER INSERT ON articles BEGIN {remember} END",
        f"CREATE TRIGGER articles_found_after_delete AFTER DELETE ON articles BEGIN {_FORGET} END",
        f"""
        CREATE TRIGGER articles_found_after_update AFTER UPDATE OF {names} ON articles
        BEGIN {_FORGET} {remember} END
        """,
    )


def _postgresql(title, summary, words):
    return (
        f"""
        ALTER TABLE articles ADD COLUMN article_search tsvector GENERATED ALWAYS AS (
            setweight(to_tsvector('simple', {title}), 'A') ||
            setweight(to_tsvector('simple', {summary}), 'B') ||
            setweight(to_tsvector('simple', {words}), 'D')
        ) STORED
        """,
        "CREATE INDEX article_search_words ON articles USING gin (article_search)",
    )


def upgrade():
    _forget_all()
    for name in _NAMES:
        op.add_column('articles', sa.Column(f'{name}_folded', sa.Text(), nullable=False, server_default=''))
    _fold_all()
    if _is_sqlite():
        # Marks that are left belong to words (Devanagari, Thai).
        _run(_sqlite('_folded', "unicode61 remove_diacritics 0 categories 'L* N* M*'"))
    else:
        # As many letters as a tsvector holds for certain.
        _run(_postgresql('title_folded', 'summary_folded', 'left(words_folded, 200000)'))


def downgrade():
    _forget_all()
    for name in _NAMES:
        op.drop_column('articles', f'{name}_folded')
    if _is_sqlite():
        _run(_sqlite('', 'unicode61 remove_diacritics 2'))
    else:
        parted = "translate({}, './@:-_', '      ')"
        _run(_postgresql(*(parted.format(one) for one in ('title', 'summary', 'left(words, 200000)'))))


def _is_sqlite():
    return op.get_bind().dialect.name == 'sqlite'


def _run(statements):
    for statement in statements:
        op.execute(sa.text(statement.replace(':', r'\:')))


def _forget_all():
    if _is_sqlite():
        _run([*(f"DROP TRIGGER articles_found_after_{event}" for event in ('insert', 'delete', 'update'))])
        _run(["DROP TABLE article_search"])
    else:
        _run(["DROP INDEX article_search_words", "ALTER TABLE articles DROP COLUMN article_search"])


def _fold_all():
    texts = [sa.column(name) for name in _NAMES]
    folded = [sa.column(f'{name}_folded') for name in _NAMES]
    articles, connection = sa.table('articles', sa.column('id', sa.Uuid()), *texts, *folded), op.get_bind()
    ids = connection.scalars(sa.select(articles.c.id).order_by(articles.c.id)).all()
    for start in range(0, len(ids), _AT_ONCE):
        some = articles.c.id.in_(ids[start : start + _AT_ONCE])
        for row in connection.execute(sa.select(articles.c.id, *texts).where(some)).all():
            values = {f'{name}_folded': _folded(getattr(row, name)) for name in _NAMES}
            connection.execute(sa.update(articles).where(articles.c.id == row.id).values(values))


# What follows is kbadmin/articles/folding.py as it was when this was written.
_OPTIONAL_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670),
    (0x06D6, 0x06ED), (0x08D3, 0x08FF), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
_APART = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}


class _Signs(dict):
    def __missing__(self, point):
        self[point] = found = _folded_sign(chr(point), point)
        return found


_SIGNS = _Signs()


def _folded(text):
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(_SIGNS)[:_MOST_SIGNS])


def _folded_sign(sign, point):
    if any(first <= point <= last for first, last in _OPTIONAL_MARKS) or point == 0x0640:
        return ""
    category = unicodedata.category(sign)
    if category == "Cf":
        return ""
    if category == "No":
        return " "
    return _APART.get(sign, sign) if category[0] in "LNM" else " "
