from datetime import UTC, datetime

from tests.localcluster.waiting import eventually

from kubewright.client import Client
from kubewright.localcluster.endpoints import endpoints_of, slice_of
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import (
    Container,
    ContainerPort,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
    Service,
    ServicePort,
    ServiceSpec,
)
from kubewright.objects.discovery_v1 import EndpointSlice


def service(port: ServicePort) -> Service:
    metadata = ObjectMeta(name="web", namespace="default", uid="1")
    return Service(metadata=metadata, spec=ServiceSpec(selector={"app": "web"}, ports=[port]))


def pod(name: str, *, ready: bool = True) -> Pod:
    container = Container(name="c", image="i", ports=[ContainerPort(name="http", container_port=8080)])
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", labels={"app": "web"}),
        spec=PodSpec(containers=[container]),
        status=PodStatus(pod_ip=f"10.244.0.{name}", conditions=[PodCondition(type="Ready", status=str(ready))]),
    )


def test_ready_pods_stand_behind_the_service_and_others_are_listed_apart() -> None:
    [subset] = endpoints_of(service(ServicePort(port=80)), [pod("1"), pod("2", ready=False)]).subsets
    assert [one.ip for one in subset.addresses] == ["10.244.0.1"]
    assert [one.ip for one in subset.not_ready_addresses] == ["10.244.0.2"]
    assert [port.port for port in subset.ports] == [80]


def test_a_named_port_is_looked_up_in_the_pods() -> None:
    of = slice_of(service(ServicePort(port=80, target_port="http")), [pod("1")])
    assert [port.port for port in of.ports] == [8080]


def test_a_service_without_pods_has_no_addresses() -> None:
    assert endpoints_of(service(ServicePort(port=80)), []).subsets == []
    assert slice_of(service(ServicePort(port=80)), []).endpoints == []


def test_a_service_whose_pods_are_all_going_has_no_addresses() -> None:
    going = pod("1")
    going.metadata.deletion_timestamp = datetime.now(UTC)
    assert endpoints_of(service(ServicePort(port=80)), [going]).subsets == []


async def test_the_slice_follows_the_pods(client: Client) -> None:
    await client.create(service(ServicePort(port=80)))
    created = pod("1")
    created.status = PodStatus()
    await client.create(created)

    async def addresses() -> list[str]:
        slices = await client.list(EndpointSlice, namespace="default", label_selector="kubernetes.io/service-name=web")
        return [address for one in slices for endpoint in one.endpoints for address in endpoint.addresses]

    assert await eventually(addresses)
    await client.delete(Pod, "1")

    async def empty() -> bool:
        return not await addresses()

    await eventually(empty)
