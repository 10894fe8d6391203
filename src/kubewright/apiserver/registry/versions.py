"""The versions in which one cluster's resources are served, as admission needs them (its `Versions` protocol).

Resources that share their storage are equivalent: the versions of a custom resource, and built-in kinds that several
groups serve.  An object goes from one to another by way of the stored form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import InternalError
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

if TYPE_CHECKING:
    from kubewright.apiserver.registry.cluster import LogicalCluster


class ClusterVersions:
    """Implements `Versions` for one logical cluster."""

    def __init__(self, cluster: LogicalCluster) -> None:
        self._cluster = cluster

    def equivalents(
        self, resource: GroupVersionResource, subresource: str
    ) -> Sequence[tuple[GroupVersionResource, GroupVersionKind]]:
        served = self._cluster.resource(resource)
        if served is None:
            return []
        found = []
        for other in self._sharing_storage(served):
            if not subresource:
                found.append((other.gvr, other.gvk))
            elif (sub := other.subresource(subresource)) is not None:
                found.append((other.gvr, sub.kind))
        return found

    async def convert(self, obj: Object, kind: GroupVersionKind) -> Object:
        source = self.of_kind(GroupVersionKind.parse(obj["apiVersion"], obj["kind"]))
        target = self.of_kind(kind)
        if source is None or target is None:
            raise InternalError(f"unable to convert to {kind}: unknown kind")
        obj = _copy(obj)
        if source.stored_as is not None:
            obj = source.strategy.to_storage(obj)
        if target.stored_as is not None:
            return target.strategy.from_storage(obj)
        if target.converter is not None and obj["apiVersion"] != kind.api_version:
            [obj] = await target.converter.convert([obj], kind.api_version)
        if target.custom:
            obj = target.strategy.decode(obj, [])
            target.strategy.default(obj)
        return obj

    def default(self, obj: Object) -> None:
        served = self.of_kind(GroupVersionKind.parse(obj.get("apiVersion") or "", obj.get("kind") or ""))
        if served is not None:
            served.strategy.default(obj)

    def _sharing_storage(self, resource: Resource) -> Iterator[Resource]:
        if not resource.custom:
            yield from _builtin_by_prefix().get(resource.storage_prefix, ())
            return
        for other in self._cluster.custom.values():
            if other.storage_prefix == resource.storage_prefix:
                yield other

    def of_kind(self, kind: GroupVersionKind) -> Resource | None:
        """The resource whose objects are of a kind, if it is served."""
        builtin = _builtin_by_kind().get(kind)
        if builtin is not None:
            return builtin
        return next((resource for resource in self._cluster.custom.values() if resource.gvk == kind), None)


def _copy(obj: Object) -> Object:
    copied: Object = msgspec.json.decode(msgspec.json.encode(obj))
    return copied


@cache
def _builtin_by_kind() -> dict[GroupVersionKind, Resource]:
    return {resource.gvk: resource for resource in builtin_resources()}


@cache
def _builtin_by_prefix() -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in builtin_resources():
        found.setdefault(resource.storage_prefix, []).append(resource)
    return found
