"""People who want to read, until they have confirmed their address; readers found by their last welcome."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'


def upgrade():
    op.create_table('reader_sign_ups',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254).with_variant(sa.String(length=254, collation='C'), 'postgresql'), nullable=False),
    sa.Column('first_name', sa.String(length=80), nullable=False),
    sa.Column('last_name', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_reader_sign_ups_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_sign_ups_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_sign_ups')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_sign_ups_account_id_id'))
    )
    with op.batch_alter_table('reader_sign_ups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_sign_ups_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_sign_ups_address', ['account_id', 'email_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_reader_sign_ups_expires_at'), ['expires_at'], unique=False)

    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.create_index('ix_readers_welcomed', ['account_id', 'welcome_message_id'], unique=False,
            sqlite_where=sa.literal_column('welcome_message_id IS NOT NULL'), postgresql_where=sa.literal_column('welcome_message_id IS NOT NULL'))


def downgrade():
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.drop_index('ix_readers_welcomed')
    op.drop_table('reader_sign_ups')
