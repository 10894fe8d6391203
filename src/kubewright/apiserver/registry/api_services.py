"""APIServices of what this server serves itself: one for each group version, built-in or of custom resources.

Clients wait for them to be available, and remove those of definitions that are gone (`kube-aggregator`'s
autoregistration).  Names and priorities are those of ``pkg/controlplane/apiserver/aggregator.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kubewright.apiserver.registry import own_writes
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersion, GroupVersionResource

API_SERVICES: Final = GroupVersionResource("apiregistration.k8s.io", "v1", "apiservices")

_MANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
_CUSTOM: Final = (1000, 100)

_BUILTIN: Final[dict[str, tuple[int, int]]] = {
    "v1": (18000, 1),
    "apps/v1": (17800, 15),
    "events.k8s.io/v1": (17750, 15),
    "authentication.k8s.io/v1": (17700, 15),
    "authorization.k8s.io/v1": (17600, 15),
    "autoscaling/v1": (17500, 15),
    "autoscaling/v2": (17500, 30),
    "batch/v1": (17400, 15),
    "certificates.k8s.io/v1": (17300, 15),
    "networking.k8s.io/v1": (17200, 15),
    "policy/v1": (17100, 15),
    "rbac.authorization.k8s.io/v1": (17000, 15),
    "storage.k8s.io/v1": (16800, 15),
    "admissionregistration.k8s.io/v1": (16700, 15),
    "apiextensions.k8s.io/v1": (16700, 15),
    "scheduling.k8s.io/v1": (16600, 15),
    "coordination.k8s.io/v1": (16500, 15),
    "node.k8s.io/v1": (16300, 15),
    "discovery.k8s.io/v1": (16200, 15),
    "resource.k8s.io/v1": (16200, 15),
    "flowcontrol.apiserver.k8s.io/v1": (16100, 21),
}
"""The least priority of the group, and that of the version within it."""


def builtin_api_services() -> Iterator[Object]:
    """Those of the built-in kinds."""
    for text, (group, version) in _BUILTIN.items():
        yield _api_service(GroupVersion.parse(text), group, version, managed="onstart")


async def register_group(cluster: LogicalCluster, group: str, versions: Iterable[str]) -> None:
    """Have the APIServices of a group of custom resources stand for the versions that are served, and no others."""
    wanted = {f"{version}.{group}": version for version in versions}
    for version in wanted.values():
        if cluster.reader.get(API_SERVICES.group, API_SERVICES.resource, "", f"{version}.{group}") is None:
            service = _api_service(GroupVersion(group, version), *_CUSTOM, managed="true")
            await own_writes.create(cluster, API_SERVICES, service)
    for stored in cluster.reader.list(API_SERVICES.group, API_SERVICES.resource):
        metadata = stored["metadata"]
        ours = stored["spec"].get("group") == group and (metadata.get("labels") or {}).get(_MANAGED) == "true"
        if ours and metadata["name"] not in wanted:
            await own_writes.delete(cluster, API_SERVICES, metadata["name"])


def _api_service(version: GroupVersion, group_priority: int, version_priority: int, *, managed: str) -> Object:
    return {
        "kind": "APIService",
        "apiVersion": "apiregistration.k8s.io/v1",
        "metadata": {"name": f"{version.version}.{version.group}", "labels": {_MANAGED: managed}},
        "spec": {
            "group": version.group,
            "version": version.version,
            "groupPriorityMinimum": group_priority,
            "versionPriority": version_priority,
        },
    }
