"""How many an import welcomed, and how many nobody could write to; not known of those that are older."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'


def upgrade():
    with op.batch_alter_table('reader_imports', schema=None) as batch_op:
        batch_op.add_column(sa.Column('welcomed', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('unreached', sa.Integer(), nullable=True))


def downgrade():
    with op.batch_alter_table('reader_imports', schema=None) as batch_op:
        batch_op.drop_column('unreached')
        batch_op.drop_column('welcomed')
