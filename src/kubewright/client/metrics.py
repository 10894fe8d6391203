"""Prometheus metrics of a client, under the names that client-go's have."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


class RequestMetrics:
    """Counts requests: give it to a `Client` as ``observe``."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._total = Counter(
            "rest_client_requests_total",
            "Number of HTTP requests, partitioned by status code, method, and host.",
            ("code", "method", "host"),
            registry=registry,
        )
        self._duration = Histogram(
            "rest_client_request_duration_seconds",
            "Request latency in seconds, partitioned by method and host.",
            ("method", "host"),
            buckets=_SECONDS,
            registry=registry,
        )

    def __call__(self, *, method: str, host: str, code: str, seconds: float) -> None:
        self._total.labels(code, method, host).inc()
        self._duration.labels(method, host).observe(seconds)
