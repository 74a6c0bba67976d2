"""What editors see of subscriptions in the furnished knowledge base: subscribers, digests of all kinds, an import."""

import uuid
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from kbadmin import clock
from kbadmin.audit.operations import Actor
from kbadmin.database import commit, db, unit_of_work
from kbadmin.demo.content import Content
from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.models import Kind, Status
from kbadmin.smtp import operations as smtp
from kbadmin.subscriptions import subscribing, trials, unsubscribing
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Source, SubscriptionSettings, Target
from kbadmin.subscriptions.run_models import DigestRun, RunKind, RunStage
from kbadmin.subscriptions.subscriber_import_models import SubscriberImport
from tests.delivery.log_rows import put
from tests.factories import OpenedAccount, inside


def furnish_digests(app: Flask, account: OpenedAccount, made: Content) -> dict[str, str]:
    """Go on with what readers see; answers the paths by what stands there."""
    actor = Actor(account.owner.id, account.owner.name)
    with inside(app, account), unit_of_work():
        service = next((one for one in smtp.all_services() if one.is_choosable), None)
        settings = db.session.scalars(select(SubscriptionSettings)).one()
        settings.subject, settings.intro = "What is new in {{knowledge_base}}", "Hello {{first_name}}, this is new:"
        settings.smtp_service_id, settings.next_due_at = service and service.id, clock.now() + timedelta(hours=7)
        subscriber_id = _subscribers(made, actor)
        runs = {stage: _run(made.knowledge_base, stage, service and service.id) for stage in RunStage}
        checked = SubscriberImport(
            knowledge_base_id=made.knowledge_base, file_name="fair.csv", row_count=12, unsubscribed=1,
            problems=[{"number": 4, "email": "nobody", "problem": "Enter one address, such as name@example.com."}],
            begun_by={"label": "Olive"},
        )  # fmt: skip
        db.session.add(checked)
        db.session.flush()
        import_id = checked.id
    for status, count in [(Status.ACCEPTED, 9), (Status.FAILED, 2), (Status.QUEUED, 4)]:
        values = {"run_id": runs[RunStage.QUEUED], "kind": Kind.DIGEST, "knowledge_base_id": made.knowledge_base}
        put(app, account, count, status=status, **values)
    here = f"/knowledge-bases/{made.knowledge_base}"
    page = f"{here}/settings/subscriptions"
    return _tests(app, account, made, page) | {
        "subscriptions": page,
        "turn off": f"{page}/off",
        "preview of a digest": f"{page}/preview",
        "preview as text": f"{page}/preview?view=text&reader=paolo@partner.example.net",
        "preview for nobody": f"{page}/preview?reader=nobody@example.org",
        "digests": f"{here}/digests",
        "digest": f"{here}/digests/{runs[RunStage.QUEUED]}",
        "digest not sent": f"{here}/digests/{runs[RunStage.SKIPPED]}",
        "send now": f"{here}/digests/send-now",
        "subscribers": f"{here}/subscribers",
        "nobody subscribed": f"{here}/subscribers?q=zzz",
        "new subscriber": f"{here}/subscribers/new",
        "remove subscriber": f"{here}/subscribers/remove?subscriber={subscriber_id}",
        "growth": f"{here}/subscribers/growth",
        "import subscribers": f"{here}/subscribers/import",
        "checked subscribers": f"{here}/subscribers/import/{import_id}",
    }


def _subscribers(made: Content, actor: Actor) -> uuid.UUID:
    """Some, one of whom has left; answers the id of one who has not."""
    knowledge_base = db.session.get_one(KnowledgeBase, made.knowledge_base)
    usual = {"source": Source.ADDED, "by": actor, "note": "Asked by phone on 3 March"}
    for number in range(3):
        found = subscribing.subscribe(
            knowledge_base, email=f"reader-{number}@example.org", target=Target.KNOWLEDGE_BASE, **usual
        )
    unsubscribing.unsubscribe_all(found, by=actor)
    shelf = made.categories["Getting started"]
    wanted = {"target": Target.CATEGORY, "category_id": shelf, "with_subcategories": False}
    paolo = subscribing.subscribe(knowledge_base, email="paolo@partner.example.net", **wanted, **usual)
    for row in db.session.query(KnowledgeBaseSubscriber):
        row.told_until_at = clock.now() - timedelta(days=1)  # So that there is something to tell.
    return paolo.id


def _run(knowledge_base_id: uuid.UUID, stage: RunStage, service_id: uuid.UUID | None) -> uuid.UUID:
    at = clock.now() - timedelta(days=list(RunStage).index(stage))
    is_sent = stage not in (RunStage.EMPTY, RunStage.SKIPPED)
    run = DigestRun(
        knowledge_base_id=knowledge_base_id, kind=RunKind.SCHEDULED, slot=at.date().isoformat(), stage=stage, due_at=at,
        until_at=at, planned=18 if is_sent else 0, skipped={"nothing_new": 2, "suppressed": 1} if is_sent else {},
        reason="" if is_sent or stage is RunStage.EMPTY else "No SMTP service is chosen.", smtp_service_id=service_id,
    )  # fmt: skip
    run.moved_at = clock.now() + timedelta(days=1)  # Nobody takes it for one that was left behind.
    db.session.add(run)
    db.session.flush()
    return run.id


def _tests(app: Flask, account: OpenedAccount, made: Content, page: str) -> dict[str, str]:
    """Ask for a test through the service, if there is one."""
    with inside(app, account):
        service = next((one for one in smtp.all_services() if one.is_choosable), None)
        if service is None:
            return {}
        actor = Actor(account.owner.id, account.owner.name)
        run_id = trials.send(made.knowledge_base, service, recipient=account.owner.email, actor=actor).id
        commit()
    return {"test of digests": f"{page}/test-email", "its outcome": f"{page}/test-runs/{run_id}"}
