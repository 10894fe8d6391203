"""What the server counts, under kube-apiserver's names: requests by verb and code, their time, watches, objects.

`App` reports every answer; ``/metrics`` gives the text that Prometheus reads.  Counting is a few dictionary look-ups;
the client library is imported, and its families are made, only when somebody asks for the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.request import RequestInfo

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LABELS = ("verb", "group", "version", "resource", "subresource", "scope")
_BUCKETS = (0.001, 0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2, 3, 5, 10, 30, 60)

_Key = tuple[str, str, str, str, str, str]


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self._answers: dict[tuple[_Key, int], int] = {}
        self._times: dict[_Key, _Times] = {}

    def answered(self, info: RequestInfo, code: int, seconds: float) -> None:
        """Count an answer; a watch counts when it begins."""
        scope = (
            "" if not info.is_resource else "resource" if info.name else "namespace" if info.namespace else "cluster"
        )
        resource = info.resource if info.is_resource else ""
        key = (info.verb.upper(), info.group, info.version, resource, info.subresource, scope)
        self._answers[key, code] = self._answers.get((key, code), 0) + 1
        if info.verb != "watch":
            times = self._times.get(key)
            if times is None:
                times = self._times[key] = _Times()
            times.observe(seconds)

    def text(self, cluster: LogicalCluster) -> bytes:
        """The metrics as of now, with the objects and watches of one cluster."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.process_collector import ProcessCollector

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Families(self._families(cluster)))
        return generate_latest(registry)

    def _families(self, cluster: LogicalCluster) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "apiserver_request",
            "Counter of apiserver requests broken out for each verb, API resource and HTTP response code.",
            labels=(*_LABELS, "code"),
        )
        for (key, code), count in self._answers.items():
            requests.add_metric((*key, str(code)), count)
        durations = HistogramMetricFamily(
            "apiserver_request_duration_seconds",
            "Response latency distribution in seconds for each verb and API resource.",
            labels=_LABELS,
        )
        for key, times in self._times.items():
            durations.add_metric(key, times.buckets(), times.total)
        watches = GaugeMetricFamily(
            "apiserver_longrunning_requests", "Watches that are open now.", labels=("group", "resource")
        )
        objects = GaugeMetricFamily(
            "apiserver_storage_objects", "Objects that are stored, by resource.", labels=("resource",)
        )
        for resource in cluster.resources():
            cache = cluster.caches.cache(cluster.root + resource.storage_prefix)
            watches.add_metric((resource.gvk.group, resource.plural), cache.watchers)
            objects.add_metric((str(resource.group_resource),), len(cache))
        return requests, durations, watches, objects


class _Times:
    """How long answers of one sort took."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(_BUCKETS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each bucket's upper bound, and how many answers were no slower."""
        bounds = [*(str(float(bound)) for bound in _BUCKETS), "+Inf"]
        return list(zip(bounds, accumulate(self.counts), strict=True))


class _Families:
    """What the registry of the client library asks for the metrics."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._found = families

    def collect(self) -> Iterable[Metric]:
        return self._found
