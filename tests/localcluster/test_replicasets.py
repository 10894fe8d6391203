from tests.localcluster.waiting import eventually
from tests.localcluster.workloads import LABELS, SELECTOR, template

from kubewright.client import Client
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec, ReplicaSet
from kubewright.objects.core_v1 import ResourceQuota, ResourceQuotaSpec


def quota(pods: int) -> ResourceQuota:
    return ResourceQuota(
        metadata=ObjectMeta(name="few", namespace="default"), spec=ResourceQuotaSpec(hard={"pods": Quantity(pods)})
    )


async def test_a_refused_pod_stands_in_the_conditions_until_it_is_made(client: Client) -> None:
    await client.create(quota(1))
    spec = DeploymentSpec(replicas=3, selector=SELECTOR, template=template())
    await client.create(Deployment(metadata=ObjectMeta(name="web", namespace="default", labels=LABELS), spec=spec))

    async def failures() -> list[str]:
        deployment = await client.get(Deployment, "web")
        return [one.message or "" for one in deployment.status.conditions if one.type == "ReplicaFailure"]

    (message,) = await eventually(failures)
    assert "exceeded quota: few" in message
    (replicaset,) = await client.list(ReplicaSet, namespace="default")
    assert [(one.type, one.reason) for one in replicaset.status.conditions] == [("ReplicaFailure", "FailedCreate")]

    await client.apply(quota(3), force=True)

    async def complete() -> bool:
        deployment = await client.get(Deployment, "web")
        return deployment.status.ready_replicas == 3 and not await failures()

    await eventually(complete)
