"""/metrics: the pipeline's figures as Prometheus reads them. For this machine, or for who sends the token."""

import ipaddress
from collections.abc import Callable, Iterable

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kbadmin import config
from kbadmin.access import Permission, requires
from kbadmin.delivery import figures
from kbadmin.encryption import Secret

blueprint = Blueprint("metrics", __name__)

#: Figures of rooms above.
MEASURES: list[Callable[[], Iterable[Metric]]] = []


def measure_with(measure: Callable[[], Iterable[Metric]]) -> None:
    """A room above adds its figures, read whenever they are asked for."""
    MEASURES.append(measure)


@blueprint.get("/metrics")
@requires(Permission.PUBLIC)
def metrics() -> Response:
    """All figures as text. Anybody else hears that there is no such page."""
    if not _may_read():
        abort(404)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read() -> bool:
    token = config.current().metrics_token
    if token is not None:
        return Secret(request.headers.get("Authorization", "")) == Secret(f"Bearer {token}")
    # Behind a proxy that we were not told of, everybody would seem to be local.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return not forwarded and ipaddress.ip_address(request.remote_addr or "::").is_loopback


class _Figures(Collector):
    """Reads the database when it is asked, so that every process tells the same."""

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: registering must not read the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every figure of now."""
        found = figures.collect()
        messages = GaugeMetricFamily("kbadmin_messages", "Messages by status; accepted ones ever.", labels=["status"])
        for status, count in found.messages.items():
            messages.add_metric([status.value], count)
        services = GaugeMetricFamily("kbadmin_smtp_services", "SMTP services by state.", labels=["state"])
        for state, count in found.services.items():
            services.add_metric([state.value], count)
        yield messages
        yield services
        yield GaugeMetricFamily(
            "kbadmin_oldest_due_seconds", "Age of the oldest message that could leave now.", found.oldest_due_seconds
        )
        yield GaugeMetricFamily("kbadmin_lanes_closed", "Lanes whose circuit breaker waits.", found.closed_lanes)
        yield GaugeMetricFamily("kbadmin_lanes_slowed", "Lanes slowed at their server's wish.", found.slowed_lanes)
        yield GaugeMetricFamily(
            "kbadmin_incidents_open", "Services that stopped and do not work again yet.", found.open_incidents
        )
        yield CounterMetricFamily("kbadmin_accepted", "Messages that a server accepted.", found.accepted_total)
        yield CounterMetricFamily("kbadmin_failed", "Messages given up.", found.failed_total)
        yield CounterMetricFamily("kbadmin_token_changes", "OAuth tokens stored or dropped.", found.token_changes_total)
        yield GaugeMetricFamily("kbadmin_workers_alive", "Processes that deliver.", found.workers.alive)
        if found.workers.seconds_since_beat is not None:
            yield GaugeMetricFamily(
                "kbadmin_worker_beat_seconds", "Seconds since any worker's last beat.", found.workers.seconds_since_beat
            )
        for measure in MEASURES:
            yield from measure()
