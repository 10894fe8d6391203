"""The controller: sources fill a queue, workers empty it, one reconcile at a time for each request.

The reconciler is called with each request and says by its return or its exception when to look again.  The rules are
controller-runtime's (``pkg/internal/controller``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from kubewright.controller import scope
from kubewright.controller.counts import ReconcileCounts
from kubewright.controller.gate import Gate
from kubewright.controller.hot_loops import LIMIT, HotLoops
from kubewright.controller.isolation import stray_cancellations_as_errors
from kubewright.controller.outcome import Requeue, Retry, TerminalError
from kubewright.controller.sources import KindSource, Source
from kubewright.controller.tracing import reconcile_span
from kubewright.objects.errors import Conflict
from kubewright.workqueue import Cause, Item, ShutDown, WorkQueue

R = TypeVar("R", bound=Hashable)

_SLICE = 0.005
"""Seconds a worker may go on without giving way to other tasks, where its reconciles never wait for anything."""

_QUIET = 60.0
"""Seconds between two complaints about hot loops."""

_PANICS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RecursionError, TypeError)
"""What only a mistake in the program raises: a Go controller would panic."""

logger = logging.getLogger("kubewright.controller")


class SourceNotReady(Exception):
    """A source did not deliver its initial events in time; the text names it."""


class Controller(Generic[R]):
    """Reconciles requests of type ``R``, usually :class:`~kubewright.objects.names.ObjectKey`.

    :param reconcile: called with the queue's item: its ``key`` is the request, its ``causes`` tell why.
    :param workers: how many requests are worked on at a time; never two with the same key.
    :param timeout: seconds after which a reconcile is cancelled and counts as failed; None: never.
    :param sync_timeout: seconds within which each source must have delivered its initial events.
    :param needs_leader: whether it runs on the leader only.
    :param warn_of_hot_loops: log and count objects that are reconciled over and over because of one object.
    :param on_move: where processes share the requests, called when some may have moved, with a test of those that are
        still ours: what is remembered of the others is out of date when they come back (:meth:`Reconciler.keep`).
    :param log: where it says what it does and what failed.
    """

    def __init__(
        self,
        name: str,
        reconcile: Callable[[Item[R]], Awaitable[Requeue | None]],
        *,
        workers: int = 1,
        timeout: float | None = None,
        sync_timeout: float = 120.0,
        needs_leader: bool = True,
        queue: WorkQueue[R] | None = None,
        on_move: Callable[[Callable[[R], bool]], None] | None = None,
        log: logging.Logger = logger,
        warn_of_hot_loops: bool = True,
    ) -> None:
        if workers < 1:
            raise ValueError(f"controller {name} needs at least one worker, not {workers}")
        self.name = name
        self.workers = workers
        self.needs_leader = needs_leader
        self.queue: WorkQueue[R] = queue if queue is not None else WorkQueue(name)
        self.counts = ReconcileCounts(workers)
        self._reconcile = reconcile
        self._timeout = timeout
        self._sync_timeout = sync_timeout
        self._on_move = on_move
        self._log = log
        self._failed: dict[R, str] = {}
        """What went wrong the last time."""
        self._hot_loops = HotLoops[R]() if warn_of_hot_loops else None
        self._quiet_until = 0.0
        self._watches: dict[Source[R], _Watch[R]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.gate: Gate | None = None
        """Where several processes share the requests."""
        self._parked: dict[R, Item[R]] = {}
        self._working: dict[R, Item[R]] = {}

    def watch(self, source: Source[R]) -> None:
        """Take requests from ``source``, from the start or, if the controller runs already, from now on."""
        self._watches[source] = watch = _Watch(source)
        if self._tasks is not None:
            self._start(watch, self._tasks)

    def stop_watching(self, source: Source[R]) -> None:
        """End one source; the requests that it has added stay in the queue."""
        self._watches.pop(source).stop()

    def share(self, gate: Gate) -> None:
        """Work only on the requests that ``gate`` lets through: other processes work on the rest.

        Requests that come to this process later are found again by the kinds that are watched.  A source of another
        sort must tell every process of its requests.
        """
        self.gate = gate
        self.queue.admits = gate.owns
        gate.subscribe(self._on_shares_changed)

    def describe(self) -> dict[str, object]:
        """What it works on and what waits, since when and why, for ``/debug``."""
        working = {str(key): [str(cause) for cause in item.causes] for key, item in self._working.items()}
        queue = [waiting._asdict() for waiting in self.queue.inspect()]
        for one in queue:
            if one["state"] == "processing":
                one["causes"] = working.get(one["key"], [])
        return {"workers": self.workers, "active": self.counts.active, "queue": queue}

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set, then finish the reconciles that run.  Requests that still wait are dropped: the
        next start lists everything anyway.  It may be run again.

        :raises SourceNotReady: a source did not become ready in time.
        """
        if self._tasks is not None:  # warmed up
            await self._run_workers(stop, ready)
            return
        async with self._filling(stop):
            await self._run_workers(stop, ready)

    async def warm_up(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Fill the queue until ``stop`` is set; :meth:`run`, which must end before, then has its workers only to start.

        So a process that waits to lead can go on at once where another one ended.

        :raises SourceNotReady: a source did not become ready in time.
        """
        async with self._filling(stop):
            ready()
            await stop.wait()

    @contextlib.asynccontextmanager
    async def _filling(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """Run the sources; begins when all have delivered their initial events, or when it is time to stop."""
        self.queue.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                watches = list(self._watches.values())
                for watch in watches:
                    self._start(watch, tasks)
                try:
                    await self._until_ready(watches, stop)
                    yield
                finally:
                    self._stop_watching_all()
        except BaseExceptionGroup as failures:
            if len(failures.exceptions) == 1:
                raise failures.exceptions[0] from None
            raise

    async def _run_workers(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(self.workers):
                tasks.create_task(self._work(), name=f"{self.name}/worker-{number}")
            self._log.debug("controller %s runs with %d workers", self.name, self.workers)
            ready()
            try:
                await stop.wait()
            finally:
                self._stop_watching_all()
                self.queue.shut_down()

    def _stop_watching_all(self) -> None:
        self._tasks = None
        for watch in self._watches.values():
            watch.stop()

    def _start(self, watch: _Watch[R], tasks: asyncio.TaskGroup) -> None:
        watch.task = tasks.create_task(self._run_source(watch), name=watch.source.name)

    async def _run_source(self, watch: _Watch[R]) -> None:
        with stray_cancellations_as_errors():
            await watch.source.run(self.queue, watch.ready.set)

    async def _until_ready(self, watches: Iterable[_Watch[R]], stop: asyncio.Event) -> None:
        waiting = asyncio.create_task(self._all_ready(watches))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            waiting.cancel()
            stopping.cancel()

    async def _all_ready(self, watches: Iterable[_Watch[R]]) -> None:
        for watch in watches:
            try:
                async with asyncio.timeout(self._sync_timeout):
                    await watch.ready.wait()
            except TimeoutError:
                raise SourceNotReady(
                    f"controller {self.name}: {watch.source.name} has not delivered its initial list "
                    f"within {self._sync_timeout:g} s"
                ) from None

    async def _work(self) -> None:
        clock = asyncio.get_running_loop().time
        slice_ends = clock() + _SLICE
        while True:
            try:
                item = await self.queue.get()
            except ShutDown:
                return
            try:
                if self.gate is None:
                    await self._process(item)
                else:
                    await self._process_own(item, self.gate)
            finally:
                self.queue.done(item.key)
            if clock() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = clock() + _SLICE

    async def _process_own(self, item: Item[R], gate: Gate) -> None:
        if not gate.begin(item.key):
            if gate.owns(item.key):
                self._parked[item.key] = item
            else:
                self.queue.forget(item.key)
                self._failed.pop(item.key, None)
            return
        try:
            await self._process(item)
        finally:
            gate.end(item.key)

    def _on_shares_changed(self, is_new: Callable[[object], bool] | None) -> None:
        parked, self._parked = self._parked, {}
        for item in parked.values():
            self.queue.add(item.key, priority=item.priority, cause=next(iter(item.causes), None))
        if is_new is None:
            return
        if self._on_move is not None and self.gate is not None:
            self._on_move(self.gate.owns)
        if self._tasks is None:
            return
        for source in self._watches:
            if isinstance(source, KindSource):
                self._tasks.create_task(source.replay(self.queue, is_new), name=f"{source.name}/replay")

    async def _process(self, item: Item[R]) -> None:
        key, counts = item.key, self.counts
        clock = asyncio.get_running_loop().time
        started = clock()
        counts.active += 1
        current = scope.ReconcileScope(
            self.name, str(key), str(uuid.uuid4()), self.queue.failures(key) + 1, item.causes
        )
        token = scope.enter(current)
        self._working[key] = item
        try:
            if self._log.isEnabledFor(logging.DEBUG):
                causes = ", ".join(map(str, item.causes)) or "nothing that is known"
                self._log.debug("reconciling because of %s", causes)
            with reconcile_span(current, self.queue.waited(item)):
                outcome = await self._call(item)
            if not isinstance(outcome, Requeue | None):
                raise TypeError(_misfit(outcome))
        except Retry as retry:
            self._log.info("again in %.3g s: %s", retry.requeue.after, retry)
            self._settle(item, retry.requeue)
        except TerminalError as error:
            counts.terminal_errors += 1
            counts.errors += 1
            self._failed.pop(key, None)
            self._log.error("failed for good: %s", error, exc_info=error)
        except Conflict as error:
            # Somebody else wrote meanwhile, which is nobody's fault: the next try sees what they wrote.
            counts.errors += 1
            delay = self.queue.add_rate_limited(key, priority=item.priority, cause=Cause("conflict"))
            self._log.info("conflict, next try in %.3g s: %s", delay, error)
        except asyncio.CancelledError as error:
            if (worker := asyncio.current_task()) is None or worker.cancelling():
                raise
            # Not this worker: something that the reconcile waited for was cancelled.
            self._fail(item, error)
        # Whatever a reconciler raises must neither end the worker nor lose the key.
        except Exception as error:
            counts.panics += isinstance(error, _PANICS)
            self._fail(item, error)
        else:
            self._settle(item, outcome)
            if outcome is None:
                self._notice_hot_loop(item, clock())
        finally:
            scope.leave(token)
            del self._working[key]
            counts.active -= 1
            counts.time.observe(clock() - started)

    def _fail(self, item: Item[R], error: BaseException) -> None:
        """Try again later; what went wrong before, in the same words, is told without its traceback."""
        self.counts.errors += 1
        delay = self.queue.add_rate_limited(item.key, priority=item.priority, cause=Cause("retry"))
        text = _describe(error)
        repeated = self._failed.get(item.key) == text and not self._log.isEnabledFor(logging.DEBUG)
        self._failed[item.key] = text
        self._log.error("failed, next try in %.3g s: %s", delay, text, exc_info=None if repeated else error)

    def _notice_hot_loop(self, item: Item[R], now: float) -> None:
        cause = self._hot_loops.note(item.key, item.causes, now) if self._hot_loops is not None else None
        if cause is None:
            return
        self.counts.hot_loops += 1
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            self._log.warning(
                "reconciled %d times within seconds, each time because of %s %s: does the reconcile change at every "
                "call what it watches, such as a time or a counter?",
                LIMIT,
                cause.kind,
                cause.name,
            )

    async def _call(self, item: Item[R]) -> Requeue | None:
        with stray_cancellations_as_errors():
            return await self._call_in_time(item)

    async def _call_in_time(self, item: Item[R]) -> Requeue | None:
        if self._timeout is None:
            return await self._reconcile(item)
        deadline = asyncio.timeout(self._timeout)
        try:
            async with deadline:
                return await self._reconcile(item)
        except TimeoutError as error:
            if deadline.expired():
                self.counts.timeouts += 1
                raise TimeoutError(f"reconcile took longer than {self._timeout:g} s") from error.__cause__
            raise

    def _settle(self, item: Item[R], outcome: Requeue | None) -> None:
        self._failed.pop(item.key, None)
        if outcome is None:
            self.counts.success += 1
            self.queue.forget(item.key)
            return
        priority = item.priority if outcome.priority is None else outcome.priority
        if outcome.after > 0:
            self.counts.requeue_after += 1
            self.queue.forget(item.key)
            self.queue.add_after(item.key, outcome.after, priority=priority, cause=Cause("requeue"))
        else:
            self.counts.requeue += 1
            self.queue.add_rate_limited(item.key, priority=priority, cause=Cause("requeue"))


class _Watch(Generic[R]):
    """A source while the controller runs it."""

    def __init__(self, source: Source[R]) -> None:
        self.source = source
        self.ready = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        self.ready.clear()
        if self.task is not None:
            self.task.cancel()
            self.task = None


def _misfit(outcome: object) -> str:
    told = f"a reconciler returns None or a Requeue, not {outcome!r}"
    if isinstance(outcome, (int, float)) and not isinstance(outcome, bool):
        return f"{told}: to look again after so many seconds, return Requeue(after={outcome!r})"
    return told


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
