import pytest
from tests.localcluster.waiting import eventually

from kubewright.client import Client
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.core_v1 import ConfigMap, Container, Namespace, Pod, PodSpec, ResourceQuota, ResourceQuotaSpec
from kubewright.objects.errors import Forbidden


def config_map(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="team"))


async def used(client: Client, resource: str) -> Quantity | None:
    return (await client.get(ResourceQuota, "q", "team")).status.used.get(resource)


@pytest.mark.parametrize("resource", ["configmaps", "count/configmaps"])
async def test_a_quota_is_charged_and_given_back(client: Client, resource: str) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    await eventually(lambda: client.get(ConfigMap, "kube-root-ca.crt", "team"))
    spec = ResourceQuotaSpec(hard={resource: Quantity(2)})
    await client.create(ResourceQuota(metadata=ObjectMeta(name="q", namespace="team"), spec=spec))

    async def uses(amount: int) -> bool:
        return await used(client, resource) == Quantity(amount)

    await eventually(lambda: uses(1))  # the CA's, which every namespace has
    await client.create(config_map("a"))
    with pytest.raises(Forbidden, match="exceeded quota: q"):
        await client.create(config_map("b"))
    await client.delete(config_map("a"))
    await eventually(lambda: uses(1))
    await client.create(config_map("b"))


async def test_kinds_that_are_not_followed_are_counted_too(client: Client) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    spec = ResourceQuotaSpec(hard={"count/serviceaccounts": Quantity(5)})
    await client.create(ResourceQuota(metadata=ObjectMeta(name="q", namespace="team"), spec=spec))

    async def counted() -> bool:
        return await used(client, "count/serviceaccounts") is not None

    await eventually(counted)


async def test_a_quota_counts_what_its_scopes_are_about(client: Client) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    await eventually(lambda: client.get(ConfigMap, "kube-root-ca.crt", "team"))
    spec = ResourceQuotaSpec(hard={"pods": Quantity(5)}, scopes=["Terminating"])
    await client.create(ResourceQuota(metadata=ObjectMeta(name="q", namespace="team"), spec=spec))
    for name, deadline in (("endless", None), ("bounded", 600)):
        pod = PodSpec(containers=[Container(name="c", image="i")], active_deadline_seconds=deadline)
        await client.create(Pod(metadata=ObjectMeta(name=name, namespace="team"), spec=pod))

    async def runs() -> bool:
        return all(one.status.phase == "Running" for one in await client.list(Pod, namespace="team"))

    await eventually(runs)

    async def counted() -> bool:
        return await used(client, "pods") == Quantity(1)

    await eventually(counted)
