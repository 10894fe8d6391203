"""The scheduler: a Pod gets the one node there is, or a condition that says why not.

Looked at are the node's labels, taints and size and the Pod's volume claims (`pkg/scheduler/framework/plugins`).  A Pod
is looked at again when the node or a claim in its namespace changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from kubewright.localcluster.pods import set_pod_condition
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, key
from kubewright.objects.core_v1 import (
    Node,
    NodeSelectorTerm,
    PersistentVolumeClaim,
    Pod,
    Taint,
    Toleration,
)
from kubewright.objects.errors import Conflict, NotFound
from kubewright.objects.selectors import Requirement
from kubewright.objects.storage_v1 import StorageClass

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""Tells provisioning of a claim that waits for its first consumer where that will run."""

_CORDONED = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
_OPERATORS = {"Gt": "GreaterThan", "Lt": "LessThan"}


class Scheduler:
    """Gives Pods their node, and tells in Events of those that have to wait."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._events = view.recorder("default-scheduler")

    async def schedule(self, pod: Pod, node_name: str) -> None:
        """Bind a Pod to the node, or say in its status why it has to wait."""
        node = self._view.get(Node, node_name)
        if node is None or pod.spec.scheduling_gates:
            return
        misfit = why_not(pod, node)
        why = f"0/1 nodes are available: {misfit}." if misfit else await _claims(self._view, pod, node)
        if why is None:
            return  # a claim is being provisioned
        if not why:
            await _bind(self._view, pod, node_name)
            return
        if not any(condition.message == why for condition in pod.status.conditions):
            self._events.record(pod, "FailedScheduling", why, type="Warning", action="Scheduling")
        set_pod_condition(pod, "PodScheduled", False, "Unschedulable", datetime.now(UTC), why)


def waiting_pods(view: View, namespace: str = "") -> Iterable[ObjectKey]:
    """The Pods without a node."""
    return [key(pod) for pod in view.select(Pod, namespace) if not pod.spec.node_name]


def why_not(pod: Pod, node: Node) -> str:
    """Why the node cannot take the Pod; empty if it can."""
    tolerated = pod.spec.tolerations
    if node.spec.unschedulable and not _tolerates(tolerated, _CORDONED):
        return "1 node(s) were unschedulable"
    for taint in node.spec.taints:
        if taint.effect in ("NoSchedule", "NoExecute") and not _tolerates(tolerated, taint):
            return f"1 node(s) had untolerated taint {{{taint.key}: {taint.value or ''}}}"
    if not _matches(pod, node):
        return "1 node(s) didn't match Pod's node affinity/selector"
    for resource, room in node.status.allocatable.items():
        asked = [one.resources.requests.get(resource) for one in pod.spec.containers if one.resources]
        if sum(amount.exact for amount in asked if amount is not None) > room.exact:
            return f"1 Insufficient {resource}"
    return ""


def _tolerates(tolerations: list[Toleration], taint: Taint) -> bool:
    return any(
        one.effect in (None, "", taint.effect)
        and (not one.key or one.key == taint.key)
        and (one.operator == "Exists" or (bool(one.key) and (one.value or "") == (taint.value or "")))
        for one in tolerations
    )


def _matches(pod: Pod, node: Node) -> bool:
    labels = node.metadata.labels
    if any(labels.get(name) != value for name, value in pod.spec.node_selector.items()):
        return False
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    return required is None or any(_fits(term, node) for term in required.node_selector_terms)


def _fits(term: NodeSelectorTerm, node: Node) -> bool:
    fields = {"metadata.name": node.metadata.name}
    rules = [(one, node.metadata.labels) for one in term.match_expressions]
    rules += [(one, fields) for one in term.match_fields]
    return bool(rules) and all(
        Requirement(rule.key, _OPERATORS.get(rule.operator, rule.operator), tuple(rule.values)).matches(values)
        for rule, values in rules
    )


async def _claims(view: View, pod: Pod, node: Node) -> str | None:
    """Why a claim of the Pod stands in the way; None while one is made ready for it, empty if none does."""
    waiting = False
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is None:
            continue
        name = volume.persistent_volume_claim.claim_name
        claim = view.get(PersistentVolumeClaim, name, pod.metadata.namespace)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim.metadata.deletion_timestamp is not None:
            return f'persistentvolumeclaim "{name}" is being deleted'
        if claim.spec.volume_name and claim.status.phase == "Bound":
            continue
        if claim.status.phase == "Lost":
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.spec.volume_name}"'
        if not waits_for_consumer(view, claim):
            return "pod has unbound immediate PersistentVolumeClaims"
        waiting = True
        if claim.metadata.annotations.get(SELECTED_NODE) != node.metadata.name:
            annotations = {SELECTED_NODE: node.metadata.name}
            await view.client.patch(claim, merge={"metadata": {"annotations": annotations}})
    return None if waiting else ""


def waits_for_consumer(view: View, claim: PersistentVolumeClaim) -> bool:
    """Whether the claim's class binds volumes only when a Pod is to use them."""
    name = claim.spec.storage_class_name
    found = view.get(StorageClass, name) if name else None
    return found is not None and found.volume_binding_mode == "WaitForFirstConsumer"


async def _bind(view: View, pod: Pod, node_name: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.metadata.name, "namespace": pod.metadata.namespace, "uid": pod.metadata.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node_name},
    }
    path = f"/api/v1/namespaces/{pod.metadata.namespace}/pods/{pod.metadata.name}/binding"
    try:
        await view.client.rest.request("POST", path, body=msgspec.json.encode(body))
    except (NotFound, Conflict):
        return  # gone, or bound by somebody else
