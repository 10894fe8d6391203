from datetime import UTC, datetime, timedelta

import pytest
from tests.localcluster.waiting import eventually, gone
from tests.localcluster.workloads import LABELS, SELECTOR, template

from kubewright.client import Client
from kubewright.localcluster.disruptions import observe
from kubewright.objects import ObjectMeta, OwnerReference
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.core_v1 import ConfigMap, Container, Pod, PodCondition, PodSpec, PodStatus
from kubewright.objects.errors import TooManyRequests
from kubewright.objects.policy_v1 import (
    Eviction,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pods(ready: int, unready: int = 0) -> list[Pod]:
    def pod(index: int) -> Pod:
        conditions = [PodCondition(type="Ready", status=str(index < ready))]
        return Pod(metadata=ObjectMeta(name=f"p{index}"), status=PodStatus(conditions=conditions))

    return [pod(index) for index in range(ready + unready)]


def budget(**spec: object) -> PodDisruptionBudget:
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="b", namespace="default", generation=1),
        spec=PodDisruptionBudgetSpec(selector=SELECTOR, **spec),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("ready", "unready", "desired", "allowed"), [(3, 0, 2, 1), (2, 1, 2, 0), (1, 2, 2, 0), (0, 0, 0, 0)]
)
def test_healthy_pods_beyond_those_that_must_stay_may_go(ready: int, unready: int, desired: int, allowed: int) -> None:
    seen = budget()
    observe(seen, pods(ready, unready), ready + unready, desired, NOW)
    assert (seen.status.current_healthy, seen.status.disruptions_allowed) == (ready, allowed)
    [condition] = seen.status.conditions
    assert (condition.status, condition.reason) == (
        ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    )


def test_a_pod_that_was_let_go_counts_as_gone_for_two_minutes() -> None:
    seen = budget()
    seen.status = PodDisruptionBudgetStatus(disrupted_pods={"p0": NOW, "gone": NOW})
    again = observe(seen, pods(3), 3, 2, NOW + timedelta(minutes=1))
    assert (seen.status.current_healthy, list(seen.status.disrupted_pods)) == (2, ["p0"])
    assert again is not None
    assert again.after == 60
    observe(seen, pods(3), 3, 2, NOW + timedelta(minutes=2))
    assert (seen.status.current_healthy, seen.status.disrupted_pods) == (3, {})


async def allowed(client: Client, expected: int) -> PodDisruptionBudget:
    async def check() -> PodDisruptionBudget | None:
        found = await client.get(PodDisruptionBudget, "b")
        return found if found.status.disruptions_allowed == expected else None

    return await eventually(check)


async def healthy(client: Client, expected: int) -> None:
    async def check() -> bool:
        return (await client.get(PodDisruptionBudget, "b")).status.current_healthy == expected

    await eventually(check)


async def deploy(client: Client, replicas: int) -> None:
    spec = DeploymentSpec(replicas=replicas, selector=SELECTOR, template=template())
    await client.create(Deployment(metadata=ObjectMeta(name="d", namespace="default"), spec=spec))


async def test_a_budget_counts_what_the_deployment_wants(client: Client) -> None:
    await client.create(budget(max_unavailable="34%"))
    await deploy(client, 3)
    found = await allowed(client, 2)
    assert (found.status.expected_pods, found.status.desired_healthy) == (3, 1)


async def test_evictions_go_as_far_as_the_budget(client: Client) -> None:
    await client.create(budget(min_available=2))
    await deploy(client, 2)
    await healthy(client, 2)
    pod = (await client.list(Pod))[0].metadata
    eviction = Eviction(metadata=ObjectMeta(name=pod.name, namespace="default"))
    with pytest.raises(TooManyRequests):
        await client.create_subresource(Pod, pod.name, None, "eviction", eviction)
    await client.patch(PodDisruptionBudget, "b", merge={"spec": {"minAvailable": 1}})
    await allowed(client, 1)
    await client.create_subresource(Pod, pod.name, None, "eviction", eviction)
    await gone(lambda: client.get(Pod, pod.name))
    await allowed(client, 1)  # the Deployment has made another Pod


async def test_a_budget_whose_controller_has_no_scale_says_so(client: Client) -> None:
    boss = await client.create(ConfigMap(metadata=ObjectMeta(name="boss", namespace="default")))
    owner = OwnerReference(api_version="v1", kind="ConfigMap", name="boss", uid=boss.metadata.uid, controller=True)
    metadata = ObjectMeta(name="p", namespace="default", labels=LABELS, owner_references=[owner])
    await client.create(budget(max_unavailable=1))
    await client.create(Pod(metadata=metadata, spec=PodSpec(containers=[Container(name="c", image="i")])))

    async def failed() -> bool:
        conditions = (await client.get(PodDisruptionBudget, "b")).status.conditions
        texts = [condition.message for condition in conditions if condition.reason == "SyncFailed"]
        return texts == ["/v1, Resource=configmaps does not implement the scale subresource"]

    await eventually(failed)
