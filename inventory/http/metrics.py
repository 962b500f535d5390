"""Prometheus metrics, enabled by METRICS_TOKEN or METRICS_PORT.

Worker processes write into files of one directory (multiprocess mode of prometheus-client), so that
each process can report the metrics of all. The library chooses this mode at its first import; so it
is imported only here, and only if metrics are enabled.
"""

from __future__ import annotations

import errno
import hmac
import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError

from inventory.common import instrumentation
from inventory.config import Config
from inventory.db import snapshot
from inventory.webhooks import endpoints

log = logging.getLogger(__name__)

#: Directory of the workers' metrics; server.py sets it before the first import.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of this process.

    One instance per process: the library refuses to register a name twice.
    """

    def __init__(self) -> None:
        import prometheus_client as prometheus

        self._prometheus = prometheus
        self._registry = prometheus.CollectorRegistry()
        known: dict[str, Any] = {"registry": self._registry}
        self._operations = prometheus.Counter(
            "inventory_operations", "Operations, by kind and outcome.", ["kind", "outcome"], **known
        )
        self._refusals = prometheus.Counter(
            "inventory_refusals", "What was refused, by code.", ["code"], **known
        )
        self._races = prometheus.Counter(
            "inventory_lost_races",
            "Transactions that ran again, by SQLSTATE (40001: serialization failure).",
            ["state"],
            **known,
        )
        self._waits = prometheus.Histogram(
            "inventory_lock_wait_seconds", "Waits for a lock.", ["lock"], buckets=_SECONDS, **known
        )
        self._requests = prometheus.Histogram(
            "inventory_request_seconds",
            "Requests, by route.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            **known,
        )

    def listen(self) -> None:
        """Count what the signals of the core report, from now on."""
        instrumentation.operation_finished.connect(self._count_operation)
        instrumentation.request_refused.connect(self._count_refusal)
        instrumentation.transaction_retried.connect(self._count_retry)
        instrumentation.lock_waited.connect(self._record_wait)

    def _count_operation(self, sender: object, *, kind: str, outcome: str) -> None:
        self._operations.labels(kind, outcome).inc()

    def _count_refusal(self, sender: object, *, code: str) -> None:
        self._refusals.labels(code).inc()

    def _count_retry(self, sender: object, *, reason: str) -> None:
        self._races.labels(reason).inc()

    def _record_wait(self, sender: object, *, lock: str, seconds: float) -> None:
        self._waits.labels(lock).observe(seconds)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record the seconds of a request."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """Return the metrics of all processes and the outbox's size as Prometheus text."""
        prometheus = self._prometheus
        registry = self._registry
        if os.environ.get(DIRECTORY):
            from prometheus_client import multiprocess

            registry = prometheus.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        outbox = prometheus.CollectorRegistry()
        waiting = _waiting()
        if waiting is not None:
            outbox.register(OutboxCollector(waiting))
        return bytes(prometheus.generate_latest(registry) + prometheus.generate_latest(outbox))


class OutboxCollector:
    """Gauge of the webhook outbox, read from the shared database at each scrape."""

    def __init__(self, count: int) -> None:
        self._count = count

    def collect(self) -> Iterable[Any]:
        """Return the gauge."""
        from prometheus_client.core import GaugeMetricFamily

        yield GaugeMetricFamily(
            "inventory_webhooks_waiting", "Deliveries that wait in the outbox.", value=self._count
        )


def _waiting() -> int | None:
    """Return the number of pending deliveries.

    None if the database does not answer: the other metrics are then needed most.
    """
    try:
        with snapshot() as reader:
            return endpoints.count_pending(reader)
    except SQLAlchemyError:
        return None


_made: list[Metrics] = []


def metrics() -> Metrics | None:
    """Return the metrics of this process, or None if metrics are disabled."""
    return _made[0] if _made else None


def init_app(app: Flask, config: Config) -> None:
    """Enable metrics, and add /metrics if METRICS_TOKEN is set."""
    if not (config.metrics_token or config.metrics_port):
        return
    if not _made:
        _made.append(Metrics())
    _made[0].listen()
    if config.metrics_token:
        app.add_url_rule("/metrics", "metrics", _metrics_view(config.metrics_token))


def _metrics_view(token: str) -> Any:
    def answer() -> Response:
        """Return the metrics if the request has the token."""
        shown = request.headers.get("Authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            headers = {"WWW-Authenticate": "Bearer"}
            return Response("Show METRICS_TOKEN.", 401, headers, content_type="text/plain")
        return Response(_made[0].text(), content_type="text/plain; version=0.0.4; charset=utf-8")

    answer.minimum_role = "public"  # type: ignore[attr-defined]  # the token is what it asks for
    return answer


# --- a port of its own ----------------------------------------------------------------------------


class QuietRequestHandler(WSGIRequestHandler):
    """Request handler that does not log scrapes."""

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


def serve_port(app: Flask, config: Config) -> None:
    """Serve /metrics on METRICS_PORT.

    One worker has the port; when it ends, another takes the port over.
    """

    def answer(environ: Any, start: Any) -> list[bytes]:
        if environ.get("PATH_INFO") != "/metrics" or environ.get("REQUEST_METHOD") != "GET":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is /metrics here, and nothing else."]
        start("200 OK", [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
        with app.app_context():
            return [_made[0].text()]

    while True:
        try:
            with make_server(
                config.host, config.metrics_port, answer, handler_class=QuietRequestHandler
            ) as server:
                server.serve_forever()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                log.error("nothing can listen on METRICS_PORT: %s", error.strerror)
                return
            time.sleep(1)


def start_port(app: Flask, config: Config) -> None:
    """Start the metrics server in a daemon thread if METRICS_PORT is set."""
    if config.metrics_port:
        thread = threading.Thread(target=serve_port, args=(app, config), daemon=True)
        thread.start()
