"""Subscriptions and digests; what tenants say in e-mails to readers; links that are made when a message leaves."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'


def upgrade():
    op.create_table('digest_runs',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('smtp_service_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('slot', sa.String(length=64), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('begun_by', sa.String(length=254), nullable=False),
    sa.Column('position', sa.Uuid(), nullable=True),
    sa.Column('planned', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.JSON(), nullable=False),
    sa.Column('tallies', sa.JSON(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_digest_runs_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_digest_runs_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_digest_runs')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_digest_runs_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', 'slot', name=op.f('uq_digest_runs_account_id_knowledge_base_id_slot'))
    )
    with op.batch_alter_table('digest_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_digest_runs_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_digest_runs_listed', ['account_id', 'knowledge_base_id', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_digest_runs_stage', ['stage', 'moved_at'], unique=False)

    op.create_table('reader_email_overrides',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('smtp_service_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_reader_email_overrides_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'smtp_service_id'], ['smtp_services.account_id', 'smtp_services.id'], name=op.f('fk_reader_email_overrides_account_id_smtp_service_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_email_overrides_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_email_overrides')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_email_overrides_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', name=op.f('uq_reader_email_overrides_account_id_knowledge_base_id'))
    )
    with op.batch_alter_table('reader_email_overrides', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_email_overrides_account_id'), ['account_id'], unique=False)

    op.create_table('reader_email_templates',
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=True),
    sa.Column('from_name', sa.String(length=120), nullable=False),
    sa.Column('reply_to', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_reader_email_templates_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_email_templates_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_email_templates')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_email_templates_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', 'kind', name=op.f('uq_reader_email_templates_account_id_knowledge_base_id_kind'))
    )
    with op.batch_alter_table('reader_email_templates', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_email_templates_account_id'), ['account_id'], unique=False)
        batch_op.create_index('uq_reader_email_templates_of_account', ['account_id', 'kind'], unique=True, sqlite_where=sa.literal_column('knowledge_base_id IS NULL'), postgresql_where=sa.literal_column('knowledge_base_id IS NULL'))

    op.create_table('subscriber_imports',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('rows', sa.JSON(), nullable=False),
    sa.Column('row_count', sa.Integer(), nullable=False),
    sa.Column('problems', sa.JSON(), nullable=False),
    sa.Column('unsubscribed', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('left_out', sa.Integer(), nullable=False),
    sa.Column('begun_by', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_subscriber_imports_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_subscriber_imports_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriber_imports')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_subscriber_imports_account_id_id'))
    )
    with op.batch_alter_table('subscriber_imports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriber_imports_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscriber_imports_knowledge_base_id'), ['knowledge_base_id'], unique=False)
        batch_op.create_index('ix_subscriber_imports_stage', ['stage', 'moved_at'], unique=False)

    op.create_table('subscribers',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254).with_variant(sa.String(length=254, collation='C'), 'postgresql'), nullable=False),
    sa.Column('reader_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'reader_id'], ['readers.account_id', 'readers.id'], name=op.f('fk_subscribers_account_id_reader_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_subscribers_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscribers')),
    sa.UniqueConstraint('account_id', 'email_key', name=op.f('uq_subscribers_account_id_email_key')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_subscribers_account_id_id')),
    sa.UniqueConstraint('account_id', 'reader_id', name=op.f('uq_subscribers_account_id_reader_id'))
    )
    with op.batch_alter_table('subscribers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscribers_account_id'), ['account_id'], unique=False)

    op.create_table('subscription_settings',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('smtp_service_id', sa.Uuid(), nullable=True),
    sa.Column('weekdays', sa.Integer(), nullable=False),
    sa.Column('minute', sa.Integer(), nullable=False),
    sa.Column('allows_weekly', sa.Boolean(), nullable=False),
    sa.Column('allows_immediate', sa.Boolean(), nullable=False),
    sa.Column('is_public', sa.Boolean(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('intro', sa.Text(), nullable=False),
    sa.Column('footer', sa.Text(), nullable=False),
    sa.Column('shows_logo', sa.Boolean(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tested_service_id', sa.Uuid(), nullable=True),
    sa.Column('next_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('planned_until_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('immediate_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_subscription_settings_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'smtp_service_id'], ['smtp_services.account_id', 'smtp_services.id'], name=op.f('fk_subscription_settings_account_id_smtp_service_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_subscription_settings_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_settings')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_subscription_settings_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', name=op.f('uq_subscription_settings_account_id_knowledge_base_id'))
    )
    with op.batch_alter_table('subscription_settings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_settings_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_subscription_settings_immediate_due', ['immediate_due_at'], unique=False)
        batch_op.create_index('ix_subscription_settings_next_due', ['next_due_at'], unique=False)

    op.create_table('digest_bodies',
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('items_key', sa.String(length=64), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.Column('body_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'body_id'], ['outbox_bodies.account_id', 'outbox_bodies.id'], name=op.f('fk_digest_bodies_account_id_body_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'run_id'], ['digest_runs.account_id', 'digest_runs.id'], name=op.f('fk_digest_bodies_account_id_run_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_digest_bodies_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_digest_bodies')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_digest_bodies_account_id_id')),
    sa.UniqueConstraint('account_id', 'run_id', 'items_key', name=op.f('uq_digest_bodies_account_id_run_id_items_key'))
    )
    with op.batch_alter_table('digest_bodies', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_digest_bodies_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_digest_bodies_body_id'), ['body_id'], unique=False)

    op.create_table('knowledge_base_subscribers',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('subscriber_id', sa.Uuid(), nullable=False),
    sa.Column('frequency', sa.String(length=16), nullable=False),
    sa.Column('told_until_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('token_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('token_sealed', sa.Text(), nullable=True),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('consented_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('consented_by', sa.String(length=254), nullable=False),
    sa.Column('unsubscribed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unsubscribed_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_knowledge_base_subscribers_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'subscriber_id'], ['subscribers.account_id', 'subscribers.id'], name=op.f('fk_knowledge_base_subscribers_account_id_subscriber_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_knowledge_base_subscribers_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_base_subscribers')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_knowledge_base_subscribers_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', 'subscriber_id', name=op.f('uq_knowledge_base_subscribers_account_id_knowledge_base_id_subscriber_id')),
    sa.UniqueConstraint('account_id', 'token_fingerprint', name=op.f('uq_knowledge_base_subscribers_account_id_token_fingerprint'))
    )
    with op.batch_alter_table('knowledge_base_subscribers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_base_subscribers_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_knowledge_base_subscribers_listed', ['account_id', 'knowledge_base_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_knowledge_base_subscribers_subscriber_id'), ['subscriber_id'], unique=False)

    op.create_table('subscription_requests',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254).with_variant(sa.String(length=254, collation='C'), 'postgresql'), nullable=False),
    sa.Column('frequency', sa.String(length=16), nullable=False),
    sa.Column('target', sa.String(length=16), nullable=False),
    sa.Column('category_id', sa.Uuid(), nullable=True),
    sa.Column('with_subcategories', sa.Boolean(), nullable=False),
    sa.Column('article_id', sa.Uuid(), nullable=True),
    sa.Column('token_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'article_id'], ['articles.account_id', 'articles.id'], name=op.f('fk_subscription_requests_account_id_article_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'category_id'], ['categories.account_id', 'categories.id'], name=op.f('fk_subscription_requests_account_id_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_subscription_requests_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_subscription_requests_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_requests')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_subscription_requests_account_id_id')),
    sa.UniqueConstraint('account_id', 'token_fingerprint', name=op.f('uq_subscription_requests_account_id_token_fingerprint'))
    )
    with op.batch_alter_table('subscription_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_requests_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_subscription_requests_expires', ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_requests_knowledge_base_id'), ['knowledge_base_id'], unique=False)

    op.create_table('subscriptions',
    sa.Column('knowledge_base_subscriber_id', sa.Uuid(), nullable=False),
    sa.Column('target', sa.String(length=16), nullable=False),
    sa.Column('target_key', sa.String(length=36), nullable=False),
    sa.Column('category_id', sa.Uuid(), nullable=True),
    sa.Column('with_subcategories', sa.Boolean(), nullable=False),
    sa.Column('article_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(target = 'category') = (category_id IS NOT NULL) AND (target = 'article') = (article_id IS NOT NULL)", name=op.f('ck_subscriptions_names_its_target')),
    sa.ForeignKeyConstraint(['account_id', 'article_id'], ['articles.account_id', 'articles.id'], name=op.f('fk_subscriptions_account_id_article_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'category_id'], ['categories.account_id', 'categories.id'], name=op.f('fk_subscriptions_account_id_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_subscriber_id'], ['knowledge_base_subscribers.account_id', 'knowledge_base_subscribers.id'], name=op.f('fk_subscriptions_account_id_knowledge_base_subscriber_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_subscriptions_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_subscriptions_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_subscriber_id', 'target_key', name=op.f('uq_subscriptions_account_id_knowledge_base_subscriber_id_target_key'))
    )
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriptions_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscriptions_article_id'), ['article_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscriptions_category_id'), ['category_id'], unique=False)

    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('link_purpose', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('link_subject_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('link_minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('link_address', sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column('from_name', sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column('reply_to', sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column('run_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('visibility_version', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('decide_again_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_outbox_messages_run', ['account_id', 'run_id', 'status'], unique=False, sqlite_where=sa.literal_column('run_id IS NOT NULL'), postgresql_where=sa.literal_column('run_id IS NOT NULL'))
        batch_op.create_index('ix_outbox_messages_link', ['account_id', 'link_subject_id'], unique=False, sqlite_where=sa.literal_column('link_subject_id IS NOT NULL'), postgresql_where=sa.literal_column('link_subject_id IS NOT NULL'))

    


def downgrade():
    with op.batch_alter_table('outbox_messages', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_messages_link', sqlite_where=sa.literal_column('link_subject_id IS NOT NULL'), postgresql_where=sa.literal_column('link_subject_id IS NOT NULL'))
        batch_op.drop_index('ix_outbox_messages_run', sqlite_where=sa.literal_column('run_id IS NOT NULL'), postgresql_where=sa.literal_column('run_id IS NOT NULL'))
        batch_op.drop_column('decide_again_at')
        batch_op.drop_column('visibility_version')
        batch_op.drop_column('run_id')
        batch_op.drop_column('reply_to')
        batch_op.drop_column('from_name')
        batch_op.drop_column('link_address')
        batch_op.drop_column('link_minutes')
        batch_op.drop_column('link_subject_id')
        batch_op.drop_column('link_purpose')

    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscriptions_category_id'))
        batch_op.drop_index(batch_op.f('ix_subscriptions_article_id'))
        batch_op.drop_index(batch_op.f('ix_subscriptions_account_id'))

    op.drop_table('subscriptions')
    with op.batch_alter_table('subscription_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscription_requests_knowledge_base_id'))
        batch_op.drop_index('ix_subscription_requests_expires')
        batch_op.drop_index(batch_op.f('ix_subscription_requests_account_id'))

    op.drop_table('subscription_requests')
    with op.batch_alter_table('knowledge_base_subscribers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_base_subscribers_subscriber_id'))
        batch_op.drop_index('ix_knowledge_base_subscribers_listed')
        batch_op.drop_index(batch_op.f('ix_knowledge_base_subscribers_account_id'))

    op.drop_table('knowledge_base_subscribers')
    with op.batch_alter_table('digest_bodies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_digest_bodies_body_id'))
        batch_op.drop_index(batch_op.f('ix_digest_bodies_account_id'))

    op.drop_table('digest_bodies')
    with op.batch_alter_table('subscription_settings', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_settings_next_due')
        batch_op.drop_index('ix_subscription_settings_immediate_due')
        batch_op.drop_index(batch_op.f('ix_subscription_settings_account_id'))

    op.drop_table('subscription_settings')
    with op.batch_alter_table('subscriber_imports', schema=None) as batch_op:
        batch_op.drop_index('ix_subscriber_imports_stage')
        batch_op.drop_index(batch_op.f('ix_subscriber_imports_knowledge_base_id'))
        batch_op.drop_index(batch_op.f('ix_subscriber_imports_account_id'))

    op.drop_table('subscriber_imports')
    with op.batch_alter_table('subscribers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscribers_account_id'))

    op.drop_table('subscribers')
    with op.batch_alter_table('reader_email_templates', schema=None) as batch_op:
        batch_op.drop_index('uq_reader_email_templates_of_account', sqlite_where=sa.literal_column('knowledge_base_id IS NULL'), postgresql_where=sa.literal_column('knowledge_base_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_reader_email_templates_account_id'))

    op.drop_table('reader_email_templates')
    with op.batch_alter_table('reader_email_overrides', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_email_overrides_account_id'))

    op.drop_table('reader_email_overrides')
    with op.batch_alter_table('digest_runs', schema=None) as batch_op:
        batch_op.drop_index('ix_digest_runs_stage')
        batch_op.drop_index('ix_digest_runs_listed')
        batch_op.drop_index(batch_op.f('ix_digest_runs_account_id'))

    op.drop_table('digest_runs')
    
