"""Watches on whatever kinds releases turn out to consist of.

A kind comes in when a release first has objects of it; a change to such an object wakes the resource that it is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from kubewright.cache import Cache
from kubewright.cache.event import Event
from kubewright.client import Untyped
from kubewright.controller import KindSource, enqueue_owner
from kubewright.helm.objects import PRIMARY, PRIMARY_TYPE
from kubewright.objects import GroupVersionKind, ObjectKey
from kubewright.objects.names import GroupKind
from kubewright.workqueue import WorkQueue


class Dependents:
    """A source of requests for resources of one kind; kinds are added as releases bring them.

    :param owner: the resources' kind.
    :param namespaced: whether they live in namespaces.
    """

    def __init__(self, owner: GroupKind, *, namespaced: bool = True) -> None:
        self.name = f"what belongs to {owner.kind}"
        self._to_owner = enqueue_owner(owner, namespaced=namespaced)
        self._type = f"{owner.kind}.{owner.group}"
        self._queue: WorkQueue[ObjectKey] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._following: set[GroupVersionKind] = set()

    async def run(self, queue: WorkQueue[ObjectKey], ready: Callable[[], None]) -> None:
        self._queue = queue
        self._following.clear()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                ready()
                await asyncio.get_running_loop().create_future()
        finally:
            self._queue = self._tasks = None

    async def follow(self, cache: Cache, gvk: GroupVersionKind) -> None:
        """Watch a kind from now on; returns when the cache knows its objects."""
        if gvk in self._following or self._queue is None or self._tasks is None:
            return
        self._following.add(gvk)
        informer = cache.informer(Untyped(gvk))
        source = KindSource(gvk.kind, informer, self._owners)
        self._tasks.create_task(source.run(self._queue, lambda: None), name=f"following {gvk.kind}")
        await informer.wait_for_sync()

    def _owners(self, event: Event[Any]) -> Iterable[ObjectKey]:
        """By owner reference, or by the annotations of an object that can't have one."""
        observed = event.new or event.old
        if event.initial or observed is None:
            return ()  # the release that brought the kind is being looked at just now
        if observed.owner_references:
            return self._to_owner(event)
        annotations = observed.annotations
        if annotations.get(PRIMARY_TYPE) != self._type:
            return ()
        namespace, _, name = annotations.get(PRIMARY, "").rpartition("/")
        return (ObjectKey(namespace, name),)
