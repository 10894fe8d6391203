"""What a cluster has from the start and nobody waits for: made when the server serves already.

A hundred objects, which would make every start a fifth longer; kube-apiserver makes them in its post-start hooks, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from kubewright.apiserver.auth.controller_roles import controller_objects
from kubewright.apiserver.auth.rbac import GROUP
from kubewright.apiserver.registry.api_services import API_SERVICES, builtin_api_services, register_group
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.own_writes import create
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersionResource

_CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps")


async def complete(cluster: LogicalCluster, *, client_ca: str = "") -> None:
    """Make what is missing, one after the other, so that requests come in between.

    :param client_ca: PEM of the certificates that client certificates are signed by.
    """
    for gvr, namespace, obj in _objects(client_ca):
        if cluster.reader.get(gvr.group, gvr.resource, namespace, obj["metadata"]["name"]) is None:
            await create(cluster, gvr, obj, namespace=namespace)
        await asyncio.sleep(0)
    for group in {served.group for served in cluster.custom}:  # defined before there were APIServices
        await register_group(cluster, group, sorted({one.version for one in cluster.custom if one.group == group}))


def _objects(client_ca: str) -> Iterator[tuple[GroupVersionResource, str, Object]]:
    yield _CONFIG_MAPS, "kube-system", _authentication(client_ca)
    for service in builtin_api_services():
        yield API_SERVICES, "", service
    for resource, namespace, obj in controller_objects():
        yield GroupVersionResource(GROUP, "v1", resource), namespace, obj


def _authentication(client_ca: str) -> Object:
    """By which further API servers know whom to believe; no proxy puts user names into headers here."""
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {"client-ca-file": client_ca} if client_ca else {},
    }
