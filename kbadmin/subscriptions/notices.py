"""What the bell says of digests: the last one that was due did not leave, and why."""

import uuid
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import Boolean, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from kbadmin import notices
from kbadmin.access import Permission, Role
from kbadmin.database import db
from kbadmin.knowledge_bases.blueprint import my_roles
from kbadmin.knowledge_bases.models import KnowledgeBase, KnowledgeBaseRole
from kbadmin.notices import Notice
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun, RunStage


def _skipped(*columns: Any) -> Select[*tuple[Any, ...]]:
    """The runs that were skipped and that no later one made good, of knowledge bases that send by themselves."""
    later = aliased(DigestRun)
    same = and_(later.knowledge_base_id == DigestRun.knowledge_base_id, later.id > DigestRun.id)
    return (
        select(*columns)
        .join(KnowledgeBase, KnowledgeBase.id == DigestRun.knowledge_base_id)
        .join(SubscriptionSettings, SubscriptionSettings.knowledge_base_id == DigestRun.knowledge_base_id)
        .where(
            DigestRun.stage == RunStage.SKIPPED,
            SubscriptionSettings.is_on.is_(True),
            SubscriptionSettings.paused_at.is_(None),
            KnowledgeBase.archived_at.is_(None),
            ~exists().where(same),
            or_(bindparam("edits_all", type_=Boolean()), DigestRun.knowledge_base_id.in_(_named_for_editing())),
        )
    )


def _named_for_editing() -> Select[uuid.UUID]:
    """Those in which a member is an editor by name. In the account they are one anyway, as the bell asks for it."""
    return select(KnowledgeBaseRole.knowledge_base_id).where(
        KnowledgeBaseRole.membership_id == bindparam("membership_id"),
        KnowledgeBaseRole.role.in_([Role.EDITOR, Role.OWNER]),
    )


def _values() -> dict[str, Any]:
    return {"edits_all": not my_roles().is_narrowed, "membership_id": current_user.membership.id}


def _counted() -> Select[int]:
    return _skipped(func.count(DigestRun.id))


def _notices() -> list[Notice]:
    rows = db.session.execute(_skipped(DigestRun, KnowledgeBase.name).order_by(DigestRun.id), _values())
    return [
        Notice(
            title=f"Digest of {name}",
            word="Not sent",
            kind="warning",
            icon="alert-triangle",
            text=run.reason,
            action="Open the knowledge base",
            url=url_for("knowledge_bases.show", knowledge_base_id=run.knowledge_base_id),
            since=run.due_at,
        )
        for run, name in rows
    ]


notices.notice_with(_notices, counted=_counted, values=_values, permission=Permission.EDIT_KNOWLEDGE_BASES)
