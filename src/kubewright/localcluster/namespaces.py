"""What a namespace needs while it lives, and how it goes: the service account, root CA and namespace controllers."""

from __future__ import annotations

import asyncio

from kubewright.client import Client, MetadataOnly, RestMapping, Untyped
from kubewright.controller import Controller, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace, NamespaceCondition, ServiceAccount
from kubewright.objects.errors import AlreadyExists, Conflict, Forbidden, MethodNotAllowed, NotFound
from kubewright.objects.names import GroupKind
from kubewright.objects.time import now

_ROOT_CA = "kube-root-ca.crt"
_FINALIZER = "kubernetes"
_PAUSE = 0.2
"""Seconds between two looks at what is left in a namespace."""

_KEPT_TO_THE_END = {GroupKind("", "Event"), GroupKind("events.k8s.io", "Event")}
"""Deleting other objects makes more of them."""


def service_account_controller(view: View) -> Controller[ObjectKey]:
    """Every namespace has a service account ``default``."""

    async def reconcile(namespace: Namespace) -> Requeue | None:
        name = namespace.metadata.name
        if namespace.metadata.deletion_timestamp is None and view.get(ServiceAccount, "default", name) is None:
            await _create(view.client, ServiceAccount(metadata=ObjectMeta(name="default", namespace=name)))
        return None

    return view.controller("serviceaccount", Namespace, reconcile, maps={ServiceAccount: _namespace_of})


def root_ca_controller(view: View, ca: bytes) -> Controller[ObjectKey]:
    """Every namespace has the certificates by which its Pods know the API server.

    :param ca: PEM.
    """
    data = {"ca.crt": ca.decode()}

    async def reconcile(namespace: Namespace) -> Requeue | None:
        if namespace.metadata.deletion_timestamp is not None:
            return None
        existing = view.get(ConfigMap, _ROOT_CA, namespace.metadata.name)
        if existing is None:
            metadata = ObjectMeta(name=_ROOT_CA, namespace=namespace.metadata.name)
            await _create(view.client, ConfigMap(metadata=metadata, data=data))
        elif existing.data != data:
            await view.client.patch(existing, merge={"data": data})
        return None

    def namespace_of(config_map: ConfigMap) -> list[ObjectKey]:
        return _namespace_of(config_map) if config_map.metadata.name == _ROOT_CA else []

    return view.controller("root-ca", Namespace, reconcile, maps={ConfigMap: namespace_of})


def namespace_controller(view: View) -> Controller[ObjectKey]:
    """Empties a namespace that is to go, and lets it go when nothing is left."""

    async def reconcile(namespace: Namespace) -> Requeue | None:
        if namespace.metadata.deletion_timestamp is None or _FINALIZER not in namespace.spec.finalizers:
            return None
        left = await _empty(view.client, namespace.metadata.name)
        _report(namespace, left)
        if left:
            return Requeue(after=_PAUSE)
        namespace.spec.finalizers = [one for one in namespace.spec.finalizers if one != _FINALIZER]
        try:
            await view.client.update(namespace, subresource="finalize")
        except Conflict:
            return Requeue(after=_PAUSE)
        except NotFound:
            return None
        return None

    return view.controller("namespace", Namespace, reconcile)


async def _empty(client: Client, namespace: str) -> dict[str, int]:
    """Ask for the deletion of everything in a namespace; gives how much of what is still there."""
    client.mapper.invalidate()  # a CRD may have been added a moment ago
    seen: dict[GroupKind, RestMapping] = {}
    for mapping in await client.mapper.mappings():
        if mapping.namespaced and {"list", "delete"} <= set(mapping.verbs):
            seen.setdefault(mapping.kind.group_kind, mapping)
    kinds = [mapping for kind, mapping in seen.items() if kind not in _KEPT_TO_THE_END]
    counts = await asyncio.gather(*(_delete_all(client, mapping, namespace) for mapping in kinds))
    left = {str(mapping.resource.group_resource): count for mapping, count in zip(kinds, counts, strict=True) if count}
    if not left:
        events = [mapping for kind, mapping in seen.items() if kind in _KEPT_TO_THE_END]
        await asyncio.gather(*(_delete_all(client, mapping, namespace) for mapping in events))
    return left


async def _delete_all(client: Client, mapping: RestMapping, namespace: str) -> int:
    try:
        found = await client.list(MetadataOnly(mapping.kind), namespace=namespace)
        going = [one for one in found if one.metadata.deletion_timestamp is None]
        if going and "deletecollection" in mapping.verbs:
            await client.delete_collection(Untyped(mapping.kind), namespace, propagation="Background")
        elif going:
            deletions = (client.delete(Untyped(mapping.kind), one.metadata.name, namespace) for one in going)
            await asyncio.gather(*deletions)
        return len(await client.list(MetadataOnly(mapping.kind), namespace=namespace)) if found else 0
    except (NotFound, MethodNotAllowed):
        return 0  # not served any more, or not to be deleted


def _report(namespace: Namespace, left: dict[str, int]) -> None:
    what = ", ".join(f"{resource} has {count} resource instances" for resource, count in sorted(left.items()))
    message = f"Some resources are remaining: {what}" if left else "All content successfully removed"
    reason, status = ("SomeResourcesRemain", "True") if left else ("ContentRemoved", "False")
    for condition in namespace.status.conditions:
        if condition.type == "NamespaceContentRemaining":
            if condition.status != status:
                condition.last_transition_time = now()
            condition.status, condition.reason, condition.message = status, reason, message
            return
    namespace.status.conditions.append(
        NamespaceCondition(
            type="NamespaceContentRemaining",
            status=status,
            reason=reason,
            message=message,
            last_transition_time=now(),
        )
    )


async def _create(client: Client, obj: ServiceAccount | ConfigMap) -> None:
    try:
        await client.create(obj)
    except (AlreadyExists, NotFound, Forbidden):
        return  # there already, or the namespace is going


def _namespace_of(obj: ServiceAccount | ConfigMap) -> list[ObjectKey]:
    return [ObjectKey("", obj.metadata.namespace)]
