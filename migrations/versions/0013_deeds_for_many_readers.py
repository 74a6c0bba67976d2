"""How far a deed for many readers is that goes on in the background, or why it ended early."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'


def upgrade():
    op.create_table('reader_bulk_deeds',
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('after', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('ended', sa.String(length=16), nullable=True),
    sa.Column('begun_by', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_bulk_deeds_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_bulk_deeds')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_bulk_deeds_account_id_id'))
    )
    with op.batch_alter_table('reader_bulk_deeds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_bulk_deeds_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_bulk_deeds_moved', ['ended', 'moved_at'], unique=False)


def downgrade():
    op.drop_table('reader_bulk_deeds')
