import pytest
from tests.localcluster.waiting import eventually

from kubewright.client import Client
from kubewright.localcluster.kubelet import NODE
from kubewright.localcluster.scheduling import why_not
from kubewright.objects import ObjectMeta, Quantity
from kubewright.objects.core_v1 import (
    Affinity,
    Container,
    Event,
    Node,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    NodeSpec,
    NodeStatus,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodSpec,
    ResourceRequirements,
    Taint,
    Toleration,
    Volume,
)

EVERYTHING = Toleration(operator="Exists")


def pod(**spec: object) -> Pod:
    containers = [Container(name="c", image="i")]
    return Pod(metadata=ObjectMeta(name="p", namespace="default"), spec=PodSpec(**{"containers": containers, **spec}))  # type: ignore[arg-type]


def node(**spec: object) -> Node:
    status = NodeStatus(allocatable={"cpu": Quantity("4")})
    return Node(metadata=ObjectMeta(name="n", labels={"disk": "ssd"}), spec=NodeSpec(**spec), status=status)  # type: ignore[arg-type]


def asks_for(label: str, operator: str, *values: str) -> Affinity:
    rule = NodeSelectorRequirement(key=label, operator=operator, values=list(values))
    required = NodeSelector(node_selector_terms=[NodeSelectorTerm(match_expressions=[rule])])
    return Affinity(node_affinity=NodeAffinity(required_during_scheduling_ignored_during_execution=required))


@pytest.mark.parametrize(
    ("wanted", "offered", "why"),
    [
        (pod(), node(), ""),
        (pod(node_selector={"disk": "hdd"}), node(), "1 node(s) didn't match Pod's node affinity/selector"),
        (pod(affinity=asks_for("disk", "In", "ssd")), node(), ""),
        (pod(affinity=asks_for("gpu", "Exists")), node(), "1 node(s) didn't match Pod's node affinity/selector"),
        (pod(), node(unschedulable=True), "1 node(s) were unschedulable"),
        (pod(tolerations=[EVERYTHING]), node(unschedulable=True), ""),
        (
            pod(),
            node(taints=[Taint(key="team", value="a", effect="NoSchedule")]),
            "1 node(s) had untolerated taint {team: a}",
        ),
        (
            pod(tolerations=[Toleration(key="team", operator="Equal", value="a")]),
            node(taints=[Taint(key="team", value="a", effect="NoSchedule")]),
            "",
        ),
        (
            pod(
                containers=[
                    Container(name="c", resources=ResourceRequirements(requests={"cpu": Quantity("5")})),
                ]
            ),
            node(),
            "1 Insufficient cpu",
        ),
    ],
)
def test_a_pod_fits_or_is_told_why_not(wanted: Pod, offered: Node, why: str) -> None:
    assert why_not(wanted, offered) == why


async def waits(client: Client) -> str:
    async def why() -> str | None:
        found = await client.get(Pod, "p")
        return next((one.message for one in found.status.conditions if one.reason == "Unschedulable"), None)

    return await eventually(why)


async def runs(client: Client) -> None:
    async def check() -> bool:
        return (await client.get(Pod, "p")).status.phase == "Running"

    await eventually(check)


async def test_pods_wait_for_a_cordoned_node(client: Client) -> None:
    await client.patch(Node, NODE, merge={"spec": {"unschedulable": True}})
    await client.create(pod())
    text = "0/1 nodes are available: 1 node(s) were unschedulable."
    assert await waits(client) == text

    async def told() -> bool:
        return (text, "FailedScheduling") in [(one.message, one.reason) for one in await client.list(Event)]

    await eventually(told)
    await client.patch(Node, NODE, merge={"spec": {"unschedulable": None}})
    await runs(client)


async def test_a_pod_waits_for_its_claim(client: Client) -> None:
    source = PersistentVolumeClaimVolumeSource(claim_name="data")
    await client.create(pod(volumes=[Volume(name="v", persistent_volume_claim=source)]))
    assert await waits(client) == 'persistentvolumeclaim "data" not found'
