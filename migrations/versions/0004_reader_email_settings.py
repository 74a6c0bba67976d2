"""Which way the e-mails to an account's readers leave."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'


def upgrade():
    op.create_table('reader_email_settings',
    sa.Column('smtp_service_id', sa.Uuid(), nullable=True),
    sa.Column('when_stopped', sa.String(length=16), nullable=False),
    sa.Column('welcome_hours', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'smtp_service_id'], ['smtp_services.account_id', 'smtp_services.id'], name=op.f('fk_reader_email_settings_account_id_smtp_service_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_email_settings_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_email_settings')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_email_settings_account_id_id')),
    sa.UniqueConstraint('account_id', name=op.f('uq_reader_email_settings_account_id'))
    )
    with op.batch_alter_table('reader_email_settings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_email_settings_account_id'), ['account_id'], unique=False)



def downgrade():
    with op.batch_alter_table('reader_email_settings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_email_settings_account_id'))

    op.drop_table('reader_email_settings')
