import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.localcluster.deployments import Sizes, plan_rollout
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec, ReplicaSet
from kubewright.objects.core_v1 import Container, Pod, PodSpec, PodTemplateSpec
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


COUNTS = st.integers(0, 8)


@given(wanted=COUNTS, new=st.tuples(COUNTS, COUNTS), old=st.tuples(COUNTS, COUNTS), surge=COUNTS, unavailable=COUNTS)
def test_a_step_of_a_rollout_stays_within_the_bounds(
    wanted: int, new: tuple[int, int], old: tuple[int, int], surge: int, unavailable: int
) -> None:
    before = Sizes("new", new[0], min(new)), Sizes("old", old[0], min(old))
    sizes = plan_rollout(wanted, before[0], [before[1]], surge=surge, unavailable=unavailable)
    after_new, after_old = sizes.get("new", new[0]), sizes.get("old", old[0])
    total = after_new + after_old
    assert total <= max(wanted + surge, new[0] + old[0])
    assert after_old <= old[0]
    kept = min(before[0].available, after_new) + min(before[1].available, after_old)
    surely = before[0].available + before[1].available
    assert kept >= min(wanted - unavailable, surely)


def test_a_rollout_comes_to_its_end() -> None:
    new, old = Sizes("new", 0, 0), Sizes("old", 4, 4)
    for _ in range(20):
        sizes = plan_rollout(4, new, [old] if old.replicas else [], surge=1, unavailable=1)
        if not sizes:
            break
        # Every Pod that is made becomes available, every one that is given up is gone.
        new, old = (Sizes(one.name, size, size) for one in (new, old) for size in [sizes.get(one.name, one.replicas)])
    assert (new.replicas, old.replicas) == (4, 0)
