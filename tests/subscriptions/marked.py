"""Every text of subscriptions in the present account replaced by one that must come out as text where it is shown."""

from sqlalchemy import select

from kbadmin.database import db
from kbadmin.subscriptions.models import KnowledgeBaseSubscriber, Subscriber, SubscriptionSettings
from kbadmin.subscriptions.run_models import DigestRun
from kbadmin.subscriptions.subscriber_import_models import SubscriberImport


def mark_subscriptions(payload: str) -> None:
    """Put it past the forms into settings, runs, subscribers and imports."""
    for settings in db.session.scalars(select(SubscriptionSettings)):
        settings.subject, settings.intro, settings.footer = payload[:200], payload, payload
    for run in db.session.scalars(select(DigestRun)):
        run.reason, run.begun_by, run.skipped = payload[:300], payload[:254], {payload: 1}
    for person in db.session.scalars(select(Subscriber)):
        person.email = payload[:254]
    for row in db.session.scalars(select(KnowledgeBaseSubscriber)):
        row.note, row.consented_by, row.unsubscribed_by = payload[:300], payload[:254], payload[:254]
    for found in db.session.scalars(select(SubscriberImport)):
        found.file_name, found.begun_by = payload[:200], {"label": payload}
        found.problems = [{"number": 1, "email": payload, "problem": payload}]
