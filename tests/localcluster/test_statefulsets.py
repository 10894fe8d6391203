import pytest
from tests.localcluster.waiting import eventually
from tests.localcluster.workloads import LABELS, SELECTOR, template

from kubewright.client import Client
from kubewright.localcluster.statefulsets import Plan, Replica, plan
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.apps_v1 import StatefulSet, StatefulSetSpec
from kubewright.objects.core_v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Pod,
    VolumeResourceRequirements,
)

OLD = Replica("old", ready=True, ended=False, going=False)
NEW = OLD._replace(revision="new")
STARTING, ENDED, GOING = NEW._replace(ready=False), NEW._replace(ended=True, ready=False), NEW._replace(going=True)


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [
        ({}, Plan([0], [])),
        ({0: STARTING}, Plan([], [])),
        ({0: NEW}, Plan([1], [])),
        ({0: NEW, 2: NEW}, Plan([1], [])),
        ({0: ENDED}, Plan([], [0])),
        ({0: GOING}, Plan([], [])),
        ({0: NEW, 1: NEW, 2: NEW}, Plan([], [])),
        ({0: NEW, 1: NEW, 2: NEW, 3: NEW, 4: NEW}, Plan([], [4])),
        ({0: NEW, 1: NEW, 2: NEW, 3: NEW, 4: GOING}, Plan([], [])),
        ({0: OLD, 1: OLD, 2: OLD}, Plan([], [2])),
        ({0: OLD, 1: OLD, 2: STARTING}, Plan([], [])),
        ({0: OLD, 1: OLD, 2: NEW}, Plan([], [1])),
    ],
)
def test_pods_come_go_and_are_replaced_in_order(replicas: dict[int, Replica], expected: Plan) -> None:
    assert plan(range(3), replicas, update_revision="new") == expected


def test_in_parallel_order_does_not_matter() -> None:
    assert plan(range(3), {1: STARTING, 5: NEW, 4: NEW}, update_revision="new", parallel=True) == Plan([0, 2], [5, 4])


def test_a_partition_keeps_lower_ordinals_as_they_are() -> None:
    assert plan(range(3), {0: OLD, 1: OLD, 2: NEW}, update_revision="new", partition=2) == Plan([], [])


def test_on_delete_replaces_nothing_by_itself() -> None:
    assert plan(range(1), {0: OLD}, update_revision="new", on_delete=True) == Plan([], [])


def statefulset(image: str) -> StatefulSet:
    claim = PersistentVolumeClaim(
        metadata=ObjectMeta(name="data"),
        spec=PersistentVolumeClaimSpec(
            access_modes=["ReadWriteOnce"],
            resources=VolumeResourceRequirements(requests={"storage": Quantity("1Gi")}),
        ),
    )
    spec = StatefulSetSpec(
        replicas=2, selector=SELECTOR, template=template(image), service_name="db", volume_claim_templates=[claim]
    )
    return StatefulSet(metadata=ObjectMeta(name="db", namespace="default"), spec=spec)


async def test_pods_have_names_and_claims_of_their_own_and_keep_them_over_an_update(client: Client) -> None:
    async def images() -> dict[str, str | None]:
        pods = await client.list(Pod, namespace="default", label_selector=LABELS)
        return {pod.metadata.name: pod.spec.containers[0].image for pod in pods if pod.status.phase == "Running"}

    async def running(image: str) -> bool:
        status = (await client.get(StatefulSet, "db")).status
        rolled = status.current_revision == status.update_revision and status.ready_replicas == 2
        return rolled and await images() == {"db-0": image, "db-1": image}

    await client.create(statefulset("i:1"))
    await eventually(lambda: running("i:1"))

    async def bound() -> bool:
        claims = await client.list(PersistentVolumeClaim, namespace="default")
        return {(one.metadata.name, one.status.phase) for one in claims} == {
            ("data-db-0", "Bound"),
            ("data-db-1", "Bound"),
        }

    await eventually(bound)
    await client.apply(statefulset("i:2"), force=True)
    await eventually(lambda: running("i:2"))
