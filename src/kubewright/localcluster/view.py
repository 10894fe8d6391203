"""What the cluster's controllers see, say, and how they are made: reads by owner, Events, a controller from a function.

A function gets an object and says what to do about it; what it changed in the object's status is written back, and
nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from kubewright.cache import Cache, Informer, StoredObject
from kubewright.client import Client
from kubewright.controller import (
    Controller,
    EventRecorder,
    KindSource,
    Requeue,
    enqueue_mapped,
    enqueue_object,
    enqueue_owner,
)
from kubewright.controller.merge_patch import merge_patch
from kubewright.objects import Object, ObjectKey, Struct, key, to_dict
from kubewright.objects.errors import Conflict, NotFound
from kubewright.objects.selectors import LabelSelector
from kubewright.workqueue import Item

logger = logging.getLogger("kubewright.localcluster")

T = TypeVar("T", bound=Object)

_BY_CONTROLLER = "controller"
_ORPHANS = "orphans of "
"""Under which, with their namespace, objects are indexed that nobody controls: uids have no blanks."""


class View:
    """Cached reads for controllers, always as new as what they have written themselves."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cache = Cache(client)
        self._informers: dict[type[Object], Informer[Any]] = {}
        self._recorders: dict[str, EventRecorder] = {}

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Follow what is asked for; one of the manager's runnables, ready at once: controllers wait for their kinds."""
        following = asyncio.create_task(self.cache.run(), name="localcluster/cache")
        ready()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if following.done():
            following.result()
        following.cancel()

    def recorder(self, component: str) -> EventRecorder:
        """Tells in Events what ``component`` does."""
        recorder = self._recorders.get(component)
        if recorder is None:
            recorder = self._recorders[component] = EventRecorder(self.client, component, by_note=True)
        return recorder

    @property
    def recorders(self) -> Sequence[EventRecorder]:
        """All that were asked for; each is a runnable beside the view."""
        return tuple(self._recorders.values())

    def informer(self, cls: type[T]) -> Informer[T]:
        """The kind's informer, indexed by controlling owner."""
        informer: Informer[T] | None = self._informers.get(cls)
        if informer is None:
            informer = self._informers[cls] = self.cache.informer(cls)
            informer.indexer.add_index(_BY_CONTROLLER, _controller_uid)
        return informer

    def get(self, cls: type[T], name: str, namespace: str = "") -> T | None:
        stored = self.informer(cls).get(ObjectKey(namespace, name))
        return None if stored is None else stored.decode()

    def owned(self, cls: type[T], owner: Object) -> list[T]:
        """The objects that ``owner`` controls, oldest first."""
        return self._indexed(cls, owner.metadata.uid)

    def orphans(self, cls: type[T], namespace: str) -> list[T]:
        """The objects of a namespace that nobody controls, oldest first."""
        return self._indexed(cls, f"{_ORPHANS}{namespace}")

    def _indexed(self, cls: type[T], value: str) -> list[T]:
        found = self.informer(cls).indexer.by_index(_BY_CONTROLLER, value)
        return sorted((one.decode() for one in found), key=_age)

    def select(self, cls: type[T], namespace: str, labels: LabelSelector | None = None) -> list[T]:
        """The objects of a namespace (all with an empty one) whose labels match, oldest first."""
        found = self.informer(cls).indexer.select(namespace=namespace or None, labels=labels)
        return sorted((one.decode() for one in found), key=_age)

    def controller(
        self,
        name: str,
        cls: type[T],
        reconcile: Callable[[T], Awaitable[Requeue | None]],
        *,
        owns: Sequence[type[Object]] = (),
        maps: Mapping[type[Object], Callable[[Any], Iterable[ObjectKey]]] | None = None,
        workers: int = 4,
        guarded: bool = False,
    ) -> Controller[ObjectKey]:
        """A controller that calls ``reconcile`` for objects of a kind, as long as they exist.

        :param owns: kinds whose objects lead to their controlling owner.
        :param maps: kinds whose objects lead to what the function says.
        :param guarded: whether a status is only written to the object as it was read: others write it, too.
        """

        async def reconcile_key(item: Item[ObjectKey]) -> Requeue | None:
            obj = self.get(cls, item.key.name, item.key.namespace)
            if obj is None:
                return None
            before = _status(obj)
            outcome = await reconcile(obj)
            await self._write_status(obj, merge_patch(before, _status(obj)), guarded=guarded)
            return outcome

        controller = Controller[ObjectKey](name, reconcile_key, workers=workers, log=logger, warn_of_hot_loops=False)
        controller.watch(KindSource(cls.__name__, self.informer(cls), enqueue_object))
        for owned in owns:
            owner = enqueue_owner(cls.gvk.group_kind, namespaced=cls.namespaced)
            controller.watch(KindSource(owned.__name__, self.informer(owned), owner))
        for mapped, function in (maps or {}).items():
            controller.watch(KindSource(mapped.__name__, self.informer(mapped), enqueue_mapped(function)))
        return controller

    async def _write_status(self, obj: Object, change: dict[str, Any], *, guarded: bool) -> None:
        if not change:
            return
        patch: dict[str, Any] = {"metadata": {"uid": obj.metadata.uid}, "status": change}
        if guarded:
            patch["metadata"]["resourceVersion"] = obj.metadata.resource_version
        try:
            await self.client.patch(
                type(obj), *reversed(key(obj)), merge=patch, subresource="status", field_manager="kubewright-cluster"
            )
        except NotFound:
            return
        except Conflict:
            if not guarded:
                raise
            return  # the other write brings the object up again


def _controller_uid(stored: StoredObject[Any]) -> list[str]:
    uids = [reference.uid for reference in stored.owner_references if reference.controller]
    return uids or [f"{_ORPHANS}{stored.key.namespace}"]


def _age(obj: Object) -> tuple[float, str]:
    created = obj.metadata.creation_timestamp
    return (created.timestamp() if created else 0.0, obj.metadata.name)


def _status(obj: Object) -> dict[str, Any]:
    status = getattr(obj, "status", None)
    return to_dict(status) if isinstance(status, Struct) else {}
