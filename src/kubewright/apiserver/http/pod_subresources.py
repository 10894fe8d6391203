"""``pods/binding`` and ``bindings``: a node for a pod.

After ``pkg/registry/core/pod/storage``.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kubewright.apiserver.http import unstored
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.negotiation import JSON
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.pod_conditions import set_pod_condition
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects import field_errors
from kubewright.objects.errors import APIError, BadRequest, Conflict, NotFound
from kubewright.objects.names import GroupResource, GroupVersionKind, GroupVersionResource

_KIND: Final = GroupVersionKind("", "v1", "Binding")
_PODS: Final = GroupVersionResource("", "v1", "pods")
_TOPOLOGY: Final = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_SUCCESS: Final = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def bind(call: Call) -> Response:
    """Give a pod its node; only once.

    :raises Conflict: it has one, may not be scheduled yet, or is not the pod that was meant.
    """
    write, namespace = call.write("CreateOptions"), call.info.namespace
    binding = await unstored.read(call, _KIND, write)
    name = binding["metadata"].get("name") or ""
    if call.info.name and call.info.name != name:
        raise BadRequest("name in URL does not match name in Binding object")
    _require_target(binding["target"])
    binding = await unstored.admit_creation(call, _KIND, name, binding, write)
    labels = {**(binding["metadata"].get("labels") or {}), **_topology(binding, call.store.cluster.reader)}

    async def assigned(pod: Object) -> Object:
        _require_free(pod, binding)
        pod["spec"]["nodeName"] = binding["target"]["name"]
        metadata = pod["metadata"]
        if annotations := binding["metadata"].get("annotations"):
            metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
        if labels:
            metadata["labels"] = {**labels, **(metadata.get("labels") or {})}
        set_pod_condition(pod, "PodScheduled", "True")
        return pod

    pods = call.store.cluster.store(_PODS)
    assert pods is not None
    if not name:
        raise NotFound.of(_PODS.group_resource, name)
    guard = unstored.admitted_before
    await pods.update(namespace, name, assigned, write, subresource="binding", owned=True, guard=guard)
    return Response(msgspec.json.encode(_SUCCESS), status=201, media_type=JSON)


def _require_target(target: Object) -> None:
    """:raises APIError: nothing can be bound to that; as in Kubernetes, with neither reason nor causes."""
    kind, causes = target.get("kind"), []
    if kind not in (None, "", "Node"):
        causes.append(field_errors.not_supported("target.kind", kind, ["Node", "<empty>"]))
    if not target.get("name"):
        causes.append(field_errors.required("target.name"))
    if causes:
        texts = [f"{cause.field}: {cause.message}" for cause in causes]
        raise APIError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def _require_free(pod: Object, binding: Object) -> None:
    metadata, meant = pod["metadata"], binding["metadata"]
    name = metadata["name"]
    for field, text in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if meant.get(field) and meant[field] != metadata[field]:
            why = (
                f"Precondition failed: {text} in precondition: {meant[field]}, {text} in object meta: {metadata[field]}"
            )
            raise Conflict.of(_PODS.group_resource, name, why)
    if metadata.get("deletionTimestamp"):
        raise _conflict(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if where := pod["spec"].get("nodeName"):
        raise _conflict(name, f'pod {name} is already assigned to node "{where}"')
    if pod["spec"].get("schedulingGates"):
        raise _conflict(name, f"pod {name} has non-empty .spec.schedulingGates")


def _conflict(name: str, why: str) -> Conflict:
    return Conflict.of(GroupResource("", "pods/binding"), name, why)


def _topology(binding: Object, reader: Reader) -> dict[str, Any]:
    """The zone and region of the node, which the pod is labelled with (admission plug-in PodTopologyLabels)."""
    node = reader.get("", "nodes", "", binding["target"]["name"])
    labels = (node["metadata"].get("labels") if node is not None else None) or {}
    return {name: labels[name] for name in _TOPOLOGY if name in labels}
