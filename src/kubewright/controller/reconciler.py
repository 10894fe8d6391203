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
from typing import Generic, TypeAlias, TypeVar, cast

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.blocking import Waiter, run_in_thread
from kubewright.controller.children import ApplyMemory, Children
from kubewright.controller.context import BlockingContext, Context
from kubewright.controller.event_recorder import EventRecorder
from kubewright.controller.finalizers import Finalizers
from kubewright.controller.lost_changes import LostChanges
from kubewright.controller.outcome import Requeue
from kubewright.controller.status import StatusWriter
from kubewright.objects import Object, ObjectKey
from kubewright.objects.errors import NotFound
from kubewright.workqueue import Item

KindT = TypeVar("KindT", bound=Object)

AsyncReconcile: TypeAlias = Callable[[KindT, Context], Awaitable[Requeue | None]]
BlockingReconcile: TypeAlias = Callable[[KindT, BlockingContext], Requeue | None]
ReconcileFunction: TypeAlias = AsyncReconcile[KindT] | BlockingReconcile[KindT]
"""The user's function: ``async def`` with a :class:`Context`, or ``def`` with a :class:`BlockingContext`."""


class Reconciler(Generic[KindT]):
    """Calls the user's functions for objects of ``cls``.

    :param finalize: called, until it returns None, before an object may go; objects get ``finalizer`` for that.
    :param needs_finalizer: which objects get it, by default all; one that ceases to need it loses it.
    :param on_leave: called when an object is gone, or going with nothing left to finalize.
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
        needs_finalizer: Callable[[KindT], bool] = lambda obj: True,
        on_leave: Callable[[ObjectKey], Awaitable[None]] | None = None,
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
        self._finalizers = Finalizers(client, cls, field_manager=field_manager)
        self._needs_finalizer = needs_finalizer
        self._on_leave = on_leave
        self._owns = tuple(owns)
        self._memory = ApplyMemory()
        self._lost_changes = LostChanges()

    async def __call__(self, item: Item[ObjectKey]) -> Requeue | None:
        """Reconcile one object; one that does not exist (any more) needs nothing."""
        try:
            obj = await self._cache.get(self._cls, item.key.name, item.key.namespace)
        except NotFound:
            self._memory.forget(item.key)
            await self._leave(item.key)
            return None
        if obj.metadata.deletion_timestamp is not None:
            return await self._on_deletion(obj, item)
        if self._finalize is not None:
            finalizers = obj.metadata.finalizers
            needed = self._needs_finalizer(obj)
            if needed and self._finalizer not in finalizers:
                obj = await self._finalizers.set(obj, [*finalizers, self._finalizer])
            elif not needed and self._finalizer in finalizers:
                obj = await self._finalizers.set(obj, [one for one in finalizers if one != self._finalizer])
        return await self._call(self._reconcile, obj, item)

    def keep(self, ours: Callable[[ObjectKey], bool]) -> None:
        """Forget what was applied for other objects: another process applies for them now."""
        self._memory.keep(ours)

    async def _on_deletion(self, obj: KindT, item: Item[ObjectKey]) -> Requeue | None:
        if self._finalizer not in obj.metadata.finalizers:
            await self._leave(item.key)
            return None
        if self._finalize is not None:
            outcome = await self._call(self._finalize, obj, item)
            if outcome is not None:
                return outcome
        await self._finalizers.remove(obj, self._finalizer)
        return None

    async def _leave(self, key: ObjectKey) -> None:
        if self._on_leave is not None:
            await self._on_leave(key)

    async def _call(self, function: AsyncReconcile[KindT], obj: KindT, item: Item[ObjectKey]) -> Requeue | None:
        context = self._context(obj, item)
        before = self._lost_changes.before(obj)
        try:
            outcome = await function(obj, context)
        # What was observed before it failed is worth writing too.
        except Exception:
            await context.write_status()
            raise
        await context.write_status()
        if before is not None:
            await self._lost_changes.after(
                before, obj, lambda: self._cache.get(self._cls, item.key.name, item.key.namespace)
            )
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
            status=StatusWriter(self._client, self._cache, obj, field_manager=self._field_manager),
            owns=self._owns,
        )
