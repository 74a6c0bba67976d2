"""Readers found by the beginning of their names, and imports of readers from files.

Nobody could add a reader before, so there are no names whose keys would have to be made.
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'

KEYS = ('email_key', 'email_domain', 'sort_key')
LENGTHS = {'email_domain': 253}


def key():
    return sa.String(length=254).with_variant(sa.String(length=254, collation='C'), 'postgresql')


def upgrade():
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name_key', key(), nullable=False, server_default=''))
        for name in KEYS:
            batch_op.alter_column(name, type_=key(), existing_type=sa.String(length=LENGTHS.get(name, 254)))
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.alter_column('name_key', server_default=None, existing_type=key())
        batch_op.create_index('ix_readers_named', ['account_id', 'name_key'], unique=False)
        batch_op.create_index('ix_readers_not_active', ['account_id', 'status', 'id'], unique=False,
            sqlite_where=sa.literal_column("status <> 'active'"), postgresql_where=sa.literal_column("status <> 'active'"))

    op.create_table('reader_imports',
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('existing', sa.String(length=8), nullable=False),
    sa.Column('group_ids', sa.JSON(), nullable=False),
    sa.Column('reads_everything', sa.Boolean(), nullable=False),
    sa.Column('knowledge_base_ids', sa.JSON(), nullable=False),
    sa.Column('sends_welcome', sa.Boolean(), nullable=False),
    sa.Column('unknown_columns', sa.JSON(), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('checked', sa.Integer(), nullable=False),
    sa.Column('to_create', sa.Integer(), nullable=False),
    sa.Column('to_update', sa.Integer(), nullable=False),
    sa.Column('to_skip', sa.Integer(), nullable=False),
    sa.Column('problems', sa.Integer(), nullable=False),
    sa.Column('created', sa.Integer(), nullable=False),
    sa.Column('updated', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Integer(), nullable=False),
    sa.Column('begun_by', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_imports_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_imports')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_imports_account_id_id'))
    )
    with op.batch_alter_table('reader_imports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_imports_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_imports_stage', ['stage', 'moved_at'], unique=False)

    op.create_table('reader_import_rows',
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=True),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('plan', sa.String(length=8), nullable=False),
    sa.Column('problem', sa.String(length=300), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'import_id'], ['reader_imports.account_id', 'reader_imports.id'], name=op.f('fk_reader_import_rows_account_id_import_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_import_rows_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_import_rows')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_import_rows_account_id_id')),
    sa.UniqueConstraint('account_id', 'import_id', 'number', name=op.f('uq_reader_import_rows_account_id_import_id_number'))
    )
    with op.batch_alter_table('reader_import_rows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_import_rows_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_import_rows_address', ['account_id', 'email_key'], unique=False)
        batch_op.create_index('ix_reader_import_rows_plan', ['account_id', 'import_id', 'plan', 'number'], unique=False)


def downgrade():
    op.drop_table('reader_import_rows')
    op.drop_table('reader_imports')
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.drop_index('ix_readers_not_active')
        batch_op.drop_index('ix_readers_named')
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.drop_column('name_key')
        for name in KEYS:
            length = LENGTHS.get(name, 254)
            batch_op.alter_column(name, type_=sa.String(length=length), existing_type=key())
