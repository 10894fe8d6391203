"""One logical cluster: its resources, the caches of its objects, and what every write to them passes.

A server always has the default cluster; others are made when they are first asked for, and share nothing with it but
the process, the built-in kinds and the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from kubewright.apiserver.admission.attributes import Mutating, Validating
from kubewright.apiserver.admission.chain import Chain
from kubewright.apiserver.admission.deferred import DeferredMutating, DeferredValidating
from kubewright.apiserver.admission.plugins import mutating_plugins, validating_plugins
from kubewright.apiserver.admission.resource_quota import ResourceQuota
from kubewright.apiserver.auth import RBAC, AlwaysAllow, Authentication, Authorizer, EscalationGuard, WithDefaults
from kubewright.apiserver.auth.escalation import BINDINGS, ROLES
from kubewright.apiserver.auth.rbac import GROUP as RBAC_GROUP
from kubewright.apiserver.discovery import Discovery
from kubewright.apiserver.openapi import OpenAPI
from kubewright.apiserver.registry import storage_keys
from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.caches import Caches
from kubewright.apiserver.registry.quota_usage import usage_recorder
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.service_store import ServiceStore
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.registry.versions import ClusterVersions
from kubewright.apiserver.storage.protocol import Storage
from kubewright.apiserver.watch_cache import CachedObject, WatchCache
from kubewright.apiserver.webhook_client import WebhookClient
from kubewright.objects.names import GroupResource, GroupVersionResource

_VIEWED = 256
"""Decoded objects that a `ClusterReader` remembers."""


class LogicalCluster:
    """One control plane.

    :param name: empty for the default cluster.
    :param webhooks: calls admission and conversion webhooks.
    :param authentication: knows the users of the server.
    :param authorize: whether roles and bindings decide what a user may; otherwise everybody may do everything.
    """

    def __init__(
        self,
        storage: Storage,
        name: str = "",
        *,
        webhooks: WebhookClient | None = None,
        authentication: Authentication | None = None,
        authorize: bool = False,
        window: int = 4096,
        backlog: int = 1000,
    ) -> None:
        self.name = name
        self.storage = storage
        self.root = f"/clusters/{name}" if name else ""
        self.caches = Caches(storage, self.root, window=window, backlog=backlog)
        self.reader = ClusterReader(self)
        self.webhooks = webhooks or WebhookClient()
        self.authentication = authentication or Authentication()
        self.authorizer: Authorizer = AlwaysAllow()
        guards: list[Validating] = []
        if authorize:
            self.authorizer = rbac = self._rbac()
            guards.append(EscalationGuard(rbac))
        self._versions = ClusterVersions(self)
        self.admission = Chain(
            [
                *mutating_plugins(),
                DeferredMutating(self._configurations("mutatingadmissionpolicies"), self._mutating_policies),
                DeferredMutating(self._configurations("mutatingwebhookconfigurations"), self._mutating_webhooks),
            ],
            [
                *guards,
                *validating_plugins(self.authorizer),
                DeferredValidating(self._configurations("validatingadmissionpolicies"), self._validating_policies),
                DeferredValidating(self._configurations("validatingwebhookconfigurations"), self._validating_webhooks),
                ResourceQuota(usage_recorder(self)),
            ],
        )
        self.custom: dict[GroupVersionResource, Resource] = {}
        self.terminating: set[GroupResource] = set()
        """Custom resources whose definition is being deleted: nothing new of them can be made."""
        self._stores: dict[GroupVersionResource, Store] = {}
        self._discovery: Discovery | None = None
        self._openapi: OpenAPI | None = None

    async def open(self) -> None:
        """Read what is stored and begin to follow it."""
        await self.caches.open()

    def close(self) -> None:
        """End all watches."""
        self.caches.close()

    def _rbac(self) -> RBAC:
        """The authorizer over this cluster's roles and bindings."""
        caches = [self.caches.cache(self.prefix(RBAC_GROUP, resource)) for resource in (*ROLES, *BINDINGS)]
        # The default cluster stores the roles that every cluster begins with; the others, made in no time, imply them.
        reader = WithDefaults(self.reader) if self.name else self.reader
        return RBAC(reader, lambda: max(cache.changed for cache in caches))

    def _configurations(self, resource: str) -> WatchCache:
        """The policies, or configurations of webhooks, that there are at any time."""
        return self.caches.cache(self.prefix("admissionregistration.k8s.io", resource))

    # These import what they need themselves: it is read when the first policy or webhook is there.

    def _mutating_policies(self) -> Mutating:
        from kubewright.apiserver.admission.policy import MutatingPolicies

        return MutatingPolicies(self._versions, self._versions.of_kind, self.authorizer)

    def _validating_policies(self) -> Validating:
        from kubewright.apiserver.admission.policy import ValidatingPolicies

        return ValidatingPolicies(self._versions, self._versions.of_kind, self.authorizer)

    def _mutating_webhooks(self) -> Mutating:
        from kubewright.apiserver.admission.webhooks import MutatingWebhooks

        return MutatingWebhooks(self.webhooks, self._versions, self.authorizer)

    def _validating_webhooks(self) -> Validating:
        from kubewright.apiserver.admission.webhooks import ValidatingWebhooks

        return ValidatingWebhooks(self.webhooks, self._versions, self.authorizer)

    def resource(self, gvr: GroupVersionResource) -> Resource | None:
        return builtin_index().get(gvr) or self.custom.get(gvr)

    def resources(self) -> Iterator[Resource]:
        """All that is served: built-in resources, then custom ones."""
        yield from builtin_resources()
        yield from self.custom.values()

    def store(self, gvr: GroupVersionResource) -> Store | None:
        """The store of a resource version, or None where it is not served."""
        store = self._stores.get(gvr)
        if store is None and (resource := self.resource(gvr)) is not None:
            make = ServiceStore if resource.group_resource == ("", "services") else Store
            store = self._stores[gvr] = make(resource, self)
        return store

    @property
    def discovery(self) -> Discovery:
        """The discovery documents of what is served now."""
        if self._discovery is None:
            self._discovery = Discovery(self.resources())
        return self._discovery

    @property
    def openapi(self) -> OpenAPI:
        """The OpenAPI documents of what is served now."""
        if self._openapi is None:
            self._openapi = OpenAPI(self.resources())
        return self._openapi

    def serve(self, resources: Sequence[Resource]) -> None:
        """Serve custom resource versions, in place of what was served under these names."""
        for resource in resources:
            self.custom[resource.gvr] = resource
            self._stores.pop(resource.gvr, None)
        self._discovery = self._openapi = None

    def withdraw(self, gvr: GroupVersionResource) -> None:
        """Serve a custom resource version no longer."""
        self.custom.pop(gvr, None)
        self._stores.pop(gvr, None)
        self._discovery = self._openapi = None

    def prefix(self, group: str, plural: str) -> str:
        """What the storage keys of a resource start with."""
        custom = bool(group) and (group, plural) not in _builtin_names()
        return self.root + storage_keys.prefix(group, plural, custom=custom)


class ClusterReader:
    """Reads other objects of a cluster, in the version in which they are stored (the `Reader` protocol)."""

    def __init__(self, cluster: LogicalCluster) -> None:
        self._cluster = cluster
        self._caches: dict[tuple[str, str], WatchCache] = {}
        self._viewed: dict[CachedObject, Object] = {}

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        found = self._cache(group, resource).get(namespace, name)
        return None if found is None else _decode(found)

    def view(self, group: str, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        found = self._cache(group, resource).get(namespace, name)
        if found is None:
            return None
        viewed = self._viewed.get(found)
        if viewed is None:
            # Each write looks at its namespace, each request with a token at an account: the same few, over and over.
            if len(self._viewed) >= _VIEWED:
                self._viewed.clear()
            viewed = self._viewed[found] = _decode(found)
        return viewed

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]:
        return (_decode(found) for found in self._cache(group, resource).range(namespace))

    def _cache(self, group: str, resource: str) -> WatchCache:
        cache = self._caches.get((group, resource))
        if cache is None:
            cache = self._cluster.caches.cache(self._cluster.prefix(group, resource))
            self._caches[group, resource] = cache
        return cache


def _decode(cached: CachedObject) -> Object:
    obj: Object = msgspec.json.decode(cached.value)
    obj["metadata"]["resourceVersion"] = str(cached.revision)
    return obj


@cache
def builtin_index() -> Mapping[GroupVersionResource, Resource]:
    return {resource.gvr: resource for resource in builtin_resources()}


@cache
def _builtin_names() -> frozenset[tuple[str, str]]:
    return frozenset((resource.gvk.group, resource.plural) for resource in builtin_resources())
