"""Prometheus metrics of a cache, read from its informers when they are scraped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kubewright.cache.cache import Cache

_LABELS = ("group", "version", "kind")


class CacheMetrics(Collector):
    """Shows what each informer holds, and how well it follows the server."""

    def __init__(self, cache: Cache, registry: CollectorRegistry = REGISTRY) -> None:
        self._cache = cache
        self._loop = asyncio.get_running_loop()
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        objects = GaugeMetricFamily("kubewright_cache_objects", "Objects in the store.", labels=_LABELS)
        size = GaugeMetricFamily("kubewright_cache_bytes", "Memory that the objects' JSON takes.", labels=_LABELS)
        synced = GaugeMetricFamily("kubewright_cache_synced", "1 once the store is filled.", labels=_LABELS)
        silent = GaugeMetricFamily(
            "kubewright_cache_silence_seconds",
            "Seconds since the server was last heard of: events come as they happen, bookmarks every minute.",
            labels=_LABELS,
        )
        restarts = CounterMetricFamily(
            "kubewright_cache_watch_restarts", "Watches that had to begin anew with a list.", labels=_LABELS
        )
        inconsistencies = CounterMetricFamily(
            "kubewright_cache_inconsistencies",
            "Objects that were streamed otherwise than listed; counted with KUBEWRIGHT_WATCHLIST_CHECK=1.",
            labels=_LABELS,
        )
        for informer in self._cache.informers:
            if informer.kind is None:
                continue
            labels = informer.kind.gvk
            objects.add_metric(labels, len(informer.indexer))
            size.add_metric(labels, informer.indexer.bytes)
            synced.add_metric(labels, informer.has_synced)
            restarts.add_metric(labels, informer.restarts)
            inconsistencies.add_metric(labels, informer.inconsistencies)
            if (since := informer.silent_since) is not None:
                silent.add_metric(labels, self._loop.time() - since)
        return (objects, size, synced, silent, restarts, inconsistencies)
