"""Accounts, people, sessions, audit log, SMTP services, outbox and test e-mails."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None


def upgrade():
    op.create_table('accounts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('slug', sa.String(length=63), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('slug', name=op.f('uq_accounts_slug'))
    )
    op.create_table('installation_facts',
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('value', sa.String(length=500), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_installation_facts'))
    )
    op.create_table('throttles',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('window_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'key', name=op.f('pk_throttles'))
    )
    with op.batch_alter_table('throttles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_throttles_window_at'), ['window_at'], unique=False)

    op.create_table('users',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=True),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email_key', name=op.f('uq_users_email_key'))
    )
    op.create_table('audit_entries',
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('actor', sa.String(length=254), nullable=False),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('subject_kind', sa.String(length=32), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('subject', sa.String(length=254), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('network_address', sa.String(length=45), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_audit_entries_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entries')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_audit_entries_account_id_id'))
    )
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.create_index('ix_audit_entries_account_at', ['account_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entries_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entries_action'), ['action'], unique=False)

    op.create_table('memberships',
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('manages_smtp', sa.Boolean(), nullable=False),
    sa.Column('manages_readers', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_memberships_account_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_memberships_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_memberships')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_memberships_account_id_id')),
    sa.UniqueConstraint('account_id', 'user_id', name=op.f('uq_memberships_account_id_user_id'))
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_memberships_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_memberships_user_id'), ['user_id'], unique=False)

    op.create_table('oauth_flows',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('state_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('service_id', sa.Uuid(), nullable=False),
    sa.Column('configuration_version', sa.Integer(), nullable=False),
    sa.Column('issuer', sa.String(length=300), nullable=False),
    sa.Column('token_endpoint', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('consumed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('nonce_sealed', sa.Text(), nullable=True),
    sa.Column('code_verifier_sealed', sa.Text(), nullable=True),
    sa.Column('pending_grant_sealed', sa.Text(), nullable=True),
    sa.Column('pending_username', sa.String(length=254), nullable=True),
    sa.Column('pending_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_oauth_flows_account_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_oauth_flows_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_flows')),
    sa.UniqueConstraint('state_fingerprint', name=op.f('uq_oauth_flows_state_fingerprint'))
    )
    with op.batch_alter_table('oauth_flows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_oauth_flows_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_oauth_flows_service_id'), ['service_id'], unique=False)

    op.create_table('one_time_links',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=32), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_one_time_links_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_links')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_one_time_links_fingerprint'))
    )
    with op.batch_alter_table('one_time_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_one_time_links_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_one_time_links_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_one_time_links_subject_id'), ['subject_id'], unique=False)

    op.create_table('outbox_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('public_id', sa.Uuid(), nullable=False),
    sa.Column('deduplication_key', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('smtp_service_id', sa.Uuid(), nullable=True),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=400), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('content_sealed', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_before_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_reply', sa.String(length=400), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_outbox_messages_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_messages')),
    sa.UniqueConstraint('account_id', 'deduplication_key', name=op.f('uq_outbox_messages_account_id_deduplication_key')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_outbox_messages_account_id_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_outbox_messages_public_id'))
    )
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_messages_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_outbox_messages_due', ['status', 'not_before_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_smtp_service_id'), ['smtp_service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_messages_status'), ['status'], unique=False)

    op.create_table('smtp_services',
    sa.Column('friendly_name', sa.String(length=120), nullable=False),
    sa.Column('friendly_name_key', sa.String(length=120), nullable=True),
    sa.Column('host', sa.String(length=253), nullable=False),
    sa.Column('port', sa.Integer(), nullable=False),
    sa.Column('security', sa.String(length=16), nullable=False),
    sa.Column('send_from_address', sa.String(length=254), nullable=False),
    sa.Column('reply_to_address', sa.String(length=254), nullable=True),
    sa.Column('send_from_name', sa.String(length=120), nullable=True),
    sa.Column('authentication', sa.String(length=16), nullable=False),
    sa.Column('username', sa.String(length=254), nullable=True),
    sa.Column('password_sealed', sa.Text(), nullable=True),
    sa.Column('password_set_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('provider', sa.String(length=32), nullable=True),
    sa.Column('cloud', sa.String(length=32), nullable=False),
    sa.Column('audience', sa.String(length=32), nullable=False),
    sa.Column('login_email', sa.String(length=254), nullable=True),
    sa.Column('client_id', sa.String(length=64), nullable=True),
    sa.Column('client_secret_sealed', sa.Text(), nullable=True),
    sa.Column('client_secret_set_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('secret_expires_on', sa.Date(), nullable=True),
    sa.Column('tenant_id', sa.String(length=253), nullable=True),
    sa.Column('access_token_sealed', sa.Text(), nullable=True),
    sa.Column('access_token_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refresh_token_sealed', sa.Text(), nullable=True),
    sa.Column('token_version', sa.Integer(), nullable=False),
    sa.Column('refresh_leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('identity_username', sa.String(length=254), nullable=True),
    sa.Column('identity_tenant', sa.String(length=64), nullable=True),
    sa.Column('identity_object', sa.String(length=64), nullable=True),
    sa.Column('authorized_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('authorized_by', sa.String(length=254), nullable=True),
    sa.Column('authorization_failure', sa.JSON(), nullable=True),
    sa.Column('consent_noted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('max_connections', sa.Integer(), nullable=False),
    sa.Column('messages_per_minute', sa.Integer(), nullable=False),
    sa.Column('recipients_per_day', sa.Integer(), nullable=False),
    sa.Column('configuration_version', sa.Integer(), nullable=False),
    sa.Column('tested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pause_reason', sa.String(length=400), nullable=True),
    sa.Column('degraded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_smtp_services_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_smtp_services')),
    sa.UniqueConstraint('account_id', 'friendly_name_key', name=op.f('uq_smtp_services_account_id_friendly_name_key')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_smtp_services_account_id_id'))
    )
    with op.batch_alter_table('smtp_services', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_smtp_services_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_smtp_services_deleted_at'), ['deleted_at'], unique=False)

    op.create_table('user_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_kept', sa.Boolean(), nullable=False),
    sa.Column('password_given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('browser', sa.String(length=200), nullable=False),
    sa.Column('network_address', sa.String(length=45), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_user_sessions_account_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_sessions_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_sessions')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_user_sessions_fingerprint'))
    )
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_sessions_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_sessions_user_id'), ['user_id'], unique=False)

    op.create_table('test_runs',
    sa.Column('smtp_service_id', sa.Uuid(), nullable=False),
    sa.Column('configuration_version', sa.Integer(), nullable=False),
    sa.Column('outbox_public_id', sa.Uuid(), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('requested_by', sa.String(length=254), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('steps', sa.JSON(), nullable=False),
    sa.Column('failure', sa.JSON(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'smtp_service_id'], ['smtp_services.account_id', 'smtp_services.id'], name=op.f('fk_test_runs_account_id_smtp_service_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_test_runs_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_test_runs')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_test_runs_account_id_id'))
    )
    with op.batch_alter_table('test_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_test_runs_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_test_runs_service', ['smtp_service_id', 'created_at'], unique=False)



def downgrade():
    with op.batch_alter_table('test_runs', schema=None) as batch_op:
        batch_op.drop_index('ix_test_runs_service')
        batch_op.drop_index(batch_op.f('ix_test_runs_account_id'))

    op.drop_table('test_runs')
    with op.batch_alter_table('user_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_sessions_user_id'))
        batch_op.drop_index(batch_op.f('ix_user_sessions_expires_at'))

    op.drop_table('user_sessions')
    with op.batch_alter_table('smtp_services', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_smtp_services_deleted_at'))
        batch_op.drop_index(batch_op.f('ix_smtp_services_account_id'))

    op.drop_table('smtp_services')
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_messages_status'))
        batch_op.drop_index(batch_op.f('ix_outbox_messages_smtp_service_id'))
        batch_op.drop_index('ix_outbox_messages_due')
        batch_op.drop_index(batch_op.f('ix_outbox_messages_account_id'))

    op.drop_table('outbox_messages')
    with op.batch_alter_table('one_time_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_one_time_links_subject_id'))
        batch_op.drop_index(batch_op.f('ix_one_time_links_expires_at'))
        batch_op.drop_index(batch_op.f('ix_one_time_links_account_id'))

    op.drop_table('one_time_links')
    with op.batch_alter_table('oauth_flows', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_oauth_flows_service_id'))
        batch_op.drop_index(batch_op.f('ix_oauth_flows_expires_at'))

    op.drop_table('oauth_flows')
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_memberships_user_id'))
        batch_op.drop_index(batch_op.f('ix_memberships_account_id'))

    op.drop_table('memberships')
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entries_action'))
        batch_op.drop_index(batch_op.f('ix_audit_entries_account_id'))
        batch_op.drop_index('ix_audit_entries_account_at')

    op.drop_table('audit_entries')
    op.drop_table('users')
    with op.batch_alter_table('throttles', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_throttles_window_at'))

    op.drop_table('throttles')
    op.drop_table('installation_facts')
    op.drop_table('accounts')
