import asyncio

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.helm.dependents import Dependents
from kubewright.objects import GroupVersionKind, ObjectKey, ObjectMeta, OwnerReference
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.names import GroupKind
from kubewright.testing import TestCluster
from kubewright.workqueue import WorkQueue

WEB = GroupKind("example.com", "Web")
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


async def create(client: Client, name: str, **metadata: object) -> None:
    await client.create(ConfigMap(metadata=ObjectMeta(name=name, namespace="default", **metadata)))  # type: ignore[arg-type]


async def test_a_change_wakes_the_resource_that_an_object_is_for(cluster: TestCluster) -> None:
    cache, queue, ready = Cache(cluster.client), WorkQueue[ObjectKey]("webs"), asyncio.Event()
    dependents = Dependents(WEB)
    owner = OwnerReference(api_version="example.com/v1", kind="Web", name="owned", uid="1", controller=True)
    await create(cluster.client, "there-already", owner_references=[owner])
    tasks = [asyncio.create_task(cache.run()), asyncio.create_task(dependents.run(queue, ready.set))]
    await ready.wait()
    await dependents.follow(cache, CONFIG_MAP)
    await dependents.follow(cache, CONFIG_MAP)
    assert len(cache.informers) == 1
    await create(cluster.client, "one", owner_references=[owner])
    annotations = {"operator-sdk/primary-resource": "shop/far", "operator-sdk/primary-resource-type": "Web.example.com"}
    await create(cluster.client, "two", annotations=annotations)
    await create(cluster.client, "three", annotations={**annotations, "operator-sdk/primary-resource-type": "Other.x"})
    async with asyncio.timeout(5):
        keys = {(await queue.get()).key, (await queue.get()).key}
    assert keys == {ObjectKey("default", "owned"), ObjectKey("shop", "far")}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
