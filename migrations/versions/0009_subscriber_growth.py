"""Subscribers by when they came and when they left, so that weeks are counted without reading the rows."""

from alembic import op

revision = '0009'
down_revision = '0008'


def upgrade():
    with op.batch_alter_table('knowledge_base_subscribers', schema=None) as batch_op:
        batch_op.create_index('ix_knowledge_base_subscribers_came', ['account_id', 'knowledge_base_id', 'consented_at'], unique=False)
        batch_op.create_index('ix_knowledge_base_subscribers_left', ['account_id', 'knowledge_base_id', 'unsubscribed_at'], unique=False)


def downgrade():
    with op.batch_alter_table('knowledge_base_subscribers', schema=None) as batch_op:
        batch_op.drop_index('ix_knowledge_base_subscribers_left')
        batch_op.drop_index('ix_knowledge_base_subscribers_came')
