"""Webhook metrics under controller-runtime's names: counted as plain numbers, collected when Prometheus asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubewright.workqueue import Histogram

if TYPE_CHECKING:
    from prometheus_client import Metric

# controller-runtime, pkg/webhook/internal/metrics
_LATENCY_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
    1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
)  # fmt: skip


class WebhookCounts:
    """What one webhook has answered so far, by HTTP status."""

    __slots__ = ("codes", "in_flight", "latency", "panics")

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter({200: 0, 500: 0})
        self.in_flight = 0
        self.latency = Histogram(_LATENCY_BUCKETS)
        self.panics = 0


class WebhookCollector:
    """Collects the ``controller_runtime_webhook_*`` metrics of all webhooks of a server, labelled by path, and how
    often its certificates were read.
    """

    def __init__(self) -> None:
        self.counts: dict[str, WebhookCounts] = {}
        self.certificate_reads = 0
        self.certificate_errors = 0

    def add(self, path: str) -> WebhookCounts:
        return self.counts.setdefault(path, WebhookCounts())

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        prefix = "controller_runtime_webhook"
        requests = CounterMetricFamily(
            f"{prefix}_requests", "Admission requests by HTTP status code", labels=["webhook", "code"]
        )
        latency = HistogramMetricFamily(
            f"{prefix}_latency_seconds", "Latency of processing admission requests", labels=["webhook"]
        )
        in_flight = GaugeMetricFamily(
            f"{prefix}_requests_in_flight", "Admission requests being served", labels=["webhook"]
        )
        panics = CounterMetricFamily(f"{prefix}_panics", "Errors in webhook handlers")
        conversion_panics = CounterMetricFamily(
            "controller_runtime_conversion_webhook_panics", "Errors in conversion functions"
        )
        broken = {"/convert": 0, "": 0}
        for path, counts in self.counts.items():
            for code, number in counts.codes.items():
                requests.add_metric((path, str(code)), number)
            latency.add_metric((path,), counts.latency.cumulative(), counts.latency.total)
            in_flight.add_metric((path,), counts.in_flight)
            broken[path if path == "/convert" else ""] += counts.panics
        panics.add_metric((), broken[""])
        conversion_panics.add_metric((), broken["/convert"])
        reads = CounterMetricFamily("certwatcher_read_certificate", "Reads of the serving certificate")
        reads.add_metric((), self.certificate_reads)
        errors = CounterMetricFamily(
            "certwatcher_read_certificate_errors", "Reads of the serving certificate that failed"
        )
        errors.add_metric((), self.certificate_errors)
        return (requests, latency, in_flight, panics, conversion_panics, reads, errors)
