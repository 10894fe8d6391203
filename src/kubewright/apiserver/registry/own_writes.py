"""Writes that the server makes on its own behalf, as ``system:apiserver``: they pass the pipeline like all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import UserInfo
from kubewright.objects.errors import AlreadyExists, NotFound
from kubewright.objects.names import GroupVersionResource

if TYPE_CHECKING:
    from kubewright.apiserver.registry.cluster import LogicalCluster

SERVER: Final = UserInfo("system:apiserver", ("system:masters", "system:authenticated"))


def own_write(kind: str, *, dry_run: bool = False) -> Write:
    """The options of a write by the server; ``kind`` is ``CreateOptions``, ``UpdateOptions``, ..."""
    return Write(SERVER, {"kind": kind, "apiVersion": "meta.k8s.io/v1"}, dry_run, field_manager="kube-apiserver")


async def create(cluster: LogicalCluster, gvr: GroupVersionResource, obj: Object, *, namespace: str = "") -> None:
    """Create an object, unless it is there."""
    store = cluster.store(gvr)
    if store is None:
        raise LookupError(f"{gvr} is not served")
    obj = store.codec.coerce(obj)
    store.resource.strategy.default(obj)
    try:
        await store.create(obj, namespace, own_write("CreateOptions"))
    except AlreadyExists:
        return


async def delete(cluster: LogicalCluster, gvr: GroupVersionResource, name: str) -> None:
    """Delete a cluster-scoped object, if it is there."""
    store = cluster.store(gvr)
    if store is None:
        raise LookupError(f"{gvr} is not served")
    try:
        await store.delete("", name, own_write("DeleteOptions"))
    except NotFound:
        return
