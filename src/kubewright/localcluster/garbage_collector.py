"""The garbage collector: what belongs to an owner that is gone goes, too.

Every kind that can be deleted is followed, metadata only; kinds that come and go with their CRDs are followed as they
come.  The rules (background, foreground, orphan) are those of `pkg/controller/garbagecollector`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kubewright.cache import Event, Informer, Observed, StoredObject
from kubewright.client import MetadataOnly, NoMatch, Propagation, RestMapping
from kubewright.controller import Controller, KindSource, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, OwnerReference, Unstructured
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import Conflict, NotFound
from kubewright.objects.names import GroupKind, GroupVersion, GroupVersionKind
from kubewright.workqueue import Item, WorkQueue

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_BY_OWNER = "owners"
_NEEDED = {"list", "watch", "delete", "patch"}
_IGNORED = {GroupKind("", "Event"), GroupKind("events.k8s.io", "Event")}
_LOOK_INTERVAL = 30.0
"""Seconds between two looks at what the server serves, besides those that a CRD leads to."""

logger = logging.getLogger("kubewright.localcluster")


class Target(NamedTuple):
    """An object of any kind."""

    kind: GroupVersionKind
    key: ObjectKey

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.key}"


class GarbageCollector:
    """Runs as one of the manager's runnables."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._informers: dict[GroupKind, Informer[Unstructured]] = {}
        self._mappings: dict[GroupKind, RestMapping] = {}
        self._sources: dict[GroupKind, _Announcing] = {}
        self._controller = Controller[Target](
            "garbage-collector", self._collect, workers=8, log=logger, warn_of_hot_loops=False
        )
        self._look_again = asyncio.Event()
        self._running = False

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        await self._look()

        def running() -> None:
            self._running = True
            ready()

        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._keep_looking(), name="garbage-collector/discovery")
            await self._controller.run(stop, running)
            looking.cancel()

    # -- which kinds there are

    async def _keep_looking(self) -> None:
        crds = self._view.informer(CustomResourceDefinition)
        subscription = asyncio.create_task(crds.subscribe(lambda events: self._look_again.set()))
        try:
            while True:
                try:
                    await asyncio.wait_for(self._look_again.wait(), _LOOK_INTERVAL)
                    await asyncio.sleep(0.1)  # a CRD is written several times before its kind is served
                except TimeoutError:
                    pass
                self._look_again.clear()
                await self._look()
        finally:
            subscription.cancel()

    async def _look(self) -> None:
        mapper = self._view.client.mapper
        mapper.invalidate()
        served: dict[GroupKind, RestMapping] = {}
        for mapping in await mapper.mappings():
            if mapping.verbs >= _NEEDED and mapping.kind.group_kind not in _IGNORED:
                served.setdefault(mapping.kind.group_kind, mapping)
        for kind in self._mappings.keys() - served.keys():
            self._controller.stop_watching(self._sources.pop(kind))
            self._view.cache.remove(self._informers.pop(kind))
            del self._mappings[kind]
        for kind, mapping in served.items():
            if kind not in self._mappings:
                self._follow(mapping)

    def _follow(self, mapping: RestMapping) -> None:
        kind = mapping.kind.group_kind
        informer = self._view.cache.informer(MetadataOnly(mapping.kind))
        informer.indexer.add_index(_BY_OWNER, _owner_uids)
        source = KindSource[Unstructured, Target](str(kind), informer, lambda event: self._targets(mapping.kind, event))
        announcing = _Announcing(source, lambda: self._look_for_orphans(kind) if self._running else None)
        self._mappings[kind], self._informers[kind], self._sources[kind] = mapping, informer, announcing
        self._controller.watch(announcing)

    def _look_for_orphans(self, kind: GroupKind) -> None:
        """Owners of a kind that is followed from now on may have gone unseen before: look at what they owned."""
        owners = {stored.uid for stored in self._informers[kind].indexer}
        for dependent_kind, informer in self._informers.items():
            for stored in informer.indexer:
                if any(_group_kind(one) == kind and one.uid not in owners for one in stored.owner_references):
                    self._controller.queue.add(Target(self._mappings[dependent_kind].kind, stored.key))

    # -- what an event leads to

    def _targets(self, kind: GroupVersionKind, event: Event[Unstructured]) -> Iterable[Target]:
        observed = event.new or event.old
        if observed is None:
            return
        if event.new is None or observed.deleting:
            yield from (target for target, _ in self._dependents(observed.uid))
        if event.new is None:
            yield from self._owners(observed)
        elif observed.owner_references or observed.deleting:
            yield Target(kind, observed.key)

    def _dependents(self, uid: str) -> list[tuple[Target, StoredObject[Unstructured]]]:
        return [
            (Target(self._mappings[kind].kind, stored.key), stored)
            for kind, informer in self._informers.items()
            for stored in informer.indexer.by_index(_BY_OWNER, uid)
        ]

    def _owners(self, observed: Observed[Any]) -> Iterable[Target]:
        """The owners that may wait, in a foreground deletion, for this dependent to go."""
        for reference in observed.owner_references:
            if mapping := self._mappings.get(_group_kind(reference)):
                yield Target(mapping.kind, _owner_key(mapping, reference, observed.key.namespace))

    # -- what is done about an object

    async def _collect(self, item: Item[Target]) -> Requeue | None:
        target = item.key
        informer = self._informers.get(target.kind.group_kind)
        stored = informer.get(target.key) if informer is not None else None
        if stored is None:
            return None
        obj = stored.decode()
        if obj.metadata.deletion_timestamp is not None:
            if ORPHAN in obj.metadata.finalizers:
                await self._orphan(target, obj)
            elif FOREGROUND in obj.metadata.finalizers:
                await self._finish_foreground(target, obj)
            return None
        if obj.metadata.owner_references:
            return await self._check_owners(target, obj)
        return None

    async def _check_owners(self, target: Target, obj: Unstructured) -> Requeue | None:
        solid: list[OwnerReference] = []
        waiting = unseen = False
        for reference in obj.metadata.owner_references:
            owner = self._cached_owner(reference, target.key.namespace)
            if owner is None:
                owner = await self._live_owner(reference, target.key.namespace)
                unseen |= owner is not None
            if owner is None:
                continue
            if owner.deletion_timestamp is not None and FOREGROUND in owner.finalizers:
                waiting = True
            else:
                solid.append(reference)
        if solid:
            if len(solid) != len(obj.metadata.owner_references):
                await self._keep_owners(target, obj, solid)
            # An owner whose kind is not followed yet may go without an event that would tell.
            return Requeue() if unseen else None
        logger.info("deleting %s, whose owners are gone", target)
        with contextlib.suppress(NotFound, Conflict):  # gone, or another one of that name
            await self._view.client.delete(
                MetadataOnly(target.kind),
                target.key.name,
                target.key.namespace,
                uid=obj.metadata.uid,
                propagation=self._propagation(obj, waiting=waiting),
            )
        return None

    def _propagation(self, obj: Unstructured, *, waiting: bool) -> Propagation:
        """How the object's own dependents are treated: as somebody has asked already, else as its owners' are."""
        if ORPHAN in obj.metadata.finalizers:
            return "Orphan"
        if FOREGROUND in obj.metadata.finalizers or (waiting and self._dependents(obj.metadata.uid)):
            return "Foreground"
        return "Background"

    def _cached_owner(self, reference: OwnerReference, namespace: str) -> ObjectMeta | None:
        """The owner, if its kind is followed and the cache has it."""
        group_kind = _group_kind(reference)
        if (mapping := self._mappings.get(group_kind)) is None:
            return None
        cached = self._informers[group_kind].get(_owner_key(mapping, reference, namespace))
        return cached.decode().metadata if cached is not None and cached.uid == reference.uid else None

    async def _live_owner(self, reference: OwnerReference, namespace: str) -> ObjectMeta | None:
        """The owner as the server has it: to be asked before it counts as gone, as caches of several kinds are not in
        step."""
        group_kind = _group_kind(reference)
        mapping = self._mappings.get(group_kind)
        try:
            if mapping is None:
                version = GroupVersion.parse(reference.api_version).version
                kind = GroupVersionKind(group_kind.group, version, reference.kind)
                mapping = await self._view.client.mapper.mapping(kind)
            key = _owner_key(mapping, reference, namespace)
            live = await self._view.client.get(MetadataOnly(mapping.kind), key.name, key.namespace)
        except (NoMatch, NotFound):
            return None
        return live.metadata if live.metadata.uid == reference.uid else None

    async def _orphan(self, target: Target, obj: Unstructured) -> None:
        uid = obj.metadata.uid
        for dependent, stored in self._dependents(uid):
            owned = stored.decode()
            others = [reference for reference in owned.metadata.owner_references if reference.uid != uid]
            await self._keep_owners(dependent, owned, others)
        await self._drop_finalizer(target, obj, ORPHAN)

    async def _finish_foreground(self, target: Target, obj: Unstructured) -> None:
        uid = obj.metadata.uid
        blocking = [
            dependent
            for dependent, stored in self._dependents(uid)
            if any(one.uid == uid and one.block_owner_deletion for one in stored.owner_references)
        ]
        if not blocking:
            await self._drop_finalizer(target, obj, FOREGROUND)
            return
        for dependent, _ in self._dependents(uid):
            self._controller.queue.add(dependent)

    async def _keep_owners(self, target: Target, obj: Unstructured, references: list[OwnerReference]) -> None:
        plain = [_plain(reference) for reference in references]
        await self._patch(target, obj, {"ownerReferences": plain or None})

    async def _drop_finalizer(self, target: Target, obj: Unstructured, finalizer: str) -> None:
        others = [one for one in obj.metadata.finalizers if one != finalizer]
        await self._patch(target, obj, {"finalizers": others or None})

    async def _patch(self, target: Target, obj: Unstructured, change: dict[str, Any]) -> None:
        """Change metadata lists; only as long as nobody else has changed the object."""
        metadata = {**change, "uid": obj.metadata.uid, "resourceVersion": obj.metadata.resource_version}
        try:
            await self._view.client.patch(
                MetadataOnly(target.kind), target.key.name, target.key.namespace, merge={"metadata": metadata}
            )
        except NotFound:
            return
        except Conflict:
            self._controller.queue.add_after(target, 0.05)


class _Announcing:
    """A source that tells when its initial list is in."""

    def __init__(self, source: KindSource[Unstructured, Target], announce: Callable[[], None]) -> None:
        self.name = source.name
        self._source = source
        self._announce = announce

    async def run(self, queue: WorkQueue[Target], ready: Callable[[], None]) -> None:
        def complete() -> None:
            self._announce()
            ready()

        await self._source.run(queue, complete)


def _plain(reference: OwnerReference) -> dict[str, Any]:
    plain = {
        "apiVersion": reference.api_version,
        "kind": reference.kind,
        "name": reference.name,
        "uid": reference.uid,
        "controller": reference.controller,
        "blockOwnerDeletion": reference.block_owner_deletion,
    }
    return {key: value for key, value in plain.items() if value is not None}


def _owner_uids(stored: StoredObject[Any]) -> list[str]:
    return [reference.uid for reference in stored.owner_references]


def _group_kind(reference: OwnerReference) -> GroupKind:
    return GroupKind(GroupVersion.parse(reference.api_version).group, reference.kind)


def _owner_key(mapping: RestMapping, reference: OwnerReference, namespace: str) -> ObjectKey:
    return ObjectKey(namespace if mapping.namespaced else "", reference.name)
