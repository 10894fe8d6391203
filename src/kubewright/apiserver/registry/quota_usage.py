"""Where the ResourceQuota admission plug-in writes usage: the status of the quotas of one logical cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubewright.apiserver.admission.resource_quota import RecordUsage
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import UserInfo
from kubewright.objects.names import GroupVersionResource

if TYPE_CHECKING:
    from kubewright.apiserver.registry.cluster import LogicalCluster

_QUOTAS = GroupVersionResource("", "v1", "resourcequotas")
_WRITER = UserInfo("system:apiserver", ("system:masters", "system:authenticated"))


def usage_recorder(cluster: LogicalCluster) -> RecordUsage:
    """Writes ``status.used`` of the cluster's quotas."""

    async def record(namespace: str, name: str, used: dict[str, str]) -> None:
        async def change(quota: Object) -> Object:
            quota["status"] = {**(quota.get("status") or {}), "used": used}
            quota["metadata"].pop("resourceVersion", None)
            return quota

        store = cluster.store(_QUOTAS)
        assert store is not None
        write = Write(_WRITER, {}, field_manager="kube-apiserver")
        await store.update(namespace, name, change, write, subresource="status")

    return record
