import pytest
from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec, ReplicaSet
from kubewright.objects.core_v1 import Container, Pod, PodSpec, PodTemplateSpec
from kubewright.objects.events_v1 import Event
from kubewright.objects.meta import LabelSelector


def deployment(image: str = "nginx:1", replicas: int = 2) -> Deployment:
    labels = {"app": "web"}
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="c", image=image)])
    )
    spec = DeploymentSpec(replicas=replicas, selector=LabelSelector(match_labels=labels), template=template)
    return Deployment(metadata=ObjectMeta(name="web", namespace="default"), spec=spec)


async def rolled_out(client: Client) -> Deployment | None:
    found = await client.get(Deployment, "web")
    status, wanted = found.status, found.spec.replicas
    done = status.observed_generation == found.metadata.generation and status.updated_replicas == wanted
    return found if done and status.available_replicas == wanted and status.replicas == wanted else None


async def test_a_deployment_becomes_running_pods(client: Client) -> None:
    await client.create(deployment())
    found = await eventually(lambda: rolled_out(client))
    assert {one.type: one.reason for one in found.status.conditions} == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    pods = await client.list(Pod, namespace="default", label_selector="app=web")
    assert [pod.status.phase for pod in pods] == ["Running", "Running"]
    assert len({pod.status.pod_ip for pod in pods}) == 2


async def test_a_new_template_replaces_the_pods_and_keeps_the_old_replica_set(client: Client) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    await client.apply(deployment("nginx:2"), force=True)

    async def replaced() -> bool:
        pods = await client.list(Pod, namespace="default")
        return (await rolled_out(client) is not None) and {pod.spec.containers[0].image for pod in pods} == {"nginx:2"}

    await eventually(replaced)
    replicasets = await client.list(ReplicaSet, namespace="default")
    revisions = {
        one.metadata.annotations["deployment.kubernetes.io/revision"]: one.spec.replicas for one in replicasets
    }
    assert revisions == {"1": 0, "2": 2}


async def test_events_tell_what_was_scaled(client: Client) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    await client.patch(Deployment, "web", merge={"spec": {"replicas": 1}})

    async def both() -> list[str] | None:
        events = await client.list(Event, namespace="default")
        notes = [one.note or "" for one in events if one.reporting_controller == "deployment-controller"]
        return notes if len(notes) == 2 else None

    (replicaset,) = await client.list(ReplicaSet, namespace="default")
    assert sorted(await eventually(both)) == [
        f"Scaled down replica set {replicaset.metadata.name} from 2 to 1",
        f"Scaled up replica set {replicaset.metadata.name} from 0 to 2",
    ]


async def test_scaling_keeps_the_template(client: Client) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    await client.patch(Deployment, "web", merge={"spec": {"replicas": 5}})
    await eventually(lambda: rolled_out(client))
    assert len(await client.list(ReplicaSet, namespace="default")) == 1


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_deleting_a_deployment_takes_its_pods_along(client: Client, propagation: str) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    await client.delete(Deployment, "web", propagation="Foreground" if propagation == "Foreground" else "Background")
    await gone(lambda: client.get(Deployment, "web"))

    async def empty() -> bool:
        return not await client.list(Pod, namespace="default")

    await eventually(empty)


async def test_orphans_stay(client: Client) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    await client.delete(Deployment, "web", propagation="Orphan")
    await gone(lambda: client.get(Deployment, "web"))
    [replicaset] = await client.list(ReplicaSet, namespace="default")
    assert replicaset.metadata.owner_references == []
    assert len(await client.list(Pod, namespace="default")) == 2


async def test_each_revision_keeps_the_cause_of_its_own_change(client: Client) -> None:
    cause = "kubernetes.io/change-cause"

    async def roll(image: str) -> None:
        wanted = deployment(image)
        wanted.metadata.annotations[cause] = image
        await client.apply(wanted, force=True)

    async def causes() -> bool:
        found = {one.metadata.annotations[cause] for one in await client.list(ReplicaSet, namespace="default")}
        return await rolled_out(client) is not None and found == {"nginx:1", "nginx:2"}

    await roll("nginx:1")
    await eventually(lambda: rolled_out(client))
    await roll("nginx:2")
    await eventually(causes)


async def test_a_paused_deployment_scales_but_does_not_roll(client: Client) -> None:
    await client.create(deployment())
    await eventually(lambda: rolled_out(client))
    container = {"name": "c", "image": "nginx:2"}
    spec = {"paused": True, "replicas": 3, "template": {"spec": {"containers": [container]}}}
    await client.patch(Deployment, "web", merge={"spec": spec})

    async def images() -> bool:
        pods = await client.list(Pod, namespace="default")
        return [pod.spec.containers[0].image for pod in pods] == ["nginx:1"] * 3

    await eventually(images)
    await client.patch(Deployment, "web", merge={"spec": {"paused": False}})
    await eventually(lambda: rolled_out(client))
