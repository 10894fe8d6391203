"""The DaemonSet controller: one Pod on every node that it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pod_control import PodControl
from kubewright.localcluster.pods import is_active, is_ready, pod_from
from kubewright.localcluster.revisions import HASH, ensure_revision
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, from_json, key, to_json
from kubewright.objects.apps_v1 import ControllerRevision, DaemonSet
from kubewright.objects.core_v1 import Node, Pod, PodTemplateSpec


def daemonset_controller(view: View) -> Controller[ObjectKey]:
    control = PodControl(view, "daemonset-controller")

    def all_of_them(node: Node) -> Iterable[ObjectKey]:
        return [key(daemonset) for daemonset in view.select(DaemonSet, "")]

    async def reconcile(daemonset: DaemonSet) -> Requeue | None:
        if daemonset.metadata.deletion_timestamp is not None:
            return None
        await claim(view, daemonset, ControllerRevision)
        limit = 10 if daemonset.spec.revision_history_limit is None else daemonset.spec.revision_history_limit
        revision = await ensure_revision(view, daemonset, daemonset.spec.template, limit=limit)
        selector = daemonset.spec.template.spec.node_selector.items()
        nodes = {node.metadata.name for node in view.select(Node, "") if selector <= node.metadata.labels.items()}
        pods = await claim(view, daemonset, Pod)
        missing = [_pod(daemonset, node, revision) for node in nodes - _nodes(pods)]
        refused = await control.create_all(daemonset, missing)
        strategy = daemonset.spec.update_strategy
        rolling = strategy is None or strategy.type != "OnDelete"
        surplus = _surplus(pods, nodes, revision, rolling=rolling)
        await asyncio.gather(*(control.delete(daemonset, pod) for pod in surplus))
        _observe(daemonset, [pod for pod in view.owned(Pod, daemonset) if is_active(pod)], nodes, revision)
        return None if refused is None else Requeue()

    controller = view.controller(
        "daemonset", DaemonSet, reconcile, owns=[Pod, ControllerRevision], maps={Node: all_of_them}
    )
    return watch_orphans(controller, view, Pod, DaemonSet)


def _nodes(pods: Iterable[Pod]) -> set[str]:
    return {pod.spec.node_name or "" for pod in pods}


def _surplus(pods: list[Pod], nodes: set[str], revision: str, *, rolling: bool) -> list[Pod]:
    """Pods that have ended or are on the wrong node, and one of an old revision when all others are ready."""
    wrong = [
        pod
        for pod in pods
        if pod.metadata.deletion_timestamp is None and (not is_active(pod) or pod.spec.node_name not in nodes)
    ]
    if wrong or not rolling or not all(is_active(pod) and is_ready(pod) for pod in pods):
        return wrong
    return [pod for pod in pods if pod.metadata.labels.get(HASH) != revision][:1]


def _pod(daemonset: DaemonSet, node: str, revision: str) -> Pod:
    template = from_json(PodTemplateSpec, to_json(daemonset.spec.template))
    template.spec.node_name = node
    return pod_from(template, daemonset, labels={HASH: revision})


def _observe(daemonset: DaemonSet, pods: list[Pod], nodes: set[str], revision: str) -> None:
    status = daemonset.status
    ready = sum(map(is_ready, pods))
    status.observed_generation = daemonset.metadata.generation
    status.desired_number_scheduled = len(nodes)
    status.current_number_scheduled = len(_nodes(pods) & nodes)
    status.number_misscheduled = len(_nodes(pods) - nodes)
    status.number_ready = ready
    status.number_available = ready or None
    status.number_unavailable = len(nodes) - ready or None
    status.updated_number_scheduled = sum(pod.metadata.labels.get(HASH) == revision for pod in pods) or None
