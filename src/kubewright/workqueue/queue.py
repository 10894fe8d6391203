"""The work queue as asyncio tasks see it: ``await get()``, work, ``done``.

It lends the rules of :mod:`kubewright.workqueue.core` a clock, wakes waiting workers when a key becomes ready, counts
what the metrics need, and closes in two ways: dropping what waits (level-triggered work is found again at the next
start) or draining it.  All calls belong on one event loop; another thread uses ``loop.call_soon_threadsafe``.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

from kubewright.workqueue.core import Cause, Item, PriorityQueue
from kubewright.workqueue.histogram import Histogram
from kubewright.workqueue.rate_limiters import ExponentialBackoff, TokenBucket

K = TypeVar("K", bound=Hashable)

# client-go: prometheus.ExponentialBuckets(10e-9, 10, 12)
_LATENCY_BUCKETS = tuple(float(f"1e{exponent}") for exponent in range(-8, 4))


class ShutDown(Exception):
    """The queue is closed and hands nothing out any more."""


class Waiting(NamedTuple):
    """What the queue says about one key, for people who look into a running operator."""

    key: str
    state: str
    """``ready``, ``delayed``, ``processing``, or ``parked`` (ready, but being worked on at the moment)."""
    seconds: float
    """How long it has been ready or worked on; for a delayed key how long it still has to wait."""
    priority: int
    failures: int
    causes: tuple[str, ...]


class WorkQueue(Generic[K]):
    """A deduplicating queue with priorities, delays and rate limits.

    :param backoff: how long :meth:`add_rate_limited` makes a key wait, from 5 ms doubling up to 1000 s by default.
    :param bucket: a limit that all rate-limited adds share; the longer of both waits counts.  None by default.
    :param clock: monotonic seconds.
    """

    def __init__(
        self,
        name: str = "",
        *,
        backoff: ExponentialBackoff[K] | None = None,
        bucket: TokenBucket | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.adds = 0
        self.retries = 0
        self.queue_duration = Histogram(_LATENCY_BUCKETS)
        self.work_duration = Histogram(_LATENCY_BUCKETS)
        self._core: PriorityQueue[K] = PriorityQueue()
        self._processing = self._core.processing
        self._backoff: ExponentialBackoff[K] = backoff or ExponentialBackoff()
        self._bucket = bucket
        self._clock = clock
        self._getters: deque[asyncio.Future[None]] = deque()
        self._idle_waiters: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._closed = False
        self.admits: Callable[[K], bool] | None = None
        """Which keys may wait here at all; None: all."""

    def add(self, key: K, *, priority: int = 0, cause: Cause | None = None) -> None:
        """Let ``key`` be worked on as soon as a worker is free; ignored once the queue is closed."""
        if self._closed or (self.admits is not None and not self.admits(key)):
            return
        if self._core.add(key, self._clock(), priority=priority, cause=cause):
            self.adds += 1
        if self._getters:
            self._wake()

    def add_after(self, key: K, delay: float, *, priority: int = 0, cause: Cause | None = None) -> None:
        """Like :meth:`add`, in ``delay`` seconds; for a key that waits already the earlier time counts."""
        if delay <= 0:
            self.add(key, priority=priority, cause=cause)
            return
        if self._closed or (self.admits is not None and not self.admits(key)):
            return
        self.retries += 1
        if self._core.add(key, self._clock(), priority=priority, delay=delay, cause=cause):
            self.adds += 1
        self._arm()

    def add_rate_limited(self, key: K, *, priority: int = 0, cause: Cause | None = None) -> float:
        """Like :meth:`add_after`, after as long as the rate limiters say; returns those seconds."""
        delay = self._backoff.when(key)
        if self._bucket is not None:
            delay = max(delay, self._bucket.reserve(self._clock()))
        self.add_after(key, delay, priority=priority, cause=cause)
        return delay

    def waited(self, item: Item[K]) -> float:
        """For how many seconds an item that was handed out just now had been ready."""
        return max(0.0, self._clock() - item.added)

    def forget(self, key: K) -> None:
        """The key did well: its next failure counts as the first."""
        self._backoff.forget(key)

    def failures(self, key: K) -> int:
        """How often the key was rate-limited since it was last forgotten."""
        return self._backoff.failures(key)

    async def get(self) -> Item[K]:
        """The next item, when there is one.  Whoever gets it must call :meth:`done` with its key, come what may.

        :raises ShutDown: the queue is closed and empty.
        """
        while True:
            now = self._clock()
            item = self._core.pop(now)
            if item is not None:
                self.queue_duration.observe(now - item.added)
                return item
            if self._closed:
                raise ShutDown(self.name)
            await self._ready()

    def done(self, key: K) -> None:
        """The work on ``key`` has ended; if it was added meanwhile it is ready again.

        :raises KeyError: it was not handed out, or is done already.
        """
        self.work_duration.observe(self._clock() - self._processing[key])
        if self._core.done(key) and self._getters:
            self._wake()
        if self._idle_waiters and not self._processing and not len(self._core):
            _resolve(self._idle_waiters)

    def shut_down(self) -> None:
        """Close: adds are ignored, what waits is dropped, workers get :class:`ShutDown`."""
        self._close()
        self._core.clear()
        if not self._core.processing:
            _resolve(self._idle_waiters)

    async def drain(self) -> None:
        """Close, let the workers take all that is ready, and return when the last of them is done.

        Delayed keys are dropped: waiting for them could take for ever.  :meth:`shut_down` ends a drain early.
        """
        self._close()
        self._core.clear_delayed()
        await self.idle()

    async def idle(self) -> None:
        """Return when nothing is ready and nothing is being worked on."""
        if not len(self._core) and not self._core.processing:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._idle_waiters.append(waiter)
        await waiter

    def open(self) -> None:
        """Take keys again after :meth:`shut_down`; failures are still counted from before."""
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def __len__(self) -> int:
        """How many keys are ready."""
        return len(self._core)

    def processing(self) -> list[float]:
        """For how many seconds each key in work has been worked on."""
        now = self._clock()
        return [now - since for since in self._core.processing.values()]

    def depths(self) -> dict[int, int]:
        """How many keys are ready, by priority."""
        depths: dict[int, int] = {}
        for item in self._core:
            if not item.due:
                depths[item.priority] = depths.get(item.priority, 0) + 1
        return depths

    def inspect(self) -> Iterator[Waiting]:
        """What is worked on and what waits, since when and why."""
        now = self._clock()
        for key, since in self._core.processing.items():
            yield Waiting(str(key), "processing", round(now - since, 3), 0, self.failures(key), ())
        for item in self._core:
            causes = tuple(str(cause) for cause in item.causes)
            if item.due:
                state, seconds = "delayed", item.due - now
            else:
                state, seconds = "parked" if item.key in self._core.processing else "ready", now - item.added
            yield Waiting(str(item.key), state, round(seconds, 3), item.priority, self.failures(item.key), causes)

    async def _ready(self) -> None:
        """Wait for a wake-up; one that comes as we are cancelled is passed on, or its item would lie there."""
        self._arm()
        getter = asyncio.get_running_loop().create_future()
        self._getters.append(getter)
        try:
            await getter
        except asyncio.CancelledError:
            if not getter.cancelled():
                self._wake()
            elif getter in self._getters:
                self._getters.remove(getter)
            raise

    def _wake(self) -> None:
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def _arm(self) -> None:
        """Have a timer for the delayed item that is due first."""
        due = self._core.next_due()
        if due is None or (self._timer is not None and self._timer_due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self._clock()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        for _ in range(self._core.promote(self._clock())):
            self._wake()
        self._arm()

    def _close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        _resolve(self._getters)


def _resolve(waiters: list[asyncio.Future[None]] | deque[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
    waiters.clear()
