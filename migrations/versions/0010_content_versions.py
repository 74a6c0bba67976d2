"""A name for the present state of what a knowledge base shows: pages that are kept in memory are compared with it."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'


def upgrade():
    with op.batch_alter_table('knowledge_bases', schema=None) as batch_op:
        batch_op.add_column(sa.Column('content_version', sa.Uuid(), nullable=True))
    bases = sa.table('knowledge_bases', sa.column('content_version', sa.Uuid()))
    op.execute(sa.update(bases).values(content_version=uuid.uuid4()))
    with op.batch_alter_table('knowledge_bases', schema=None) as batch_op:
        batch_op.alter_column('content_version', existing_type=sa.Uuid(), nullable=False)


def downgrade():
    with op.batch_alter_table('knowledge_bases', schema=None) as batch_op:
        batch_op.drop_column('content_version')
