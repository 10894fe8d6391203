import pytest
from tests.localcluster.waiting import eventually, gone
from tests.localcluster.workloads import LABELS, SELECTOR, template

from kubewright.client import Client
from kubewright.objects import Object, ObjectMeta
from kubewright.objects.apps_v1 import (
    DaemonSet,
    DaemonSetSpec,
    Deployment,
    DeploymentSpec,
    ReplicaSet,
    ReplicaSetSpec,
    StatefulSet,
    StatefulSetSpec,
)
from kubewright.objects.core_v1 import Pod, PodTemplateSpec, ReplicationController, ReplicationControllerSpec

META = ObjectMeta(name="w", namespace="default")
WORKLOADS: list[Object] = [
    ReplicaSet(metadata=META, spec=ReplicaSetSpec(replicas=2, selector=SELECTOR, template=template())),
    ReplicationController(
        metadata=META, spec=ReplicationControllerSpec(replicas=2, selector=LABELS, template=template())
    ),
    StatefulSet(
        metadata=META, spec=StatefulSetSpec(replicas=2, selector=SELECTOR, template=template(), service_name="w")
    ),
    DaemonSet(metadata=META, spec=DaemonSetSpec(selector=SELECTOR, template=template())),
]


def controllers(objects: list[Pod] | list[ReplicaSet]) -> list[str]:
    return [reference.uid for one in objects for reference in one.metadata.owner_references if reference.controller]


async def ready_pods(client: Client, count: int) -> list[Pod] | None:
    pods = await client.list(Pod, namespace="default")
    ready = [pod for pod in pods if any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)]
    return pods if len(ready) == len(pods) == count else None


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: type(one).__name__)
async def test_pods_left_behind_are_adopted_by_a_workload_that_selects_them(client: Client, workload: Object) -> None:
    made = await client.create(workload)
    count = 1 if isinstance(workload, DaemonSet) else 2
    before = await eventually(lambda: ready_pods(client, count))
    await client.delete(made, propagation="Orphan")
    await gone(lambda: client.get(type(workload), "w"))
    assert controllers(await client.list(Pod, namespace="default")) == []

    again = await client.create(workload)

    async def adopted() -> bool:
        pods = await client.list(Pod, namespace="default")
        return controllers(pods) == [again.metadata.uid] * count

    await eventually(adopted)
    after = await client.list(Pod, namespace="default")
    assert {pod.metadata.uid for pod in after} == {pod.metadata.uid for pod in before}


async def test_a_deployment_made_anew_takes_over_its_replica_set(client: Client) -> None:
    spec = DeploymentSpec(replicas=2, selector=SELECTOR, template=template())
    made = await client.create(Deployment(metadata=META, spec=spec))
    await eventually(lambda: ready_pods(client, 2))
    await client.delete(made, propagation="Orphan")
    await gone(lambda: client.get(Deployment, "w"))
    again = await client.create(Deployment(metadata=META, spec=spec))

    async def available() -> bool:
        return (await client.get(Deployment, "w")).status.available_replicas == 2

    await eventually(available)
    assert controllers(await client.list(ReplicaSet, namespace="default")) == [again.metadata.uid]


async def test_a_pod_whose_labels_no_longer_match_is_released_and_replaced(client: Client) -> None:
    await client.create(WORKLOADS[0])
    [pod, _] = await eventually(lambda: ready_pods(client, 2))
    await client.patch(pod, merge={"metadata": {"labels": {"app": "under-inspection"}}})
    await eventually(lambda: ready_pods(client, 3))
    assert (await client.get(Pod, pod.metadata.name)).metadata.owner_references == []


async def test_a_pod_of_somebody_else_is_left_alone(client: Client) -> None:
    other = PodTemplateSpec(metadata=ObjectMeta(labels={**LABELS, "more": "labels"}), spec=template().spec)
    first = await client.create(WORKLOADS[0])
    await eventually(lambda: ready_pods(client, 2))
    spec = ReplicaSetSpec(replicas=1, selector=SELECTOR, template=other)
    await client.create(ReplicaSet(metadata=ObjectMeta(name="v", namespace="default"), spec=spec))
    pods = await eventually(lambda: ready_pods(client, 3))
    assert controllers(pods).count(first.metadata.uid) == 2
