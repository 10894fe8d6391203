"""From a key to the user's function and back: the reconciler of one kind.

A key comes in; the object is read from the cache, gets its finalizer if one is needed, and goes to the user's function
with a context; what the function changed in the status is written back as a minimal patch.  An object that is being
deleted goes to the finalize function instead, and then loses its finalizer.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeAlias, TypeVar, cast

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.blocking import Waiter, run_in_thread
from kubewright.controller.children import ApplyMemory, Children
from kubewright.controller.context import BlockingContext, Context
from kubewright.controller.event_recorder import EventRecorder
from kubewright.controller.merge_patch import merge_patch, replaces_list
from kubewright.controller.outcome import Requeue
from kubewright.objects import Object, ObjectKey, Struct, to_dict
from kubewright.objects.errors import Conflict, NotFound
from kubewright.workqueue import Item

KindT = TypeVar("KindT", bound=Object)

AsyncReconcile: TypeAlias = Callable[[KindT, Context], Awaitable[Requeue | None]]
BlockingReconcile: TypeAlias = Callable[[KindT, BlockingContext], Requeue | None]
ReconcileFunction: TypeAlias = AsyncReconcile[KindT] | BlockingReconcile[KindT]
"""The user's function: ``async def`` with a :class:`Context`, or ``def`` with a :class:`BlockingContext`."""

_CONFLICTS = 5
"""How often removing a finalizer is tried against others who write the object at the same time."""


class Reconciler(Generic[KindT]):
    """Calls the user's functions for objects of ``cls``.

    :param finalize: called, until it returns None, before an object may go; objects get ``finalizer`` for that.
    :param owns: the kinds of the children, for pruning.
    :param threads: how many plain functions may run at once.
    """

    def __init__(
        self,
        cls: type[KindT],
        reconcile: ReconcileFunction[KindT],
        *,
        client: Client,
        cache: Cache,
        events: EventRecorder,
        field_manager: str,
        finalize: ReconcileFunction[KindT] | None = None,
        finalizer: str = "",
        owns: Sequence[type[Object]] = (),
        threads: int = 1,
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=cls.__name__.lower())
        self._cls = cls
        self._reconcile = self._awaitable(reconcile)
        self._client = client
        self._cache = cache
        self._events = events
        self._field_manager = field_manager
        self._finalize = self._awaitable(finalize) if finalize is not None else None
        self._finalizer = finalizer
        self._owns = tuple(owns)
        self._memory = ApplyMemory()

    async def __call__(self, item: Item[ObjectKey]) -> Requeue | None:
        """Reconcile one object; one that does not exist (any more) needs nothing."""
        try:
            obj = await self._cache.get(self._cls, item.key.name, item.key.namespace)
        except NotFound:
            self._memory.forget(item.key)
            return None
        if obj.metadata.deletion_timestamp is not None:
            return await self._on_deletion(obj, item)
        if self._finalize is not None and self._finalizer not in obj.metadata.finalizers:
            obj = await self._set_finalizers(obj, [*obj.metadata.finalizers, self._finalizer])
        return await self._call(self._reconcile, obj, item)

    async def _on_deletion(self, obj: KindT, item: Item[ObjectKey]) -> Requeue | None:
        if self._finalizer not in obj.metadata.finalizers:
            return None
        if self._finalize is not None:
            outcome = await self._call(self._finalize, obj, item)
            if outcome is not None:
                return outcome
        await self._remove_finalizer(obj)
        return None

    async def _call(self, function: AsyncReconcile[KindT], obj: KindT, item: Item[ObjectKey]) -> Requeue | None:
        before = _status(obj)
        context = self._context(obj, item)
        try:
            outcome = await function(obj, context)
        # What was observed before it failed is worth writing too.
        except Exception:
            await self._write_status(obj, before)
            raise
        await self._write_status(obj, before)
        return outcome

    def _awaitable(self, function: ReconcileFunction[KindT]) -> AsyncReconcile[KindT]:
        """A plain function as one that runs in a thread."""
        is_async = inspect.iscoroutinefunction(function)
        if is_async:
            return cast("AsyncReconcile[KindT]", function)
        plain = cast("BlockingReconcile[KindT]", function)

        async def in_thread(obj: KindT, context: Context) -> Requeue | None:
            waiter = Waiter(asyncio.get_running_loop())
            view = BlockingContext(context, waiter)
            return await run_in_thread(self._threads, waiter, lambda: plain(obj, view))

        return in_thread

    def _context(self, obj: KindT, item: Item[ObjectKey]) -> Context:
        children = Children(self._client, self._cache, obj, field_manager=self._field_manager, memory=self._memory)
        return Context(
            obj,
            item,
            client=self._client,
            cache=self._cache,
            children=children,
            events=self._events,
            owns=self._owns,
        )

    async def _write_status(self, obj: KindT, before: dict[str, Any]) -> None:
        """Write what has changed in the status, and nothing else.

        A patch replaces lists whole, so one with a list names the resource version that it is based on: what somebody
        else has added since is not lost, the reconcile is repeated.
        """
        change = merge_patch(before, _status(obj))
        if not change:
            return
        patch: dict[str, Any] = {"metadata": {"uid": obj.metadata.uid}, "status": change}
        if replaces_list(change):
            patch["metadata"]["resourceVersion"] = obj.metadata.resource_version
        try:
            await self._client.patch(
                self._cls,
                obj.metadata.name,
                obj.metadata.namespace,
                merge=patch,
                subresource="status",
                field_manager=self._field_manager,
            )
        except NotFound:
            return

    async def _set_finalizers(self, obj: KindT, finalizers: list[str]) -> KindT:
        metadata = obj.metadata
        change = {"finalizers": finalizers, "uid": metadata.uid, "resourceVersion": metadata.resource_version}
        return await self._client.patch(
            self._cls,
            metadata.name,
            metadata.namespace,
            merge={"metadata": change},
            field_manager=self._field_manager,
        )

    async def _remove_finalizer(self, obj: KindT) -> None:
        uid = obj.metadata.uid
        for attempt in range(1, _CONFLICTS + 1):
            others = [finalizer for finalizer in obj.metadata.finalizers if finalizer != self._finalizer]
            try:
                await self._set_finalizers(obj, others)
                return
            except NotFound:
                return
            except Conflict:
                if attempt == _CONFLICTS:
                    raise
            try:
                obj = await self._client.get(self._cls, obj.metadata.name, obj.metadata.namespace)
            except NotFound:
                return
            if obj.metadata.uid != uid or self._finalizer not in obj.metadata.finalizers:
                return


def _status(obj: Object) -> dict[str, Any]:
    status = getattr(obj, "status", None)
    return to_dict(status) if isinstance(status, Struct) else {}
