"""Handlers of what becomes of an object: it appears, a field of it changes, it goes.

An object's state goes in; compared with the progress in its annotation that tells which handlers are due, whatever
has happened meanwhile, restarts included.  They are called in the order of their declaration, and what they finished
is written back in one patch, only if there is something to write.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from kubewright.controller import Context, Requeue, Retry, TerminalError
from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.matching import Matching, field_at
from kubewright.lifecycle.progress import Progress
from kubewright.objects import Object, ObjectKey, key, to_dict
from kubewright.objects.errors import NotFound
from kubewright.workqueue import Backoff

logger = logging.getLogger("kubewright.lifecycle")


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """One declared handler.

    ``change`` calls it for every new value of the field, the first included; ``update`` not for the first;
    ``create`` once for an object; ``resume`` once for an object in each process; ``delete`` before it goes.
    """

    name: str
    on: Literal["create", "resume", "update", "change", "delete"]
    function: Function
    matches: Matching
    field: tuple[str, ...] = ()
    workers: int = 1
    backoff: Backoff | None = None
    owns: tuple[type[Object], ...] = ()


class Handlers(Behaviour):
    """The handlers of one kind.

    :param annotation: the name of the one in which progress is kept.
    """

    def __init__(self, cls: type[Object], handlers: Sequence[Handler], *, annotation: str, memos: Memos) -> None:
        self._cls = cls
        self._going = [handler for handler in handlers if handler.on == "delete"]
        self._living = [handler for handler in handlers if handler.on != "delete"]
        self._names = [handler.name for handler in handlers if handler.on != "resume"]
        self._functions = [handler.function for handler in handlers]
        self._annotation = annotation
        self._memos = memos
        self._resumed: dict[ObjectKey, set[tuple[str, str]]] = {}

    async def reconcile(self, obj: Any, ctx: Context) -> Requeue | None:
        plain = to_dict(obj)
        progress = self._progress(obj)
        calls = _Round(obj, ctx, self._memos.of(obj))
        try:
            for handler in self._living:
                if not handler.matches(obj):
                    continue
                value = True if handler.on in ("create", "resume") else field_at(plain, handler.field)
                if not self._is_due(handler, obj, progress, value):
                    continue
                if handler.on == "update" and not progress.knows(handler.name):
                    progress.record(handler.name, value)
                elif await calls.finish(handler, old=progress.last(handler.name), new=value):
                    self._record(handler, obj, progress, value)
        finally:
            await self._save(obj, ctx, progress)
        return calls.outcome()

    async def finalize(self, obj: Any, ctx: Context) -> Requeue | None:
        progress = self._progress(obj)
        calls = _Round(obj, ctx, self._memos.of(obj))
        finished = False
        try:
            for handler in self._going:
                if handler.matches(obj) and not progress.knows(handler.name) and await calls.finish(handler):
                    progress.record(handler.name, True)
            finished = calls.all_well
        finally:
            if not finished:
                await self._save(obj, ctx, progress)
        return calls.outcome()

    def needs_finalizer(self, obj: Any) -> bool:
        return any(handler.matches(obj) for handler in self._going)

    async def leave(self, key: ObjectKey) -> None:
        self._resumed.pop(key, None)
        self._memos.forget(self._cls, key)
        for function in self._functions:
            function.forget(key)

    def _progress(self, obj: Object) -> Progress:
        metadata = obj.metadata
        return Progress(metadata.annotations.get(self._annotation), self._names, metadata.uid)

    def _is_due(self, handler: Handler, obj: Object, progress: Progress, value: object) -> bool:
        if handler.on == "resume":
            return (obj.metadata.uid, handler.name) not in self._resumed.get(key(obj), ())
        if handler.on == "update" and not progress.knows(handler.name):
            return True
        return progress.differs(handler.name, value)

    def _record(self, handler: Handler, obj: Object, progress: Progress, value: object) -> None:
        if handler.on == "resume":
            self._resumed.setdefault(key(obj), set()).add((obj.metadata.uid, handler.name))
        else:
            progress.record(handler.name, value)

    async def _save(self, obj: Object, ctx: Context, progress: Progress) -> None:
        """The status first: what a handler found out must not be lost once it counts as finished."""
        if not progress.changed:
            return
        await ctx.write_status()
        change = {"uid": obj.metadata.uid, "annotations": {self._annotation: progress.text()}}
        try:
            answer = await ctx.client.patch(obj, merge={"metadata": change})
        except NotFound:
            return
        obj.metadata.resource_version = answer.metadata.resource_version


class _Round:
    """The calls for one object in one reconcile: each function once, and what came of all of them."""

    def __init__(self, obj: Object, ctx: Context, memo: dict[str, Any]) -> None:
        self._obj = obj
        self._ctx = ctx
        self._memo = memo
        self._called: dict[object, bool] = {}
        self._again: list[Requeue] = []
        self._failures: list[Exception] = []
        self._terminal: list[TerminalError] = []

    @property
    def all_well(self) -> bool:
        return not (self._again or self._failures)

    async def finish(self, handler: Handler, *, old: object = None, new: object = None) -> bool:
        """Call the handler, unless its function was called already; says whether it is done with."""
        function = handler.function.user_function
        if function not in self._called:
            self._called[function] = await self._call(handler, old, new)
        return self._called[function]

    async def _call(self, handler: Handler, old: object, new: object) -> bool:
        try:
            again = await handler.function(self._obj, self._ctx, old=old, new=new, memo=self._memo)
        except Retry as retry:
            logger.info("%s: %s", handler.name, retry)
            again = retry.requeue
        except TerminalError as error:
            self._terminal.append(error)
            return True
        # One handler's failure must not keep the others from their turn; the controller hears of it afterwards.
        except Exception as error:
            error.add_note(f"in the handler {handler.name}")
            self._failures.append(error)
            return False
        if again is not None:
            self._again.append(again)
        return again is None

    def outcome(self) -> Requeue | None:
        """What the controller is to do, the most urgent first.

        :raises Exception: that of a handler that failed.
        """
        for failure in (
            *self._failures[1:],
            *(self._terminal if self._failures or self._again else self._terminal[1:]),
        ):
            logger.error("failed, too: %s", failure, exc_info=failure)
        if self._failures:
            raise self._failures[0]
        if self._again:
            return min(self._again, key=lambda requeue: requeue.after)
        if self._terminal:
            raise self._terminal[0]
        return None
