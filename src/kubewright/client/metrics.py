"""Prometheus metrics of a client, under the names that client-go's have."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from kubewright.client.rest import Exchange

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
_BYTES = (64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)


class RequestMetrics:
    """Counts requests: give it to a `Client` as ``observe``."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"rest_client_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(f"rest_client_{name}", text, ("verb", "host"), buckets=buckets, registry=registry)

        self._total = counter(
            "requests_total",
            "Number of HTTP requests, partitioned by status code, method, and host.",
            *("code", "method", "host"),
        )
        self._retries = counter(
            "request_retries_total",
            "Number of request retries, partitioned by status code, verb, and host.",
            *("code", "verb", "host"),
        )
        self._duration = histogram(
            "request_duration_seconds", "Request latency in seconds, partitioned by verb and host.", _SECONDS
        )
        self._sent = histogram("request_size_bytes", "Request size in bytes, partitioned by verb and host.", _BYTES)
        self._received = histogram(
            "response_size_bytes", "Response size in bytes, partitioned by verb and host.", _BYTES
        )

    def __call__(self, exchange: Exchange) -> None:
        code, verb, host = exchange.code, exchange.method, exchange.host
        self._total.labels(code, verb, host).inc()
        self._duration.labels(verb, host).observe(exchange.seconds)
        if exchange.retry:
            self._retries.labels(code, verb, host).inc()
        if exchange.sent is not None:
            self._sent.labels(verb, host).observe(exchange.sent)
        if exchange.received is not None:
            self._received.labels(verb, host).observe(exchange.received)
