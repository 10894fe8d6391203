"""What a manager runs, in which order it starts and stops.

A runnable runs until it is told to stop and says when it is ready.  Groups start one after the other, each only when
the one before is ready, and stop in the order that loses nothing: what feeds the queues first, then the controllers,
then what they used.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from kubewright.controller.controller import Controller

logger = logging.getLogger("kubewright.manager")


class Runnable(Protocol):
    """A part of the process that lives as long as the manager wants."""

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Begin, call ``ready``, go on until ``stop`` is set, and end what was begun.

        An exception ends the manager.  After the grace period the task is cancelled.
        """


class Group(enum.IntEnum):
    """When a runnable starts (in this order)."""

    HTTP = 0
    """Health and metrics: the kubelet asks while all else is still starting."""
    WEBHOOKS = 1
    """Before the caches: listing a kind may need this very process' conversion webhook."""
    CACHES = 2
    OTHERS = 3
    """What every replica runs."""
    LEADER = 4
    """What only the leader runs: controllers, by default."""


class Standby:
    """A controller's sources, run by every replica: its queue is filled before it leads (EnableWarmup)."""

    def __init__(self, controller: Controller[Any]) -> None:
        self.name = f"{controller.name}/standby"
        self._controller = controller

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        await self._controller.warm_up(stop, ready)


STOP_ORDER = (Group.OTHERS, Group.LEADER, Group.CACHES, Group.WEBHOOKS, Group.HTTP)


class _Running(NamedTuple):
    """A runnable while it runs."""

    runnable: Runnable
    ready: asyncio.Event
    stop: asyncio.Event


class RunnableFailed(Exception):
    """A runnable ended although nobody had told it to; the cause says why."""


class RunnableGroup:
    """Runnables that start and stop together; single ones may come and go meanwhile."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self._runnables: list[Runnable] = []
        self._stopping = False
        self._tasks: dict[asyncio.Task[None], _Running] = {}
        self._on_failure: Callable[[BaseException], None] | None = None

    def add(self, runnable: Runnable) -> None:
        """Run it with the others, or at once if they run already."""
        self._runnables.append(runnable)
        if self._on_failure is not None and not self._stopping:
            self._launch(runnable)

    async def remove(self, runnable: Runnable) -> None:
        """Stop one, if it runs, and return when it has ended.

        :raises ValueError: it isn't here.
        :raises Exception: what went wrong while it stopped.
        """
        self._runnables.remove(runnable)
        for task, running in list(self._tasks.items()):
            if running.runnable is runnable:
                running.stop.set()
                await asyncio.wait({task})
                task.result()

    async def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Start all and return when all are ready (or ``on_failure`` was called).

        :param on_failure: called with the reason when a runnable ends before it was told to.
        """
        self._on_failure = on_failure
        for runnable in self._runnables:
            self._launch(runnable)
        pending = [asyncio.ensure_future(self._ready_or_done(task, one.ready)) for task, one in self._tasks.items()]
        try:
            if pending:
                await asyncio.wait(pending)
        finally:
            for waiter in pending:
                waiter.cancel()

    async def stop(self, deadline: float | None) -> list[BaseException]:
        """Tell all to stop; cancel those that have not by ``deadline`` (loop time; None: wait for ever).

        Returns what went wrong meanwhile.
        """
        self._stopping = True
        for running in self._tasks.values():
            running.stop.set()
        if not self._tasks:
            return []
        remaining = None if deadline is None else max(0.0, deadline - asyncio.get_running_loop().time())
        _, late = await asyncio.wait(self._tasks, timeout=remaining)
        for task in late:
            logger.warning("%s did not stop within the grace period and is cancelled", task.get_name())
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        return [
            result
            for result in results
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError)
        ]

    def _launch(self, runnable: Runnable) -> None:
        running = _Running(runnable, asyncio.Event(), asyncio.Event())
        name = getattr(runnable, "name", "") or type(runnable).__name__
        task = asyncio.create_task(
            runnable.run(running.stop, running.ready.set), name=f"{self.group.name.lower()}/{name}"
        )
        self._tasks[task] = running
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping or task.cancelled():
            return
        if self._tasks.pop(task).stop.is_set():
            return
        error = task.exception()
        failure = RunnableFailed(f"{task.get_name()} {'failed' if error else 'ended'} by itself")
        failure.__cause__ = error
        if self._on_failure is not None:
            self._on_failure(error or failure)

    @staticmethod
    async def _ready_or_done(task: asyncio.Task[None], ready: asyncio.Event) -> None:
        waiter = asyncio.ensure_future(ready.wait())
        try:
            await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()


def first_failure(failures: Sequence[BaseException]) -> BaseException | None:
    """One error to raise for all: itself if it is the only one, else a group."""
    if len(failures) <= 1:
        return failures[0] if failures else None
    return BaseExceptionGroup("several parts failed", list(failures))
