"""Digests whose time passed without anybody deciding on them: a scheduler that is silent. Told to whoever watches."""

from collections.abc import Iterable
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from kbadmin import clock, health
from kbadmin.delivery import metrics_routes
from kbadmin.subscriptions.models import SubscriptionSettings
from kbadmin.tenancy import every_account

SILENCE = timedelta(minutes=10)


def count() -> int:
    """Knowledge bases whose digest was due ten minutes ago or longer, over all accounts."""
    query = select(func.count()).select_from(SubscriptionSettings)
    with every_account() as session:
        return session.scalars(query.where(SubscriptionSettings.next_due_at <= clock.now() - SILENCE)).one()


def _metrics() -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "kbadmin_digests_overdue", "Digests that were due ten minutes ago and that nobody has decided on.", count()
    )


health.tell("digests", lambda: {"overdue": count()})
metrics_routes.measure_with(_metrics)
