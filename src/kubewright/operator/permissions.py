"""What an operator is going to do on a cluster: the permissions that its declarations need.

Declarations go in, :class:`Need` s come out, of which start-up checks are made and RBAC rules are generated.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubewright.lifecycle import Declaration
from kubewright.manager import Need
from kubewright.objects import Object
from kubewright.operator.controllers import Reconciliation
from kubewright.operator.decorators import Decorators
from kubewright.schema import has_status, has_status_subresource

_READ = ("get", "list", "watch")
_OWN = (*_READ, "create", "patch", "delete")
_KEEP = ("get", "create", "update")
_SHARE = (*_READ, "create", "update", "delete")


def needs_of(
    op: Decorators, *, leader_elect: bool = False, shards: bool = False, webhooks: bool = False, namespace: str = ""
) -> list[Need]:
    """What the operator is going to do on the cluster: the permissions that it needs.

    :param leader_elect: whether it holds a lease.
    :param shards: whether its replicas share the objects.
    :param webhooks: whether it keeps its webhooks' certificates and registration.
    :param namespace: its own, where the lease and the certificates are.
    """
    needs: list[Need] = []
    for one in op.reconciliations:
        needs += _of_reconciliation(one, finalizes=one.cls in op.finalizers)
    for declared in op.declarations:
        needs += _of_behaviour(declared)
    watched = {(need.group, need.resource) for need in needs}
    for cls in op.following:
        if (cls.gvk.group, cls.plural) not in watched:
            needs.append(Need.of(cls, _READ, f"following {cls.__name__}"))
    needs += op.requirements
    needs.append(Need("events.k8s.io", "events", ("create", "patch"), "recording events"))
    if leader_elect:
        needs.append(Need("coordination.k8s.io", "leases", _KEEP, "leader election", namespace))
    if shards:
        needs.append(Need("coordination.k8s.io", "leases", _SHARE, "sharing keys", namespace))
    if webhooks and op.serves_webhooks:
        needs += _of_webhooks(op, namespace)
    return needs


def _of_reconciliation(one: Reconciliation, *, finalizes: bool) -> Iterator[Need]:
    cls, kind = one.cls, one.cls.__name__
    yield Need.of(cls, _READ, f"watching {kind}")
    if finalizes:
        yield Need.of(cls, ("patch",), "setting its finalizer")
    yield from _of_status(cls)
    if one.owns:
        yield Need.of(cls, ("update",), "owning objects", subresource="finalizers")
    for child in one.owns:
        yield Need.of(child, _OWN, f"children of {kind}")
    for other in one.watches:
        yield Need.of(other, _READ, f"watching {other.__name__} for {kind}")


def _of_behaviour(declared: Declaration) -> Iterator[Need]:
    cls, kind = declared.cls, declared.cls.__name__
    yield Need.of(cls, _READ, f"watching {kind}")
    if declared.finalizes or declared.annotates:
        yield Need.of(cls, ("patch",), "finalizers and progress of its handlers")
    yield from _of_status(cls)
    for child in declared.owns:
        yield Need.of(child, _OWN, f"children of {kind}")


def _of_webhooks(op: Decorators, namespace: str) -> Iterator[Need]:
    yield Need("", "secrets", _KEEP, "the webhooks' certificates", namespace)
    sorts = dict.fromkeys("mutating" if one.purpose == "mutate" else "validating" for one in op.webhooks)
    injected = [("admissionregistration.k8s.io", f"{sort}webhookconfigurations", op.name) for sort in sorts]
    injected += [("apiextensions.k8s.io", "customresourcedefinitions", crd) for crd in op.converted_crds]
    for group, resource, name in injected:
        yield Need(group, resource, ("get", "patch"), "injecting the CA", namespaced=False, name=name)


def _of_status(cls: type[Object]) -> Iterator[Need]:
    if has_status(cls):
        apart = "status" if has_status_subresource(cls) else ""
        yield Need.of(cls, ("patch",), "writing its status", subresource=apart)
