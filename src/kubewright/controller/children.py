"""Children: the objects that a reconciler makes for its owner, applied only when that changes something.

A wanted child goes in; it gets the owner's reference and namespace, and is sent by server-side apply unless the cache
shows that the server would answer with what is there already.  Children that are no longer wanted are pruned.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias, TypeVar

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.merge_patch import covers
from kubewright.objects import (
    Object,
    ObjectKey,
    OwnerReference,
    Unstructured,
    controller_of,
    key,
    owner_reference,
    to_dict,
    to_json,
)
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupVersionKind

T = TypeVar("T", bound=Object | Unstructured)
AnyKind: TypeAlias = Object | Unstructured


class _Applied(NamedTuple):
    """What was sent for a child last, and which state of it was the answer."""

    digest: bytes
    uid: str
    resource_version: str


_ChildKey: TypeAlias = tuple[GroupVersionKind, ObjectKey]


class ApplyMemory:
    """What was applied last for every owner.  It only saves requests: lost with the process, it fills again."""

    def __init__(self) -> None:
        self._owners: dict[ObjectKey, dict[_ChildKey, _Applied]] = {}

    def of(self, owner: ObjectKey) -> dict[_ChildKey, _Applied]:
        return self._owners.setdefault(owner, {})

    def forget(self, owner: ObjectKey) -> None:
        """The owner is gone."""
        self._owners.pop(owner, None)

    def keep(self, ours: Callable[[ObjectKey], bool]) -> None:
        """Forget all owners but ours: with others writing in between, "as we left it" says nothing any more."""
        self._owners = {owner: applied for owner, applied in self._owners.items() if ours(owner)}


class Children:
    """The children of one owner during one reconcile."""

    def __init__(
        self, client: Client, cache: Cache, owner: AnyKind, *, field_manager: str, memory: ApplyMemory
    ) -> None:
        self._client = client
        self._cache = cache
        self._owner = owner
        self._field_manager = field_manager
        self._memory = memory.of(key(owner))
        self._wanted: set[_ChildKey] = set()

    async def apply(self, child: T, *, force: bool = True, owned: bool = True) -> T:
        """Have ``child`` be as it says, and return it as it is now.

        :param force: take over fields that others have set; without it that is a :class:`Conflict`.
        :param owned: put a controller reference to the owner on it: it is deleted with the owner.
        :raises ValueError: the owner can't own it, for its namespace.
        """
        child = self._completed(child, owned=owned)
        child_key = (child.gvk, key(child))
        self._wanted.add(child_key)
        digest = hashlib.blake2b(to_json(child), digest_size=16).digest()
        live = await self._cached(child)
        last = self._memory.get(child_key)
        if live is not None and last is not None and _unchanged(live, child, digest, last):
            return live
        answer = await self._client.apply(child, field_manager=self._field_manager, force=force)
        metadata = answer.metadata
        self._memory[child_key] = _Applied(digest, metadata.uid, metadata.resource_version)
        return answer

    async def prune(self, kinds: Iterable[type[Object]]) -> list[AnyKind]:
        """Delete the owner's children of these (cached) kinds that were not applied in this reconcile.

        Only what the owner controls is deleted, with its children in the background.  Returns what was deleted.
        """
        pruned: list[AnyKind] = []
        for cls in kinds:
            for child in await self._cache.list(cls, namespace=self._owner.metadata.namespace or None):
                controller = controller_of(child)
                if controller is None or controller.uid != self._owner.metadata.uid:
                    continue
                if (child.gvk, key(child)) in self._wanted or child.metadata.deletion_timestamp is not None:
                    continue
                try:
                    await self._client.delete(child, uid=child.metadata.uid, propagation="Background")
                except NotFound:
                    continue
                pruned.append(child)
        for child_key in self._memory.keys() - self._wanted:
            del self._memory[child_key]
        return pruned

    async def adopt(self, obj: T) -> T:
        """Put the owner's controller reference on an object that exists and has no controller.

        :raises ValueError: another controller has it.
        :raises Conflict: somebody wrote the object since it was read.
        """
        controller = controller_of(obj)
        if controller is not None and controller.uid != self._owner.metadata.uid:
            raise ValueError(
                f"{obj.kind} {key(obj)} is controlled by {controller.kind} {controller.name}: only that may release it"
            )
        return await self._set_owners(obj, [*_others(obj, self._owner), owner_reference(self._owner)])

    async def release(self, obj: T) -> T:
        """Take the owner's reference off an object, which then outlives the owner.

        :raises Conflict: somebody wrote the object since it was read.
        """
        return await self._set_owners(obj, _others(obj, self._owner))

    async def _set_owners(self, obj: T, owners: list[OwnerReference]) -> T:
        metadata = obj.metadata
        change = {
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
            "ownerReferences": [to_dict(owner) for owner in owners],
        }
        return await self._client.patch(obj, merge={"metadata": change}, field_manager=self._field_manager)

    def _completed(self, child: T, *, owned: bool) -> T:
        """A copy of the child with namespace and owner reference."""
        owner = self._owner
        child = copy.copy(child)
        child.metadata = metadata = copy.copy(child.metadata)
        namespaced = not isinstance(child, Object) or child.namespaced
        if namespaced and not metadata.namespace:
            metadata.namespace = owner.metadata.namespace
        if not owned:
            return child
        if owner.metadata.namespace and (not namespaced or metadata.namespace != owner.metadata.namespace):
            where = f"in namespace {metadata.namespace}" if namespaced else "cluster-scoped"
            raise ValueError(
                f"{owner.kind} {key(owner)} cannot own {child.kind} {metadata.name}, which is {where}: owners in a "
                f"namespace own nothing outside it; apply it with owned=False and delete it in a finalizer"
            )
        metadata.owner_references = [*_others(child, owner), owner_reference(owner)]
        return child

    async def _cached(self, child: T) -> T | None:
        if not isinstance(child, Object) or not follows(self._cache, type(child)):
            return None
        try:
            return await self._cache.get(type(child), child.metadata.name, child.metadata.namespace)
        except NotFound:
            return None


def _others(obj: AnyKind, owner: AnyKind) -> list[OwnerReference]:
    return [reference for reference in obj.metadata.owner_references if reference.uid != owner.metadata.uid]


def follows(cache: Cache, cls: type[Object]) -> bool:
    """Whether the cache has the objects of that kind, and a read of it would not start to follow it."""
    return any(informer.target is cls for informer in cache.informers)


def _unchanged(live: AnyKind, wanted: AnyKind, digest: bytes, last: _Applied) -> bool:
    """Whether applying again what was applied last would change nothing.

    Either nobody has written the object since, or what it says now still covers what we want.  (Something that we
    no longer want would have another digest: then only the server knows what to remove.)
    """
    if last.digest != digest or last.uid != live.metadata.uid or live.metadata.deletion_timestamp is not None:
        return False
    if last.resource_version == live.metadata.resource_version:
        return True
    return covers(to_dict(live), to_dict(wanted))
