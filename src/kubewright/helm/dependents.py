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
from kubewright.controller.primary_resource import enqueue_primary
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
        self._by_reference = enqueue_owner(owner, namespaced=namespaced)
        self._by_annotation = enqueue_primary(owner)
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
        if event.initial:
            return ()  # the release that brought the kind is being looked at just now
        return dict.fromkeys((*self._by_reference(event), *self._by_annotation(event)))
