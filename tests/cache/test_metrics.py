from __future__ import annotations

from prometheus_client import CollectorRegistry
from tests.cache.fake_server import FakeServer
from tests.cache.objects import pod
from tests.cache.test_informer import running

from kubewright.cache.metrics import CacheMetrics
from kubewright.objects.core_v1 import Pod


async def test_an_informer_shows_what_it_holds_and_how_it_follows() -> None:
    registry = CollectorRegistry()
    async with running(FakeServer(pod("a", 1), pod("b", 2))) as cache:
        CacheMetrics(cache, registry)
        informer = cache.informer(Pod)
        await informer.wait_for_sync()
        labels = {"group": "", "version": "v1", "kind": "Pod"}
        assert registry.get_sample_value("kubewright_cache_objects", labels) == 2
        assert registry.get_sample_value("kubewright_cache_bytes", labels) == informer.indexer.bytes > 0
        assert registry.get_sample_value("kubewright_cache_synced", labels) == 1
        assert registry.get_sample_value("kubewright_cache_watch_restarts_total", labels) == 0
        silence = registry.get_sample_value("kubewright_cache_silence_seconds", labels)
        assert silence is not None
        assert 0 <= silence < 5
