from datetime import UTC, datetime, timedelta

import pytest
from tests.localcluster.waiting import eventually, gone

from kubewright.client import Client
from kubewright.localcluster.kubelet import NODE, Addresses, run
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import Container, Event, Node, Pod, PodSpec

START = datetime(2026, 1, 1, tzinfo=UTC)


def pod(restart_policy: str = "Always", **annotations: str) -> Pod:
    named = {f"kubewright.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    metadata = ObjectMeta(name="p", namespace="default", uid="1", annotations=named, creation_timestamp=START)
    return Pod(metadata=metadata, spec=PodSpec(containers=[Container(name="c")], restart_policy=restart_policy))


def conditions(of: Pod) -> dict[str, str]:
    return {condition.type: condition.status for condition in of.status.conditions}


def test_a_pod_runs_and_is_ready_at_once() -> None:
    running = pod()
    assert run(running, Addresses(), START) is None
    assert (running.status.phase, conditions(running)["Ready"]) == ("Running", "True")
    assert running.status.container_statuses[0].ready


def test_a_pod_that_takes_its_time_is_looked_at_again() -> None:
    slow = pod(ready_after="5")
    run(slow, Addresses(), START)
    again = run(slow, Addresses(), START + timedelta(seconds=2))
    assert again and again.after == 3.0
    assert conditions(slow)["Ready"] == "False"
    run(slow, Addresses(), START + timedelta(seconds=5))
    assert conditions(slow)["Ready"] == "True"


@pytest.mark.parametrize(("code", "phase"), [("0", "Succeeded"), ("3", "Failed")])
def test_a_pod_that_is_meant_to_end_does(code: str, phase: str) -> None:
    job = pod("Never", exit_code=code)
    assert run(job, Addresses(), START) is not None
    run(job, Addresses(), START + timedelta(seconds=1))
    assert (job.status.phase, conditions(job)["Ready"]) == (phase, "False")
    state = job.status.container_statuses[0].state
    assert state and state.terminated and state.terminated.exit_code == int(code)


def test_every_pod_has_an_address_of_its_own() -> None:
    addresses = Addresses()
    assert addresses.of("a") == addresses.of("a") != addresses.of("b")


async def test_the_node_is_ready_and_pods_are_bound_to_it(client: Client) -> None:
    node = await client.get(Node, NODE)
    assert {one.type: one.status for one in node.status.conditions}["Ready"] == "True"
    bare = Pod(
        metadata=ObjectMeta(name="p", namespace="default"), spec=PodSpec(containers=[Container(name="c", image="i")])
    )
    await client.create(bare)

    async def running() -> bool:
        found = await client.get(Pod, "p")
        return found.spec.node_name == NODE and found.status.phase == "Running"

    await eventually(running)
    await client.delete(Pod, "p")
    await gone(lambda: client.get(Pod, "p"))


async def test_a_pod_that_wants_another_node_waits(client: Client) -> None:
    spec = PodSpec(containers=[Container(name="c", image="i")], node_selector={"disk": "ssd"})
    await client.create(Pod(metadata=ObjectMeta(name="picky", namespace="default"), spec=spec))
    other = Pod(
        metadata=ObjectMeta(name="p", namespace="default"), spec=PodSpec(containers=[Container(name="c", image="i")])
    )
    await client.create(other)

    async def other_runs() -> bool:
        return (await client.get(Pod, "p")).status.phase == "Running"

    await eventually(other_runs)
    assert (await client.get(Pod, "picky")).status.phase == "Pending"


def test_a_pod_that_is_active_for_too_long_is_stopped() -> None:
    running = pod()
    running.spec.active_deadline_seconds = 5
    again = run(running, Addresses(), START)
    assert again and again.after == 5.0
    run(running, Addresses(), START + timedelta(seconds=5))
    assert (running.status.phase, running.status.reason) == ("Failed", "DeadlineExceeded")
    state = running.status.container_statuses[0].state
    assert state and state.terminated and state.terminated.exit_code == 137


async def test_logs_are_followed_until_the_container_ends(client: Client) -> None:
    annotations = {
        "kubewright.dev/logs": "one\ntwo\nthree",
        "kubewright.dev/log-interval": "0.6",
        "kubewright.dev/completes-after": "2.5",
    }
    spec = PodSpec(containers=[Container(name="c", image="i")], restart_policy="Never")
    await client.create(Pod(metadata=ObjectMeta(name="p", namespace="default", annotations=annotations), spec=spec))

    async def runs() -> bool:
        return (await client.get(Pod, "p")).status.phase == "Running"

    await eventually(runs)
    path = "/api/v1/namespaces/default/pods/p/log"
    followed = await client.rest.request("GET", path, query={"follow": True})
    assert followed.body == b"one\ntwo\nthree\n"
    assert (await client.rest.request("GET", path, query={"tailLines": 1})).body == b"three\n"


async def test_events_tell_of_containers_that_crash(client: Client) -> None:
    metadata = ObjectMeta(name="p", namespace="default", annotations={"kubewright.dev/exit-code": "1"})
    await client.create(Pod(metadata=metadata, spec=PodSpec(containers=[Container(name="c", image="i")])))

    async def told() -> bool:
        return "BackOff" in [event.reason for event in await client.list(Event)]

    await eventually(told)
