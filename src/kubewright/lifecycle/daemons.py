"""Daemons: a function that runs in the background for as long as an object exists and matches.

The reconciler only sees to it that it runs: it starts it, ends it, and starts it again after a failure, with the
object as it is then.  Where replicas share the objects, a daemon follows its object: the replica that loses it ends its
daemon first, and holds the object until then.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from kubewright.controller import Channel, Context, Requeue, Retry, TerminalError
from kubewright.controller.gate import Gate
from kubewright.lifecycle.arguments import per_object
from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.matching import Matching
from kubewright.objects import Object, ObjectKey, key
from kubewright.workqueue import ExponentialBackoff

logger = logging.getLogger("kubewright.lifecycle")


class Daemon(Behaviour):
    """Runs ``function`` once for each object.

    :param initial_delay: seconds before it begins, after the object appeared or this process started; or a function of
        the object that tells them.
    :param finalizer: hold a deleted object until its daemon has ended.
    :param grace: seconds that a coroutine function has to end by itself after ``stopped`` was set; then it is
        cancelled.  (A plain function can't be: it looks at ``stopped``, and is waited for.)
    """

    def __init__(
        self,
        function: Function,
        matches: Matching,
        *,
        cls: type[Object],
        memos: Memos,
        initial_delay: float | Callable[..., float] = 0.0,
        finalizer: bool = False,
        grace: float = 0.0,
        backoff: ExponentialBackoff[ObjectKey] | None = None,
    ) -> None:
        self._restarts: Channel[ObjectKey] = Channel(f"{cls.__name__} daemon")
        self.sources = (self._restarts,)
        self._function = function
        self._matches = matches
        self._cls = cls
        self._memos = memos
        self._initial_delay = per_object(cls, initial_delay)
        self._finalizer = finalizer
        self._grace = grace
        self._backoff: ExponentialBackoff[ObjectKey] = backoff or ExponentialBackoff(base=1.0, cap=300.0)
        self._running: dict[ObjectKey, _Running] = {}
        self._gate: Gate | None = None
        self._closed = False

    def share(self, gate: Gate) -> None:
        self._gate = gate
        gate.subscribe(lambda _: self._let_move(gate))

    def _let_move(self, gate: Gate) -> None:
        """Let the controller look again at those that another replica waits for."""
        for running in self._running:
            if gate.is_moving(running):
                self._restarts.send(running)

    async def reconcile(self, obj: Any, ctx: Context) -> Requeue | None:
        running = self._running.get(key(obj))
        moving = self._gate is not None and self._gate.is_moving(key(obj))
        matches = not moving and self._matches(obj)
        if running is not None and (running.uid != obj.metadata.uid or not matches):
            await self._end(key(obj))
            running = None
        if matches and not self._closed and (running is None or running.wants_restart):
            self._start(obj, ctx, delay=self._initial_delay(obj) if running is None else 0.0)
        return None

    async def finalize(self, obj: Any, ctx: Context) -> Requeue | None:
        await self.leave(key(obj))
        return None

    def needs_finalizer(self, obj: Any) -> bool:
        return self._finalizer and self._matches(obj)

    async def leave(self, key: ObjectKey) -> None:
        await self._end(key)
        self._memos.forget(self._cls, key)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """End all daemons with the controller."""
        ready()
        try:
            await stop.wait()
        finally:
            self._closed = True
            await asyncio.gather(*(self._end(key) for key in list(self._running)))

    def _start(self, obj: Object, ctx: Context, *, delay: float) -> None:
        running = _Running(obj.metadata.uid, asyncio.Event() if self._function.is_async else threading.Event())
        running.task = asyncio.create_task(
            self._supervise(obj, ctx, running, delay), name=f"{self._function.user_function.__name__}/{key(obj)}"
        )
        self._running[key(obj)] = running
        if self._gate is not None:
            self._gate.hold(key(obj))

    async def _supervise(self, obj: Object, ctx: Context, running: _Running, delay: float) -> None:
        """Run the function to its end; the reconciler hears when it has to run again."""
        pause: float | None = None
        if delay > 0:
            await asyncio.sleep(delay)
        running.begun = True
        try:
            again = await self._function(obj, ctx, stopped=running.stopped, memo=self._memos.of(obj))
            await ctx.write_status()
            pause = again.after if again is not None else None
            self._backoff.forget(key(obj))
        except Retry as retry:
            pause = retry.requeue.after
            logger.info("again in %.3g s: %s", pause, retry)
        except TerminalError as error:
            logger.error("failed for good: %s", error, exc_info=error)
        # It runs by itself: nobody else would hear of what it raises.
        except Exception as error:
            pause = self._backoff.when(key(obj))
            logger.error("failed, next start in %.3g s: %s", pause, error, exc_info=error)
        if pause is not None and not running.stopped.is_set():
            running.restart = asyncio.get_running_loop().call_later(pause, self._restart, key(obj), running)

    def _restart(self, key: ObjectKey, running: _Running) -> None:
        running.wants_restart = True
        self._restarts.send(key)

    async def _end(self, key: ObjectKey) -> None:
        """Stop the daemon and return when it has ended.  Until then nobody starts another for the same key."""
        running = self._running.pop(key, None)
        self._backoff.forget(key)
        self._function.forget(key)
        if running is None or running.task is None:
            return
        if running.restart is not None:
            running.restart.cancel()
        running.stopped.set()
        try:
            if self._grace > 0 and running.begun:
                await asyncio.wait({running.task}, timeout=self._grace)
        finally:  # there is no grace where the lease is lost
            running.task.cancel()
        await asyncio.wait({running.task})
        if self._gate is not None:
            self._gate.release(key)


class _Running:
    """One daemon of one object."""

    def __init__(self, uid: str, stopped: asyncio.Event | threading.Event) -> None:
        self.uid = uid
        self.stopped = stopped
        self.task: asyncio.Task[None] | None = None
        self.restart: asyncio.TimerHandle | None = None
        self.begun = False
        self.wants_restart = False
