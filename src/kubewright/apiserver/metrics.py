"""What the server counts, under kube-apiserver's names: requests by verb and code, their time, watches, objects.

`App` reports every answer; ``/metrics`` gives the text that Prometheus reads.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.request import RequestInfo

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LABELS = ("verb", "group", "version", "resource", "subresource", "scope")
_BUCKETS = (0.001, 0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2, 3, 5, 10, 30, 60)

_Key = tuple[str, str, str, str, str, str]


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "apiserver_request_total",
            "Counter of apiserver requests broken out for each verb, API resource and HTTP response code.",
            (*_LABELS, "code"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "apiserver_request_duration_seconds",
            "Response latency distribution in seconds for each verb and API resource.",
            _LABELS,
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._watches = Gauge(
            "apiserver_longrunning_requests",
            "Watches that are open now.",
            ("group", "resource"),
            registry=self._registry,
        )
        self._objects = Gauge(
            "apiserver_storage_objects", "Objects that are stored, by resource.", ("resource",), registry=self._registry
        )
        self._counted: dict[tuple[_Key, int], Counter] = {}
        self._timed: dict[_Key, Histogram] = {}

    def answered(self, info: RequestInfo, code: int, seconds: float) -> None:
        """Count an answer; a watch counts when it begins."""
        scope = (
            "" if not info.is_resource else "resource" if info.name else "namespace" if info.namespace else "cluster"
        )
        resource = info.resource if info.is_resource else ""
        key = (info.verb.upper(), info.group, info.version, resource, info.subresource, scope)
        counter = self._counted.get((key, code))
        if counter is None:
            counter = self._counted[key, code] = self._requests.labels(*key, str(code))
        counter.inc()
        if info.verb != "watch":
            timer = self._timed.get(key)
            if timer is None:
                timer = self._timed[key] = self._durations.labels(*key)
            timer.observe(seconds)

    def text(self, cluster: LogicalCluster) -> bytes:
        """The metrics as of now, with the objects and watches of one cluster."""
        for resource in cluster.resources():
            cache = cluster.caches.cache(cluster.root + resource.storage_prefix)
            self._objects.labels(str(resource.group_resource)).set(len(cache))
            self._watches.labels(resource.gvk.group, resource.plural).set(cache.watchers)
        return generate_latest(self._registry)
