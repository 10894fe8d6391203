"""What every cluster has from the start: namespaces, roles, priorities, flow control, and the API server's own Service.

Objects that exist already are left as they are, so this runs at every start.
"""

from __future__ import annotations

from kubewright.apiserver.auth import bootstrap_objects
from kubewright.apiserver.registry.builtin.policy import SYSTEM_PRIORITY_CLASSES
from kubewright.apiserver.registry.builtin.service_allocation import SERVICE_NETWORK
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.flow_defaults import flow_objects
from kubewright.apiserver.registry.own_writes import create
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersionResource

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")

SERVICE_IP = "10.96.0.1"
"""Where clients inside a cluster find the server: the first address for Services, which its certificate covers."""

_RBAC = "rbac.authorization.k8s.io"
_FLOWS = "flowcontrol.apiserver.k8s.io"
_NAMESPACES = GroupVersionResource("", "v1", "namespaces")
_SERVICES = GroupVersionResource("", "v1", "services")
_SERVICE_CIDRS = GroupVersionResource("networking.k8s.io", "v1", "servicecidrs")
_PRIORITY_CLASSES = GroupVersionResource("scheduling.k8s.io", "v1", "priorityclasses")
_PRIORITY_TEXTS = {
    "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
    "system-cluster-critical": (
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
    ),
}


async def bootstrap(cluster: LogicalCluster) -> None:
    """Make what is missing."""
    for name in NAMESPACES:
        if cluster.reader.get("", "namespaces", "", name) is None:
            await create(cluster, _NAMESPACES, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    if not cluster.name:
        await _create_roles(cluster)
        await _create_priority_classes(cluster)
        await _create_flows(cluster)
        if cluster.reader.get("networking.k8s.io", "servicecidrs", "", "kubernetes") is None:
            await create(cluster, _SERVICE_CIDRS, _service_cidr())
    if cluster.reader.get("", "services", "default", "kubernetes") is None:
        await create(cluster, _SERVICES, _kubernetes_service(), namespace="default")


async def _create_roles(cluster: LogicalCluster) -> None:
    for resource, obj in bootstrap_objects():
        if cluster.reader.get(_RBAC, resource, "", obj["metadata"]["name"]) is None:
            await create(cluster, GroupVersionResource(_RBAC, "v1", resource), obj)


async def _create_priority_classes(cluster: LogicalCluster) -> None:
    for name, value in SYSTEM_PRIORITY_CLASSES.items():
        if cluster.reader.get("scheduling.k8s.io", "priorityclasses", "", name) is None:
            obj = {
                "kind": "PriorityClass",
                "apiVersion": "scheduling.k8s.io/v1",
                "metadata": {"name": name},
                "value": value,
                "description": _PRIORITY_TEXTS[name],
            }
            await create(cluster, _PRIORITY_CLASSES, obj)


async def _create_flows(cluster: LogicalCluster) -> None:
    for resource, obj in flow_objects():
        if cluster.reader.get(_FLOWS, resource, "", obj["metadata"]["name"]) is None:
            await create(cluster, GroupVersionResource(_FLOWS, "v1", resource), obj)


def _service_cidr() -> Object:
    return {
        "kind": "ServiceCIDR",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": [str(SERVICE_NETWORK)]},
    }


def _kubernetes_service() -> Object:
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "clusterIP": SERVICE_IP,
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}],
        },
    }
