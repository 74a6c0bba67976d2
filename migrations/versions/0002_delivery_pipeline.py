"""The delivery pipeline: lanes and their limits, workers, leases with fencing tokens, attempts, incidents, suppression.

Messages that a worker held when the old version stopped wait in the queue again.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade():
    op.create_table('workers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('host', sa.String(length=254), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('beat', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('beat_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workers'))
    )
    op.create_table('lanes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('tokens', sa.Float(), nullable=False),
    sa.Column('refilled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('closed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('slowed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failed_total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_lanes_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lanes'))
    )
    op.create_table('outbox_bodies',
    sa.Column('skeleton', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_outbox_bodies_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_bodies')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_outbox_bodies_account_id_id'))
    )
    with op.batch_alter_table('outbox_bodies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_bodies_account_id'), ['account_id'], unique=False)

    op.create_table('suppressed_addresses',
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('refusals', sa.Integer(), nullable=False),
    sa.Column('last_reply', sa.String(length=400), nullable=False),
    sa.Column('first_refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('suppressed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_suppressed_addresses_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppressed_addresses')),
    sa.UniqueConstraint('account_id', 'address', name=op.f('uq_suppressed_addresses_account_id_address')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_suppressed_addresses_account_id_id'))
    )
    with op.batch_alter_table('suppressed_addresses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_suppressed_addresses_account_id'), ['account_id'], unique=False)

    op.create_table('lane_connections',
    sa.Column('lane_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('worker_id', sa.Uuid(), nullable=True),
    sa.Column('token', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['lane_id'], ['lanes.id'], name=op.f('fk_lane_connections_lane_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('lane_id', 'number', name=op.f('pk_lane_connections'))
    )
    with op.batch_alter_table('lane_connections', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lane_connections_worker_id'), ['worker_id'], unique=False)

    op.create_table('lane_hours',
    sa.Column('lane_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('hour', sa.Integer(), nullable=False),
    sa.Column('recipients', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_lane_hours_account_id')),
    sa.ForeignKeyConstraint(['lane_id'], ['lanes.id'], name=op.f('fk_lane_hours_lane_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('lane_id', 'account_id', 'hour', name=op.f('pk_lane_hours'))
    )
    op.create_table('service_incidents',
    sa.Column('smtp_service_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resumed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'smtp_service_id'], ['smtp_services.account_id', 'smtp_services.id'], name=op.f('fk_service_incidents_account_id_smtp_service_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_service_incidents_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_incidents')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_service_incidents_account_id_id'))
    )
    with op.batch_alter_table('service_incidents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_service_incidents_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_service_incidents_open', ['smtp_service_id', 'ended_at'], unique=False)

    op.create_table('delivery_attempts',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('public_id', sa.Uuid(), nullable=False),
    sa.Column('outbox_message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('again_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id', 'outbox_message_id'], ['outbox_messages.account_id', 'outbox_messages.id'], name=op.f('fk_delivery_attempts_account_id_outbox_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_delivery_attempts_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_attempts')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_delivery_attempts_account_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_delivery_attempts_public_id'))
    )
    with op.batch_alter_table('delivery_attempts', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_attempts_message', ['account_id', 'outbox_message_id', 'id'], unique=False)

    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('delivery_log_days', sa.Integer(), nullable=False, server_default='90'))

    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lane_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('knowledge_base_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('body_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('parts_sealed', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('leased_by', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('lease_token', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('data_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('requeued_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column('not_before_at',
               existing_type=sa.DateTime(timezone=True),
               nullable=True)
        batch_op.drop_index(batch_op.f('ix_outbox_messages_account_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_smtp_service_id'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_status'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_due'))
        batch_op.create_index('ix_outbox_messages_due', ['lane_id', 'priority', 'id'], unique=False, sqlite_where=sa.text("status = 'queued' AND not_before_at IS NULL"), postgresql_where=sa.text("status = 'queued' AND not_before_at IS NULL"))
        batch_op.create_index('ix_outbox_messages_deferred', ['lane_id', 'not_before_at'], unique=False, sqlite_where=sa.text("status = 'queued' AND not_before_at IS NOT NULL"), postgresql_where=sa.text("status = 'queued' AND not_before_at IS NOT NULL"))
        batch_op.create_index('ix_outbox_messages_leased', ['leased_by'], unique=False, sqlite_where=sa.text("status = 'sending'"), postgresql_where=sa.text("status = 'sending'"))
        batch_op.create_index('ix_outbox_messages_open', ['account_id', 'status', 'id'], unique=False, sqlite_where=sa.text("status <> 'accepted'"), postgresql_where=sa.text("status <> 'accepted'"))
        batch_op.create_index('ix_outbox_messages_recipient', ['account_id', 'recipient', 'id'], unique=False, postgresql_ops={'recipient': 'varchar_pattern_ops'})
        batch_op.create_index('ix_outbox_messages_body', ['account_id', 'body_id'], unique=False, sqlite_where=sa.text('body_id IS NOT NULL'), postgresql_where=sa.text('body_id IS NOT NULL'))
        batch_op.create_foreign_key(batch_op.f('fk_outbox_messages_account_id_body_id'), 'outbox_bodies', ['account_id', 'body_id'], ['account_id', 'id'])
        batch_op.drop_column('leased_until')

    messages = sa.table('outbox_messages', sa.column('lane_id', sa.Uuid()), sa.column('smtp_service_id', sa.Uuid()),
                        sa.column('status', sa.String()), sa.column('priority', sa.Integer()))
    platform = sa.literal(uuid.UUID(int=0), sa.Uuid())
    op.execute(messages.update().values(
        lane_id=sa.func.coalesce(messages.c.smtp_service_id, platform),
        priority=50 - messages.c.priority,  # from now on the smallest goes first
    ))
    op.execute(messages.update().where(messages.c.status == 'sending').values(status='queued'))
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.alter_column('lane_id', existing_type=sa.Uuid(), nullable=False)
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.alter_column('delivery_log_days', existing_type=sa.Integer(), server_default=None)

    with op.batch_alter_table('smtp_services', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tokens_renewed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('uncertain_messages', sa.String(length=8), nullable=False, server_default='resend'))
        batch_op.add_column(sa.Column('paused_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('submission_failure', sa.JSON(), nullable=True))
        batch_op.alter_column('messages_per_minute',
               existing_type=sa.Integer(),
               nullable=True)
        batch_op.alter_column('recipients_per_day',
               existing_type=sa.Integer(),
               nullable=True)
    with op.batch_alter_table('smtp_services', schema=None) as batch_op:
        batch_op.alter_column('uncertain_messages', existing_type=sa.String(length=8), server_default=None)



def downgrade():
    services = sa.table('smtp_services', sa.column('messages_per_minute', sa.Integer()),
                        sa.column('recipients_per_day', sa.Integer()))
    op.execute(services.update().values(messages_per_minute=sa.func.coalesce(services.c.messages_per_minute, 25),
                                        recipients_per_day=sa.func.coalesce(services.c.recipients_per_day, 10000)))
    messages = sa.table('outbox_messages', sa.column('not_before_at', sa.DateTime(timezone=True)),
                        sa.column('created_at', sa.DateTime(timezone=True)), sa.column('priority', sa.Integer()))
    op.execute(messages.update().values(
        not_before_at=sa.func.coalesce(messages.c.not_before_at, messages.c.created_at),
        priority=50 - messages.c.priority,
    ))
    with op.batch_alter_table('smtp_services', schema=None) as batch_op:
        batch_op.alter_column('recipients_per_day',
               existing_type=sa.Integer(),
               nullable=False)
        batch_op.alter_column('messages_per_minute',
               existing_type=sa.Integer(),
               nullable=False)
        batch_op.drop_column('submission_failure')
        batch_op.drop_column('paused_until')
        batch_op.drop_column('uncertain_messages')
        batch_op.drop_column('tokens_renewed_at')

    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f('fk_outbox_messages_account_id_body_id'), type_='foreignkey')
        batch_op.drop_index('ix_outbox_messages_body', sqlite_where=sa.text('body_id IS NOT NULL'), postgresql_where=sa.text('body_id IS NOT NULL'))
        batch_op.drop_index('ix_outbox_messages_recipient')
        batch_op.drop_index('ix_outbox_messages_open', sqlite_where=sa.text("status <> 'accepted'"), postgresql_where=sa.text("status <> 'accepted'"))
        batch_op.drop_index('ix_outbox_messages_leased', sqlite_where=sa.text("status = 'sending'"), postgresql_where=sa.text("status = 'sending'"))
        batch_op.drop_index('ix_outbox_messages_deferred', sqlite_where=sa.text("status = 'queued' AND not_before_at IS NOT NULL"), postgresql_where=sa.text("status = 'queued' AND not_before_at IS NOT NULL"))
        batch_op.drop_index('ix_outbox_messages_due', sqlite_where=sa.text("status = 'queued' AND not_before_at IS NULL"), postgresql_where=sa.text("status = 'queued' AND not_before_at IS NULL"))
        batch_op.create_index(batch_op.f('ix_outbox_messages_due'), ['status', 'not_before_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_status'), ['status'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_smtp_service_id'), ['smtp_service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_account_id'), ['account_id'], unique=False)
        batch_op.alter_column('not_before_at',
               existing_type=sa.DateTime(timezone=True),
               nullable=False)
        batch_op.drop_column('requeued_at')
        batch_op.drop_column('data_at')
        batch_op.drop_column('lease_token')
        batch_op.drop_column('leased_by')
        batch_op.drop_column('parts_sealed')
        batch_op.drop_column('body_id')
        batch_op.drop_column('knowledge_base_id')
        batch_op.drop_column('lane_id')

    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_column('delivery_log_days')

    with op.batch_alter_table('delivery_attempts', schema=None) as batch_op:
        batch_op.drop_index('ix_delivery_attempts_message')

    op.drop_table('delivery_attempts')
    with op.batch_alter_table('service_incidents', schema=None) as batch_op:
        batch_op.drop_index('ix_service_incidents_open')
        batch_op.drop_index(batch_op.f('ix_service_incidents_account_id'))

    op.drop_table('service_incidents')
    op.drop_table('lane_hours')
    with op.batch_alter_table('lane_connections', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lane_connections_worker_id'))

    op.drop_table('lane_connections')
    with op.batch_alter_table('suppressed_addresses', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_suppressed_addresses_account_id'))

    op.drop_table('suppressed_addresses')
    with op.batch_alter_table('outbox_bodies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_bodies_account_id'))

    op.drop_table('outbox_bodies')
    op.drop_table('lanes')
    op.drop_table('workers')
