"""What a reconciler is given besides its object: the client, cached reads, children, conditions, events.

One context lives for one reconcile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from typing import Literal, TypeVar

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.blocking import BlockingCache, BlockingClient, Waiter
from kubewright.controller.children import AnyKind, Children, follows
from kubewright.controller.conditions import set_condition
from kubewright.controller.event_recorder import EventRecorder
from kubewright.controller.status import StatusWriter
from kubewright.objects import GroupVersion, Object, ObjectKey, Unstructured, controller_of
from kubewright.objects.errors import NotFound
from kubewright.workqueue import Cause, Item

T = TypeVar("T", bound=Object | Unstructured)
KindT = TypeVar("KindT", bound=Object)


class Context:
    """The surroundings of one reconcile.

    ``client`` reads live and writes; ``get`` and ``list`` read from the cache, which is never behind what this
    operator has written.
    """

    def __init__(
        self,
        obj: AnyKind,
        item: Item[ObjectKey],
        *,
        client: Client,
        cache: Cache,
        children: Children,
        events: EventRecorder,
        status: StatusWriter,
        owns: Sequence[type[Object]],
    ) -> None:
        self.client = client
        self.cache = cache
        self.log = logging.getLogger(f"kubewright.reconcile.{obj.kind.lower()}")
        """Its lines carry the object's name."""
        self._obj = obj
        self._item = item
        self._children = children
        self._events = events
        self._status = status
        self._owns = tuple(owns)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The events that led to this reconcile, for people: what to do depends on the object's state alone."""
        return self._item.causes

    async def get(self, cls: type[KindT], name: str, namespace: str | None = None) -> KindT:
        """Read an object, from the cache if its kind is watched, else live; by default in the object's own namespace.

        :raises NotFound: there is none.
        """
        source = self.cache if follows(self.cache, cls) else self.client
        return await source.get(cls, name, self._namespace(cls, namespace))

    async def list(self, cls: type[KindT], *, namespace: str | None = None) -> Sequence[KindT]:
        """Read the objects of a kind, from the cache if it is watched, else live; by default in the same namespace."""
        source = self.cache if follows(self.cache, cls) else self.client
        return await source.list(cls, namespace=self._namespace(cls, namespace) or None)

    async def apply(self, child: T, *, force: bool = True, owned: bool = True) -> T:
        """Have a child be as it says, by server-side apply; see :meth:`Children.apply`."""
        return await self._children.apply(child, force=force, owned=owned)

    async def adopt(self, obj: T) -> T:
        """Become the controller of an object that has none; see :meth:`Children.adopt`."""
        return await self._children.adopt(obj)

    async def release(self, obj: T) -> T:
        """Give up an object, which then outlives this one; see :meth:`Children.release`."""
        return await self._children.release(obj)

    async def owner_of(self, obj: AnyKind, cls: type[KindT]) -> KindT | None:
        """The object of kind ``cls`` that controls ``obj``, if there is one."""
        reference = controller_of(obj)
        if reference is None or GroupVersion.parse(reference.api_version).group != cls.gvk.group:
            return None
        if reference.kind != cls.gvk.kind:
            return None
        try:
            owner = await self.get(cls, reference.name, obj.metadata.namespace)
        except NotFound:
            return None
        return owner if owner.metadata.uid == reference.uid else None

    async def prune(self) -> Sequence[AnyKind]:
        """Delete the children of the declared kinds (``owns``) that this reconcile has not applied."""
        return await self._children.prune(self._owns)

    def condition(self, type: str, status: bool | str, *, reason: str, message: str = "") -> bool:
        """Set a condition in ``status.conditions``, as seen at the object's present generation.

        Returns whether it changed anything.

        :raises TypeError: the object's status has no ``conditions``.
        """
        conditions = getattr(getattr(self._obj, "status", None), "conditions", None)
        if not isinstance(conditions, MutableSequence):
            raise TypeError(f"the status of {self._obj.kind} needs a field `conditions: list[Condition] = []`")
        generation = self._obj.metadata.generation or None
        return set_condition(conditions, type, status, reason=reason, message=message, observed_generation=generation)

    def event(
        self,
        reason: str,
        note: str,
        *,
        type: Literal["Normal", "Warning"] = "Normal",
        action: str = "Reconcile",
        related: AnyKind | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Tell people about the object (``kubectl describe`` shows it); never waits, and repeats are counted as one.

        The parameters are those of :meth:`EventRecorder.record`.
        """
        self._events.record(self._obj, reason, note, type=type, action=action, related=related, annotations=annotations)

    async def write_status(self) -> None:
        """Write what has changed in the object's status now; at the end of a reconcile that happens anyway.

        :raises Conflict: somebody else has written the object, and a list in the status has changed.
        """
        await self._status.write()

    async def wait_for(
        self,
        cls: type[KindT],
        name: str,
        until: Callable[[KindT], bool],
        *,
        namespace: str | None = None,
        timeout: float = 60.0,
    ) -> KindT:
        """Wait until an object exists and ``until`` holds for it.

        The worker waits with it: where that may take long, return ``Requeue`` and let the watch call again.

        :param timeout: seconds.
        :raises TimeoutError: it did not come to that.
        """
        only = {"metadata.name": name}
        async with asyncio.timeout(timeout):
            while True:  # the server ends every watch after some minutes
                where = self._namespace(cls, namespace) or None
                async with self.client.watch(cls, namespace=where, field_selector=only) as events:
                    async for event in events:
                        if event.type in ("ADDED", "MODIFIED") and until(event.object):
                            return event.object

    def _namespace(self, cls: type[Object], namespace: str | None) -> str:
        if not cls.namespaced:
            return ""
        return self._obj.metadata.namespace if namespace is None else namespace


class BlockingContext:
    """A :class:`Context` for reconcilers that are plain functions: the same methods, without ``await``."""

    def __init__(self, context: Context, waiter: Waiter) -> None:
        self.client = BlockingClient(context.client, waiter)
        self.cache = BlockingCache(context.cache, waiter)
        self.log = context.log
        self.causes = context.causes
        self.condition = context.condition
        self.get = waiter.wrap(context.get)
        self.list = waiter.wrap(context.list)
        self.apply = waiter.wrap(context.apply)
        self.adopt = waiter.wrap(context.adopt)
        self.release = waiter.wrap(context.release)
        self.owner_of = waiter.wrap(context.owner_of)
        self.prune = waiter.wrap(context.prune)
        self.write_status = waiter.wrap(context.write_status)
        self.wait_for = waiter.wrap(context.wait_for)
        self.event = waiter.post(context.event)
