"""A simulated node: one Node object, and a kubelet that lets them seem to run.

How the containers of a Pod fare is played by `containers.py`, as annotations say; this puts it together to the status
of the Pod, and lets the Pod go when it is deleted; with ``kubewright.dev/stays-after``, after that many seconds (0; at
most its grace period).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.containers import play, stop
from kubewright.localcluster.pods import seconds_of, set_pod_condition
from kubewright.localcluster.scheduling import Scheduler, waiting_pods
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, Quantity, to_dict
from kubewright.objects.core_v1 import (
    ContainerStatus,
    HostIP,
    Node,
    NodeAddress,
    NodeCondition,
    NodeSpec,
    NodeStatus,
    NodeSystemInfo,
    PersistentVolumeClaim,
    Pod,
    PodIP,
)
from kubewright.objects.errors import AlreadyExists, Conflict, NotFound

NODE = "kubewright-node"
_NODE_IP = "10.0.0.1"
_NOT_READY = "node.kubernetes.io/not-ready"
"""The taint that every new Node gets from admission."""
_SHORTEST = timedelta(milliseconds=50)
"""Between two looks at a Pod."""
_CAPACITY = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "10000"}


class Addresses:
    """Gives every Pod an address of 10.244.0.0/16; those of Pods that are gone are given out again last."""

    def __init__(self) -> None:
        self._next = 1
        self._by_pod: dict[str, str] = {}
        self._free: list[str] = []

    def of(self, uid: str) -> str:
        address = self._by_pod.get(uid)
        if address is None:
            if self._next < 65_534:
                self._next += 1
                address = f"10.244.{self._next >> 8}.{self._next & 255}"
            else:
                address = self._free.pop(0)
            self._by_pod[uid] = address
        return address

    def take(self, uid: str, address: str) -> None:
        """Remember what a Pod of an earlier run has."""
        self._by_pod[uid] = address

    def release(self, uid: str) -> None:
        if (address := self._by_pod.pop(uid, None)) is not None:
            self._free.append(address)


def kubelet_controller(view: View) -> Controller[ObjectKey]:
    addresses, events = Addresses(), view.recorder("kubelet")
    scheduler = Scheduler(view)

    async def reconcile(pod: Pod) -> Requeue | None:
        now = datetime.now(UTC)
        if pod.metadata.deletion_timestamp is not None:
            return await _end(view, pod, addresses, now)
        if not pod.spec.node_name:
            await scheduler.schedule(pod, NODE)
            return None
        if pod.spec.node_name != NODE or pod.status.phase in ("Succeeded", "Failed"):
            return None
        before = _waits(pod)
        again = run(pod, addresses, now)
        for name, reason in _waits(pod) - before:
            events.record(pod, *_telling(pod, name, reason), type="Warning", action="Sync")
        return again

    def waiting_beside(claim: PersistentVolumeClaim) -> Iterable[ObjectKey]:
        return waiting_pods(view, claim.metadata.namespace)

    def waiting_everywhere(node: Node) -> Iterable[ObjectKey]:
        return waiting_pods(view)

    return view.controller(
        "kubelet", Pod, reconcile, maps={PersistentVolumeClaim: waiting_beside, Node: waiting_everywhere}, workers=16
    )


def _waits(pod: Pod) -> set[tuple[str, str]]:
    """The containers that something keeps from running, and what."""
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    waits = [(one.name, one.state.waiting.reason or "") for one in statuses if one.state and one.state.waiting]
    return {(name, reason) for name, reason in waits if reason != "PodInitializing"}


def _telling(pod: Pod, container: str, reason: str) -> tuple[str, str]:
    """Reason and text of the Event of a container that waits."""
    if reason != "CrashLoopBackOff":
        return "Failed", f"Error: {reason}"
    metadata = pod.metadata
    named = f"{container} in pod {metadata.name}_{metadata.namespace}({metadata.uid})"
    return "BackOff", f"Back-off restarting failed container {named}"


def run(pod: Pod, addresses: Addresses, now: datetime) -> Requeue | None:
    """Bring a Pod's status to where it is by ``now``; says when to look again."""
    status = pod.status
    if status.pod_ip:
        addresses.take(pod.metadata.uid, status.pod_ip)
    status.pod_ip = status.pod_ip or addresses.of(pod.metadata.uid)
    status.pod_ips = [PodIP(ip=status.pod_ip)]
    status.host_ip, status.host_ips = _NODE_IP, [HostIP(ip=_NODE_IP)]
    started = status.start_time = status.start_time or now.replace(microsecond=0)
    deadline = _deadline(pod, started)
    if deadline is not None and deadline <= now:
        status.reason, status.message = (
            "DeadlineExceeded",
            "Pod was active on the node longer than the specified deadline",
        )
        _finish(pod, "Failed", stop(pod, now), now)
        return None
    played = play(pod, now)
    status.init_container_statuses, status.container_statuses = played.init, played.main
    if played.phase in ("Succeeded", "Failed"):
        _finish(pod, played.phase, played.main, now)
        return None
    status.phase = played.phase
    set_pod_condition(pod, "PodReadyToStartContainers", True, "", now)
    reason = "" if played.initialized else "ContainersNotInitialized"
    set_pod_condition(pod, "Initialized", played.initialized, reason, now)
    set_pod_condition(pod, "PodScheduled", True, "", now)
    ready = played.initialized and all(one.ready for one in played.main)
    gates = [gate.condition_type for gate in pod.spec.readiness_gates]
    held = [gate for gate in gates if not any(one.type == gate and one.status == "True" for one in status.conditions)]
    set_pod_condition(pod, "ContainersReady", ready, "" if ready else "ContainersNotReady", now)
    reason = "" if ready and not held else "ReadinessGatesNotReady" if ready else "ContainersNotReady"
    set_pod_condition(pod, "Ready", ready and not held, reason, now)
    times = [time for time in (played.next_change, deadline) if time is not None]
    return Requeue(after=max(min(times) - now, _SHORTEST)) if times else None


def _deadline(pod: Pod, started: datetime) -> datetime | None:
    seconds = pod.spec.active_deadline_seconds
    return None if seconds is None else started + timedelta(seconds=seconds)


def _finish(pod: Pod, phase: str, containers: list[ContainerStatus], now: datetime) -> None:
    pod.status.phase, pod.status.container_statuses = phase, containers
    succeeded = phase == "Succeeded"
    for type in ("Initialized", "PodScheduled"):
        set_pod_condition(pod, type, True, "", now)
    for type in ("Ready", "ContainersReady"):
        set_pod_condition(pod, type, False, "PodCompleted" if succeeded else "PodFailed", now)


async def _end(view: View, pod: Pod, addresses: Addresses, now: datetime) -> Requeue | None:
    grace = pod.metadata.deletion_grace_period_seconds or 0
    asked = (pod.metadata.deletion_timestamp or now) - timedelta(seconds=grace)
    gone_at = asked + timedelta(seconds=min(seconds_of(pod, "stays-after", 0.0), grace))
    if gone_at > now:
        return Requeue(after=gone_at - now)
    if not pod.spec.node_name or pod.spec.node_name == NODE:
        with contextlib.suppress(NotFound, Conflict):
            await view.client.delete(pod, grace_period_seconds=0, uid=pod.metadata.uid)
        addresses.release(pod.metadata.uid)
    return None


class NodeKeeper:
    """Keeps the Node there and ready; one of the manager's runnables."""

    def __init__(self, view: View, *, interval: float = 30.0) -> None:
        self._view = view
        self._interval = interval

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        await self._register()
        ready()
        await stop.wait()

    async def _register(self) -> None:
        node = Node(metadata=ObjectMeta(name=NODE, labels=_labels()), spec=NodeSpec(pod_cidr="10.244.0.0/16"))
        with contextlib.suppress(AlreadyExists):
            await self._view.client.create(node)
        now = datetime.now(UTC).replace(microsecond=0)
        capacity = {name: Quantity(text) for name, text in _CAPACITY.items()}
        pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
        conditions = [_node_condition(name, "False", "KubeletHasSufficientResources", now) for name in pressures]
        node.status = NodeStatus(
            addresses=[NodeAddress(type="InternalIP", address=_NODE_IP), NodeAddress(type="Hostname", address=NODE)],
            capacity=capacity,
            allocatable=capacity,
            conditions=[*conditions, _node_condition("Ready", "True", "KubeletReady", now)],
            node_info=NodeSystemInfo(
                architecture="amd64", operating_system="linux", os_image="simulated", kernel_version="simulated",
                container_runtime_version="simulated://1", kubelet_version="v1.36.0", kube_proxy_version="v1.36.0",
                machine_id=NODE, system_uuid=NODE, boot_id=NODE,
            ),
        )  # fmt: skip
        node = await self._view.client.update(node, subresource="status")
        taints = [to_dict(taint) for taint in node.spec.taints if taint.key != _NOT_READY]
        await self._view.client.patch(node, merge={"spec": {"taints": taints or None}})


def _node_condition(type: str, status: str, reason: str, now: datetime) -> NodeCondition:
    return NodeCondition(type=type, status=status, reason=reason, last_heartbeat_time=now, last_transition_time=now)


def _labels() -> dict[str, str]:
    return {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
