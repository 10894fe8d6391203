"""The walk from one version to the next, objects and all, with `examples/versions`."""

from __future__ import annotations

from typing import Any

from tests.examples.loading import load

from kubewright.manager import install
from kubewright.manager.migration import Migration, migrate
from kubewright.objects import ObjectMeta
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.names import GroupKind
from kubewright.schema.crd import crd
from kubewright.testing.cluster import TestCluster
from kubewright.testing.strategies import assert_round_trips

NAME = "caches.example.com"

versions: Any = load("versions")
Cache, OldCache = versions.Cache, versions.OldCache


def test_no_version_loses_what_the_other_says() -> None:
    assert_round_trips(versions.op.conversions[GroupKind("example.com", "Cache")], OldCache, Cache, examples=50)


async def test_a_version_comes_and_the_one_before_it_goes(cluster: TestCluster) -> None:
    client = cluster.client

    async def definition() -> CustomResourceDefinition:
        return await client.get(CustomResourceDefinition, NAME)

    await install(client, [crd(OldCache)], field_manager="caches")
    for name, size in (("a", "small"), ("b", "large")):
        metadata = ObjectMeta(name=name, namespace="default")
        await client.create(OldCache(metadata=metadata, spec=versions.OldCacheSpec(size=size)))

    async with cluster.running(versions.op):
        converted = await cluster.eventually(Cache, "b", lambda cache: cache.status.memory == 1024)
        assert converted.spec.memory == 1024
        await client.patch(Cache, "a", "default", merge={"spec": {"memory": 100, "eviction": "LFU"}})
        old = await cluster.eventually(OldCache, "a", lambda cache: cache.status.memory == 100)
        assert old.spec.size == "small"
        await client.patch(OldCache, "a", "default", merge={"metadata": {"labels": {"tier": "web"}}})
        await client.patch(OldCache, "b", "default", merge={"spec": {"size": "small"}})
        kept = await client.get(Cache, "a", "default")
        assert (kept.spec.memory, kept.spec.eviction, kept.metadata.labels) == (100, "LFU", {"tier": "web"})
        assert (await client.get(Cache, "b", "default")).spec.memory == 64

        assert (await definition()).status.stored_versions == ["v1alpha1", "v1"]
        assert await migrate(client, NAME, page_size=1) == Migration("v1", ("v1alpha1",), 2)
        assert await migrate(client, NAME) == Migration("v1", (), 0)
        assert (await definition()).status.stored_versions == ["v1"]

    await install(client, [crd(Cache)], field_manager="caches")
    assert [(cache.metadata.name, cache.spec.memory) for cache in await client.list(Cache)] == [("a", 100), ("b", 64)]
    await cluster.gone(OldCache, "a")


async def test_a_process_beside_the_cluster_leaves_the_conversion_as_it_found_it(cluster: TestCluster) -> None:
    client = cluster.client
    await install(client, versions.op.crds(versions.op.service), field_manager="kubewright-deploy")
    async with cluster.running(versions.op):
        served = (await client.get(CustomResourceDefinition, NAME)).spec.conversion
        assert served and served.webhook and served.webhook.client_config
        assert (served.webhook.client_config.service, bool(served.webhook.client_config.url)) == (None, True)
    found = (await client.get(CustomResourceDefinition, NAME)).spec.conversion
    assert found and found.webhook and found.webhook.client_config and found.webhook.client_config.service
    assert found.webhook.client_config.service.name == "caches-webhook"
