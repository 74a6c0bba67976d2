"""Knowledge bases, readers and their groups, categories and articles."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'


def upgrade():
    op.create_table('knowledge_bases',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('name_key', sa.String(length=120), nullable=True),
    sa.Column('slug', sa.String(length=63), nullable=False),
    sa.Column('description', sa.String(length=300), nullable=False),
    sa.Column('time_zone', sa.String(length=64), nullable=False),
    sa.Column('colour', sa.String(length=7), nullable=False),
    sa.Column('logo_id', sa.Uuid(), nullable=True),
    sa.Column('audience', sa.String(length=16), nullable=False),
    sa.Column('group_rule', sa.String(length=8), nullable=False),
    sa.Column('sign_up', sa.String(length=16), nullable=False),
    sa.Column('sign_up_domains', sa.Text(), nullable=False),
    sa.Column('remember_days', sa.Integer(), nullable=False),
    sa.Column('portal_host', sa.String(length=253), nullable=True),
    sa.Column('visibility_version', sa.Integer(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_knowledge_bases_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_bases')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_knowledge_bases_account_id_id')),
    sa.UniqueConstraint('account_id', 'name_key', name=op.f('uq_knowledge_bases_account_id_name_key'))
    )
    with op.batch_alter_table('knowledge_bases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_bases_account_id'), ['account_id'], unique=False)

    op.create_table('reader_fields',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('label', sa.String(length=60), nullable=False),
    sa.Column('is_required', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_fields_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_fields')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_fields_account_id_id')),
    sa.UniqueConstraint('account_id', 'number', name=op.f('uq_reader_fields_account_id_number'))
    )
    with op.batch_alter_table('reader_fields', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_fields_account_id'), ['account_id'], unique=False)

    op.create_table('reader_groups',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('name_key', sa.String(length=120), nullable=False),
    sa.Column('description', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_groups_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_groups')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_groups_account_id_id')),
    sa.UniqueConstraint('account_id', 'name_key', name=op.f('uq_reader_groups_account_id_name_key'))
    )
    with op.batch_alter_table('reader_groups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_groups_account_id'), ['account_id'], unique=False)

    op.create_table('reader_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('reader_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_remembered', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_sessions_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_sessions')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_reader_sessions_fingerprint'))
    )
    with op.batch_alter_table('reader_sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_sessions_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reader_sessions_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_reader_sessions_reader_id'), ['reader_id'], unique=False)

    op.create_table('readers',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=True),
    sa.Column('email_domain', sa.String(length=253), nullable=False),
    sa.Column('first_name', sa.String(length=80), nullable=False),
    sa.Column('last_name', sa.String(length=80), nullable=False),
    sa.Column('sort_key', sa.String(length=254), nullable=False),
    sa.Column('field_1', sa.String(length=200), nullable=False),
    sa.Column('field_2', sa.String(length=200), nullable=False),
    sa.Column('field_3', sa.String(length=200), nullable=False),
    sa.Column('field_4', sa.String(length=200), nullable=False),
    sa.Column('field_5', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('reads_everything', sa.Boolean(), nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=True),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('welcome_message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('welcomed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('welcome_cleared_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_readers_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_readers')),
    sa.UniqueConstraint('account_id', 'email_key', name=op.f('uq_readers_account_id_email_key')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_readers_account_id_id'))
    )
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_readers_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_readers_domain', ['account_id', 'email_domain'], unique=False)
        batch_op.create_index('ix_readers_listed', ['account_id', 'sort_key', 'id'], unique=False)
        batch_op.create_index('ix_readers_newest', ['account_id', 'created_at', 'id'], unique=False)

    op.create_table('attachments',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('media_type', sa.String(length=32), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_attachments_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_attachments_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachments')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_attachments_account_id_id'))
    )
    with op.batch_alter_table('attachments', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachments_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_attachments_digest', ['account_id', 'knowledge_base_id', 'digest'], unique=False)

    op.create_table('categories',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('description', sa.String(length=300), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_categories_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'parent_id'], ['categories.account_id', 'categories.id'], name=op.f('fk_categories_account_id_parent_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_categories_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_categories')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_categories_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', 'slug', name=op.f('uq_categories_account_id_knowledge_base_id_slug'))
    )
    with op.batch_alter_table('categories', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_categories_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_categories_parent', ['account_id', 'parent_id'], unique=False)

    op.create_table('knowledge_base_addresses',
    sa.Column('slug', sa.String(length=63), nullable=False),
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_knowledge_base_addresses_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_knowledge_base_addresses_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_base_addresses')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_knowledge_base_addresses_account_id_id')),
    sa.UniqueConstraint('account_id', 'slug', name=op.f('uq_knowledge_base_addresses_account_id_slug'))
    )
    with op.batch_alter_table('knowledge_base_addresses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_base_addresses_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_knowledge_base_addresses_knowledge_base_id'), ['knowledge_base_id'], unique=False)

    op.create_table('knowledge_base_roles',
    sa.Column('membership_id', sa.Uuid(), nullable=False),
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_knowledge_base_roles_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'membership_id'], ['memberships.account_id', 'memberships.id'], name=op.f('fk_knowledge_base_roles_account_id_membership_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_knowledge_base_roles_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_base_roles')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_knowledge_base_roles_account_id_id')),
    sa.UniqueConstraint('account_id', 'membership_id', 'knowledge_base_id', name=op.f('uq_knowledge_base_roles_account_id_membership_id_knowledge_base_id'))
    )
    with op.batch_alter_table('knowledge_base_roles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_base_roles_account_id'), ['account_id'], unique=False)

    op.create_table('reader_access',
    sa.Column('reader_id', sa.Uuid(), nullable=False),
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_reader_access_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'reader_id'], ['readers.account_id', 'readers.id'], name=op.f('fk_reader_access_account_id_reader_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_access_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_access')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_access_account_id_id')),
    sa.UniqueConstraint('account_id', 'reader_id', 'knowledge_base_id', name=op.f('uq_reader_access_account_id_reader_id_knowledge_base_id'))
    )
    with op.batch_alter_table('reader_access', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_access_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_access_knowledge_base', ['account_id', 'knowledge_base_id'], unique=False)

    op.create_table('reader_group_domains',
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('domain', sa.String(length=253), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'group_id'], ['reader_groups.account_id', 'reader_groups.id'], name=op.f('fk_reader_group_domains_account_id_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_group_domains_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_group_domains')),
    sa.UniqueConstraint('account_id', 'domain', 'group_id', name=op.f('uq_reader_group_domains_account_id_domain_group_id')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_group_domains_account_id_id'))
    )
    with op.batch_alter_table('reader_group_domains', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_group_domains_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reader_group_domains_group_id'), ['group_id'], unique=False)

    op.create_table('reader_group_members',
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('reader_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'group_id'], ['reader_groups.account_id', 'reader_groups.id'], name=op.f('fk_reader_group_members_account_id_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'reader_id'], ['readers.account_id', 'readers.id'], name=op.f('fk_reader_group_members_account_id_reader_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_reader_group_members_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reader_group_members')),
    sa.UniqueConstraint('account_id', 'group_id', 'reader_id', name=op.f('uq_reader_group_members_account_id_group_id_reader_id')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_reader_group_members_account_id_id'))
    )
    with op.batch_alter_table('reader_group_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reader_group_members_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_reader_group_members_reader', ['account_id', 'reader_id'], unique=False)

    op.create_table('articles',
    sa.Column('knowledge_base_id', sa.Uuid(), nullable=False),
    sa.Column('category_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('slug', sa.String(length=120), nullable=False),
    sa.Column('summary', sa.String(length=400), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('publish_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('callout', sa.String(length=8), nullable=True),
    sa.Column('callout_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('callout_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_note', sa.String(length=300), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'category_id'], ['categories.account_id', 'categories.id'], name=op.f('fk_articles_account_id_category_id')),
    sa.ForeignKeyConstraint(['account_id', 'knowledge_base_id'], ['knowledge_bases.account_id', 'knowledge_bases.id'], name=op.f('fk_articles_account_id_knowledge_base_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_articles_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_articles')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_articles_account_id_id')),
    sa.UniqueConstraint('account_id', 'knowledge_base_id', 'slug', name=op.f('uq_articles_account_id_knowledge_base_id_slug'))
    )
    with op.batch_alter_table('articles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_articles_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_articles_category', ['account_id', 'category_id', 'position'], unique=False)
        batch_op.create_index('ix_articles_scheduled', ['account_id', 'status', 'publish_at'], unique=False)

    op.create_table('category_groups',
    sa.Column('category_id', sa.Uuid(), nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'category_id'], ['categories.account_id', 'categories.id'], name=op.f('fk_category_groups_account_id_category_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'group_id'], ['reader_groups.account_id', 'reader_groups.id'], name=op.f('fk_category_groups_account_id_group_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_category_groups_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_category_groups')),
    sa.UniqueConstraint('account_id', 'category_id', 'group_id', name=op.f('uq_category_groups_account_id_category_id_group_id')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_category_groups_account_id_id'))
    )
    with op.batch_alter_table('category_groups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_category_groups_account_id'), ['account_id'], unique=False)

    op.create_table('article_groups',
    sa.Column('article_id', sa.Uuid(), nullable=False),
    sa.Column('group_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'article_id'], ['articles.account_id', 'articles.id'], name=op.f('fk_article_groups_account_id_article_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id', 'group_id'], ['reader_groups.account_id', 'reader_groups.id'], name=op.f('fk_article_groups_account_id_group_id')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_article_groups_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_groups')),
    sa.UniqueConstraint('account_id', 'article_id', 'group_id', name=op.f('uq_article_groups_account_id_article_id_group_id')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_article_groups_account_id_id'))
    )
    with op.batch_alter_table('article_groups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_article_groups_account_id'), ['account_id'], unique=False)

    op.create_table('article_revisions',
    sa.Column('article_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('summary', sa.String(length=400), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('saved_by', sa.String(length=254), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['account_id', 'article_id'], ['articles.account_id', 'articles.id'], name=op.f('fk_article_revisions_account_id_article_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_article_revisions_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_revisions')),
    sa.UniqueConstraint('account_id', 'article_id', 'number', name=op.f('uq_article_revisions_account_id_article_id_number')),
    sa.UniqueConstraint('account_id', 'id', name=op.f('uq_article_revisions_account_id_id'))
    )
    with op.batch_alter_table('article_revisions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_article_revisions_account_id'), ['account_id'], unique=False)



def downgrade():
    with op.batch_alter_table('article_revisions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_article_revisions_account_id'))

    op.drop_table('article_revisions')
    with op.batch_alter_table('article_groups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_article_groups_account_id'))

    op.drop_table('article_groups')
    with op.batch_alter_table('category_groups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_category_groups_account_id'))

    op.drop_table('category_groups')
    with op.batch_alter_table('articles', schema=None) as batch_op:
        batch_op.drop_index('ix_articles_scheduled')
        batch_op.drop_index('ix_articles_category')
        batch_op.drop_index(batch_op.f('ix_articles_account_id'))

    op.drop_table('articles')
    with op.batch_alter_table('reader_group_members', schema=None) as batch_op:
        batch_op.drop_index('ix_reader_group_members_reader')
        batch_op.drop_index(batch_op.f('ix_reader_group_members_account_id'))

    op.drop_table('reader_group_members')
    with op.batch_alter_table('reader_group_domains', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_group_domains_group_id'))
        batch_op.drop_index(batch_op.f('ix_reader_group_domains_account_id'))

    op.drop_table('reader_group_domains')
    with op.batch_alter_table('reader_access', schema=None) as batch_op:
        batch_op.drop_index('ix_reader_access_knowledge_base')
        batch_op.drop_index(batch_op.f('ix_reader_access_account_id'))

    op.drop_table('reader_access')
    with op.batch_alter_table('knowledge_base_roles', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_base_roles_account_id'))

    op.drop_table('knowledge_base_roles')
    with op.batch_alter_table('knowledge_base_addresses', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_base_addresses_knowledge_base_id'))
        batch_op.drop_index(batch_op.f('ix_knowledge_base_addresses_account_id'))

    op.drop_table('knowledge_base_addresses')
    with op.batch_alter_table('categories', schema=None) as batch_op:
        batch_op.drop_index('ix_categories_parent')
        batch_op.drop_index(batch_op.f('ix_categories_account_id'))

    op.drop_table('categories')
    with op.batch_alter_table('attachments', schema=None) as batch_op:
        batch_op.drop_index('ix_attachments_digest')
        batch_op.drop_index(batch_op.f('ix_attachments_account_id'))

    op.drop_table('attachments')
    with op.batch_alter_table('readers', schema=None) as batch_op:
        batch_op.drop_index('ix_readers_newest')
        batch_op.drop_index('ix_readers_listed')
        batch_op.drop_index('ix_readers_domain')
        batch_op.drop_index(batch_op.f('ix_readers_account_id'))

    op.drop_table('readers')
    with op.batch_alter_table('reader_sessions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_sessions_reader_id'))
        batch_op.drop_index(batch_op.f('ix_reader_sessions_expires_at'))
        batch_op.drop_index(batch_op.f('ix_reader_sessions_account_id'))

    op.drop_table('reader_sessions')
    with op.batch_alter_table('reader_groups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_groups_account_id'))

    op.drop_table('reader_groups')
    with op.batch_alter_table('reader_fields', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reader_fields_account_id'))

    op.drop_table('reader_fields')
    with op.batch_alter_table('knowledge_bases', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_bases_account_id'))

    op.drop_table('knowledge_bases')
