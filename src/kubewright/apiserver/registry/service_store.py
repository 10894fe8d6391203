"""The store of Services, whose addresses are objects too: IPAddresses come and go with them.

After ``pkg/registry/core/service/ipallocator``.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.registry import deletion, own_writes
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.watch_cache import CachedObject
from kubewright.objects.names import GroupVersionResource

_ADDRESSES: Final = GroupVersionResource("networking.k8s.io", "v1", "ipaddresses")


class ServiceStore(Store):
    """A `Store` that keeps an IPAddress for each cluster address of a Service."""

    async def _create_named(self, obj: Object, attributes: Attributes, write: Write, now: str) -> Object:
        made = await super()._create_named(obj, attributes, write, now)
        if not write.dry_run:
            await self._follow(None, made)
        return made

    async def _commit_update(self, live: CachedObject, obj: Object, old: Object, write: Write) -> Object:
        updated = await super()._commit_update(live, obj, old, write)
        if not write.dry_run:
            await self._follow(old, None if deletion.finished(self.resource.strategy, updated) else updated)
        return updated

    async def _carry_out(
        self, outcome: deletion.Outcome, live: CachedObject, obj: Object, *, dry_run: bool
    ) -> tuple[Object, bool]:
        found, gone = await super()._carry_out(outcome, live, obj, dry_run=dry_run)
        if gone and not dry_run:
            await self._follow(found, None)
        return found, gone

    async def _follow(self, old: Object | None, new: Object | None) -> None:
        had, has = _addresses(old), _addresses(new)
        for address in sorted(had - has):
            await own_writes.delete(self.cluster, _ADDRESSES, address)
        for address in sorted(has - had):
            assert new is not None
            await own_writes.create(self.cluster, _ADDRESSES, _ip_address(address, new))


def _addresses(service: Object | None) -> set[str]:
    given = (service["spec"].get("clusterIPs") if service is not None else None) or ()
    return {address for address in given if address and address != "None"}


def _ip_address(address: str, service: Object) -> Object:
    metadata = service["metadata"]
    labels = {
        "ipaddress.kubernetes.io/ip-family": f"IPv{ipaddress.ip_address(address).version}",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    parent = {"resource": "services", "namespace": metadata["namespace"], "name": metadata["name"]}
    return {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": address, "labels": labels},
        "spec": {"parentRef": parent},
    }
