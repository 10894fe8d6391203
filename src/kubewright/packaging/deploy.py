"""An operator's objects on a cluster: applied, pruned, removed, and followed until they are ready.

The objects of `packaging.graph` go in; each write comes out as a `Change`, in the order in which it was made.  What
belongs to a deployment is told by its labels and by the field manager, so that nobody else's objects are ever removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from kubewright.client import Client, NoMatch, Untyped
from kubewright.controller.readiness import readiness
from kubewright.objects import GroupVersionKind, Unstructured, to_dict
from kubewright.objects.errors import NotFound
from kubewright.packaging.manifest import Object

FIELD_MANAGER = "kubewright-deploy"

KINDS = tuple(
    GroupVersionKind(*kind)
    for kind in (
        ("monitoring.coreos.com", "v1", "ServiceMonitor"),
        ("networking.k8s.io", "v1", "NetworkPolicy"),
        ("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy"),
        ("cert-manager.io", "v1", "Certificate"),
        ("cert-manager.io", "v1", "Issuer"),
        ("apps", "v1", "Deployment"),
        ("", "v1", "Service"),
        ("rbac.authorization.k8s.io", "v1", "RoleBinding"),
        ("rbac.authorization.k8s.io", "v1", "Role"),
        ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "v1", "ClusterRole"),
        ("", "v1", "ServiceAccount"),
        ("", "v1", "Namespace"),
    )
)
"""Every kind that a deployment is made of, CRDs aside, in the order in which they are removed."""

_POLL = 0.1

Verb = Literal["created", "configured", "unchanged", "removed"]


class Change(NamedTuple):
    """One object, as it was and as it is now; None where it was not, or is no more."""

    verb: Verb
    name: str
    before: Object | None
    after: Object | None


async def deploy(client: Client, objects: Iterable[Object], *, dry_run: bool = False) -> AsyncIterator[Change]:
    """Apply objects one after the other; conflicts are won, since the package is the source of what it states.

    :param dry_run: let the server go through everything without storing it.
    :raises APIError: an object is refused.
    :raises NoMatch: the cluster does not serve a kind.
    """
    objects = list(objects)
    new = {obj["metadata"]["name"] for obj in objects if obj["kind"] == "Namespace"}
    for obj in objects:
        before = await _read(client, obj)
        wanted = Unstructured({**obj, "metadata": dict(obj["metadata"])})
        try:
            made = await client.apply(wanted, field_manager=FIELD_MANAGER, force=True, dry_run=dry_run)
        except NotFound:
            if not dry_run or obj["metadata"].get("namespace") not in new:
                raise
            after = obj  # its namespace is not really there in a dry run
        else:
            after = _shown(made)
        verb: Verb = "created" if before is None else "unchanged" if before == after else "configured"
        yield Change(verb, _name(obj), before, after)


async def prune(
    client: Client, labels: dict[str, str], *, keep: Iterable[Object] = (), dry_run: bool = False
) -> AsyncIterator[Change]:
    """Remove what earlier deployments made and this one did not: objects with these labels that `deploy` wrote.

    :param keep: the objects that stay.
    """
    kept = {_key(obj) for obj in keep}
    for gvk in KINDS:
        try:
            found = await client.list(Untyped(gvk), label_selector=labels)
        except (NoMatch, NotFound):
            continue
        for one in found:
            shown = _shown(one)
            if _key(shown) in kept or not _is_deployed(one) or one.metadata.deletion_timestamp:
                continue
            try:
                await client.delete(one, uid=one.metadata.uid, propagation="Background", dry_run=dry_run)
            except NotFound:
                continue
            yield Change("removed", _name(shown), shown, None)


async def remove(client: Client, objects: Sequence[Object], *, dry_run: bool = False) -> AsyncIterator[Change]:
    """Remove objects by name, the last first, whoever made them."""
    for obj in reversed(objects):
        before = await _read(client, obj)
        if before is None:
            continue
        try:
            await client.delete(Unstructured({**obj, "metadata": dict(obj["metadata"])}), dry_run=dry_run)
        except NotFound:
            continue
        yield Change("removed", _name(obj), before, None)


async def wait_ready(
    client: Client, objects: Iterable[Object], *, timeout: float, say: Callable[[str], None] = lambda text: None
) -> list[str]:
    """Wait until every object is ready; returns what is not in time, each with the reason.

    :param say: told whenever what is waited for changes.
    """
    waiting = {_name(obj): obj for obj in objects}
    reasons: dict[str, str] = {}
    try:
        async with asyncio.timeout(timeout):
            while waiting:
                for name, obj in list(waiting.items()):
                    why = await _missing(client, obj)
                    if not why:
                        del waiting[name]
                        reasons.pop(name, None)
                    elif reasons.get(name) != why:
                        reasons[name] = why
                        say(f"{name}: {why}")
                if waiting:
                    await asyncio.sleep(_POLL)
    except TimeoutError:
        return [f"{name}: {reasons.get(name, 'was not looked at')}" for name in waiting]
    return []


async def wait_gone(client: Client, objects: Iterable[Object], *, timeout: float) -> list[str]:
    """Wait until none of the objects is there any more; returns what is, each with the finalizers that hold it."""
    left = list(objects)
    held: dict[str, str] = {}
    try:
        async with asyncio.timeout(timeout):
            while left:
                found = [(obj, now) for obj in left if (now := await _read(client, obj)) is not None]
                left = [obj for obj, _ in found]
                held = {_name(obj): _holders(now) for obj, now in found}
                if left:
                    await asyncio.sleep(_POLL)
    except TimeoutError:
        return [f"{_name(obj)}: {held.get(_name(obj), 'was not looked at')}" for obj in left]
    return []


def _holders(obj: Object) -> str:
    return f"held by {', '.join(obj['metadata'].get('finalizers') or ['nothing that is known'])}"


async def _missing(client: Client, obj: Object) -> str:
    """What keeps an object from being ready; of a Deployment's Pods, what keeps these."""
    try:
        found = await client.get(Untyped(_gvk(obj)), obj["metadata"]["name"], obj["metadata"].get("namespace"))
    except NotFound:
        return "is not there"
    state = readiness(found)
    if state.ready:
        return ""
    if obj["kind"] != "Deployment":
        return state.why
    selector = obj["spec"]["selector"]["matchLabels"]
    pods = await client.list(
        Untyped(GroupVersionKind("", "v1", "Pod")), namespace=found.metadata.namespace, label_selector=selector
    )
    stuck = {judged.why for pod in pods if not (judged := readiness(pod)).ready}
    return "; ".join([state.why, *sorted(stuck)])


async def _read(client: Client, obj: Object) -> Object | None:
    metadata = obj["metadata"]
    try:
        return _shown(await client.get(Untyped(_gvk(obj)), metadata["name"], metadata.get("namespace")))
    except NotFound:
        return None


def _shown(obj: Unstructured) -> Object:
    """An object without what the server keeps for itself: what of it a person would compare."""
    plain: dict[str, Any] = to_dict(obj)
    plain.pop("status", None)
    for key in ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"):
        plain["metadata"].pop(key, None)
    return plain


def _is_deployed(obj: Unstructured) -> bool:
    """Whether `deploy` wrote it; a namespace that others had a hand in is theirs too, so it stays."""
    managers = {entry.manager for entry in obj.metadata.managed_fields if not entry.subresource}
    if obj.kind == "Namespace":
        return managers == {FIELD_MANAGER}
    return FIELD_MANAGER in managers


def _key(obj: Object) -> tuple[str, str, str, str]:
    group = obj["apiVersion"].rpartition("/")[0]
    return group, obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _gvk(obj: Object) -> GroupVersionKind:
    return GroupVersionKind.parse(obj["apiVersion"], obj["kind"])


def _name(obj: Object) -> str:
    """As kubectl names it: ``deployment.apps/web``."""
    group = obj["apiVersion"].rpartition("/")[0]
    return f"{obj['kind'].lower()}{'.' if group else ''}{group}/{obj['metadata']['name']}"
