"""Prometheus metrics of a process; with several processes, their sum (PROMETHEUS_MULTIPROC_DIR)."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY as DEFAULT
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

REQUESTS = Counter("andes_requests", "Requests answered.", ["method", "path", "status"])
SECONDS = Histogram(
    "andes_request_seconds",
    "Time to answer a request.",
    ["path"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
JOBS = Counter("andes_jobs", "Jobs ended.", ["name", "status"])


def observe_request(method: str, path: str, status: int, seconds: float) -> None:
    """Count one answered request; ``path`` is the route's pattern, so that labels stay few."""
    REQUESTS.labels(method, path, status).inc()
    SECONDS.labels(path).observe(seconds)


def exposition() -> bytes:
    """Return the text that Prometheus scrapes."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(DEFAULT)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # untyped library
    return generate_latest(registry)
