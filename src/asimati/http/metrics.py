"""Counters and durations of requests for Prometheus, across the web processes when they share a folder.

`PROMETHEUS_MULTIPROC_DIR` names that folder; without it each process tells of itself alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from asimati.kit.errors import NotFound
from asimati.settings import settings

REQUESTS = Counter("http_requests_total", "Requests by route and status", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class _Gauges(Collector):
    """Figures read from the tables at the moment somebody looks."""

    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._read().items():
            yield GaugeMetricFamily(name, name.replace("_", " "), value=value)


def install(app: Flask, gauges: Callable[[], Mapping[str, float]]) -> None:
    """Measure every request and answer /metrics to the addresses that may see it."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def note(response: Response) -> Response:
        route = str(request.url_rule) if request.url_rule else "none"
        REQUESTS.labels(request.method, route, response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - g.get("started", time.perf_counter()))
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        if request.remote_addr not in settings().web.metrics_from:
            raise NotFound
        shared = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(shared)
        own = CollectorRegistry()
        own.register(_Gauges(gauges))
        requests = shared if "PROMETHEUS_MULTIPROC_DIR" in os.environ else REGISTRY
        return Response(generate_latest(requests) + generate_latest(own), content_type=CONTENT_TYPE_LATEST)
