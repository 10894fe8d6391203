from collections.abc import AsyncIterator

import pytest

from kubewright.client import Client, MetadataOnly
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Namespace, ServiceAccount
from kubewright.objects.errors import NotFound
from kubewright.packaging import OperatorManifest
from kubewright.packaging.deploy import Change, deploy, prune, remove, wait_gone, wait_ready
from kubewright.packaging.graph import build, flatten, identity
from kubewright.packaging.kustomize import OPTIONAL
from kubewright.packaging.manifest import Object
from kubewright.testing import TestCluster

HOME = "website-operator-system"


@pytest.fixture
def objects(manifest: OperatorManifest) -> list[Object]:
    return flatten(build(manifest), without=sorted(OPTIONAL))


async def verbs(changes: AsyncIterator[Change]) -> dict[str, str]:
    return {change.name: change.verb async for change in changes}


async def exists(client: Client, kind: type[Namespace] | type[Deployment], name: str, namespace: str = "") -> bool:
    try:
        await client.get(MetadataOnly(kind), name, namespace)
    except NotFound:
        return False
    return True


async def test_a_second_deploy_changes_nothing(cluster: TestCluster, objects: list[Object]) -> None:
    first = await verbs(deploy(cluster.client, objects))
    assert set(first.values()) == {"created"}
    assert set((await verbs(deploy(cluster.client, objects))).values()) == {"unchanged"}


async def test_a_dry_run_stores_nothing(cluster: TestCluster, objects: list[Object]) -> None:
    assert set((await verbs(deploy(cluster.client, objects, dry_run=True))).values()) == {"created"}
    assert not await exists(cluster.client, Namespace, HOME)


async def test_what_others_changed_is_set_back(cluster: TestCluster, objects: list[Object]) -> None:
    await verbs(deploy(cluster.client, objects))
    name = "website-operator-controller-manager"
    await cluster.client.patch(Deployment, name, HOME, merge={"spec": {"replicas": 0}})
    assert (await verbs(deploy(cluster.client, objects)))[f"deployment.apps/{name}"] == "configured"
    assert (await cluster.client.get(Deployment, name, HOME)).spec.replicas == 1


async def test_pruning_removes_what_is_no_longer_made_and_nothing_of_others(
    cluster: TestCluster, manifest: OperatorManifest, objects: list[Object]
) -> None:
    await verbs(deploy(cluster.client, objects))
    theirs = ServiceAccount(metadata=ObjectMeta(name="theirs", namespace=HOME, labels=identity(manifest)))
    await cluster.client.create(theirs)
    kept = [obj for obj in objects if not obj["metadata"]["name"].endswith("-viewer")]
    pruned = await verbs(prune(cluster.client, identity(manifest), keep=kept))
    assert pruned == {"clusterrole.rbac.authorization.k8s.io/website-operator-websites-viewer": "removed"}


async def test_a_namespace_that_others_use_too_stays(cluster: TestCluster, manifest: OperatorManifest) -> None:
    await cluster.client.create(Namespace(metadata=ObjectMeta(name=HOME, labels={"team": "a"})))
    await verbs(deploy(cluster.client, flatten(build(manifest), without=sorted(OPTIONAL))))
    pruned = await verbs(prune(cluster.client, identity(manifest)))
    assert f"namespace/{HOME}" not in pruned
    assert await exists(cluster.client, Namespace, HOME)


async def test_pruning_everything_leaves_only_the_definitions(
    cluster: TestCluster, manifest: OperatorManifest, objects: list[Object]
) -> None:
    await verbs(deploy(cluster.client, objects))
    await verbs(prune(cluster.client, identity(manifest)))
    definitions = [obj for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    rest = [obj for obj in objects if obj not in definitions]
    assert await wait_gone(cluster.client, rest, timeout=10) == []
    assert list((await verbs(remove(cluster.client, definitions))).values()) == ["removed"]
    assert await wait_gone(cluster.client, definitions, timeout=10) == []


async def test_waiting_tells_what_is_late(cluster: TestCluster, objects: list[Object]) -> None:
    await verbs(deploy(cluster.client, objects))
    said: list[str] = []
    assert await wait_ready(cluster.client, objects, timeout=20, say=said.append) == []
    absent = {**objects[0], "metadata": {"name": "absent"}}
    assert await wait_ready(cluster.client, [absent], timeout=0.1) == ["namespace/absent: is not there"]


async def test_what_does_not_go_names_its_finalizers(cluster: TestCluster) -> None:
    held = ConfigMap(metadata=ObjectMeta(name="held", finalizers=["example.com/hold"]))
    await cluster.client.create(held)
    plain = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": "default"}}
    await verbs(remove(cluster.client, [plain]))
    assert await wait_gone(cluster.client, [plain], timeout=0.2) == ["configmap/held: held by example.com/hold"]
