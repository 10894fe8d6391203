from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace, Secret, ServiceAccount


async def test_a_namespace_gets_what_its_pods_need(client: Client) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    await eventually(lambda: client.get(ServiceAccount, "default", "team"))
    root_ca = await eventually(lambda: client.get(ConfigMap, "kube-root-ca.crt", "team"))
    assert root_ca.data["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")


async def test_what_is_deleted_of_it_comes_back(client: Client) -> None:
    await eventually(lambda: client.get(ConfigMap, "kube-root-ca.crt", "default"))
    await client.delete(ConfigMap, "kube-root-ca.crt", "default")
    await eventually(lambda: client.get(ConfigMap, "kube-root-ca.crt", "default"))


async def test_a_namespace_goes_with_everything_in_it(client: Client) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    await client.create(Secret(metadata=ObjectMeta(name="s", namespace="team")))
    await client.delete(Namespace, "team")
    await gone(lambda: client.get(Namespace, "team"))
    assert await client.list(Secret, namespace="team") == []


async def test_a_finalizer_holds_the_namespace_and_the_status_says_so(client: Client) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="team")))
    held = await client.create(
        ConfigMap(metadata=ObjectMeta(name="held", namespace="team", finalizers=["x.test/held"]))
    )
    await client.delete(Namespace, "team")

    async def explained() -> bool:
        namespace = await client.get(Namespace, "team")
        return any("configmaps has 1 resource instances" in (one.message or "") for one in namespace.status.conditions)

    await eventually(explained)
    await client.patch(held, merge={"metadata": {"finalizers": None}})
    await gone(lambda: client.get(Namespace, "team"))
