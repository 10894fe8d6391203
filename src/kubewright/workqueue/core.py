"""The rules of the work queue, without I/O and without a clock.

Keys go in with a priority, a delay and the cause that made them due; items come out, highest priority first, in order
of arrival within a priority.  A key waits at most once and is never handed out while someone works on it:
added meanwhile it is parked and comes back after ``done``.  These are the dirty and processing sets of client-go's
``util/workqueue``, with the priorities and delays of controller-runtime's ``priorityqueue``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

MAX_CAUSES = 8
"""Causes kept for one item; more are only counted, so that a hot key does not grow without bound."""

_STALE = 64
"""Delayed entries that may be out of date, beside as many as are not: a key that is looked at every hour, and has an
event every second, would leave thousands."""


class Cause(msgspec.Struct, frozen=True, gc=False):
    """Why a key was added: what happened (``create``, ``update``, ``retry``, …) to which object."""

    event: str
    kind: str = ""
    name: str = ""
    resource_version: str = ""

    def __str__(self) -> str:
        subject = f" {self.kind} {self.name}".rstrip()
        return f"{self.event}{subject}{f'@{self.resource_version}' if self.resource_version else ''}"


class Item(msgspec.Struct, Generic[K], gc=False):
    """A key and why it waits.

    ``added`` is when it became ready; ``due`` is 0 then, before that the time at which it will be.  (A msgspec struct
    without cyclic garbage collection is built several times faster than a Python class, once for each add.)
    """

    key: K
    priority: int
    added: float
    due: float = 0.0
    causes: tuple[Cause, ...] = ()
    omitted_causes: int = 0

    def because(self, cause: Cause) -> None:
        if len(self.causes) < MAX_CAUSES:
            self.causes += (cause,)
        else:
            self.omitted_causes += 1


class PriorityQueue(Generic[K]):
    """Which key is next.  Times are seconds of one monotonic clock that the caller reads."""

    __slots__ = ("_delayed", "_delayed_count", "_dirty", "_lanes", "_processing", "_sequence")

    def __init__(self) -> None:
        self._dirty: dict[K, Item[K]] = {}
        self._processing: dict[K, float] = {}
        # One FIFO a priority, highest first.  An item whose priority was raised stays behind in its old lane too, where
        # it no longer matches the lane's priority and is stepped over: cheaper than searching the lane.
        self._lanes: dict[int, deque[Item[K]]] = {}
        # (due, sequence, item); an entry whose time is not the item's own any more is stepped over too.
        self._delayed: list[tuple[float, int, Item[K]]] = []
        self._delayed_count = 0
        self._sequence = 0

    def add(self, key: K, now: float, *, priority: int = 0, delay: float = 0.0, cause: Cause | None = None) -> bool:
        """Let ``key`` wait for ``delay`` seconds, then be ready.

        A key that waits already keeps the higher priority and the earlier time; a raised priority moves it to the end
        of its new lane.  Returns whether the key did not wait before.
        """
        item = self._dirty.get(key)
        if item is not None:
            if cause is not None:
                item.because(cause)
            self._merge(item, now, priority, delay)
            return False
        self._dirty[key] = item = Item(key, priority, now, 0.0, (cause,) if cause is not None else ())
        if delay > 0:
            self._delayed_count += 1
            self._delay_until(item, now + delay)
        elif not self._processing or key not in self._processing:
            lane = self._lanes.get(priority)
            (self._lane(priority) if lane is None else lane).append(item)
        return True

    def pop(self, now: float) -> Item[K] | None:
        """Hand out the next ready item, if there is one; its key counts as being worked on until :meth:`done`."""
        if self._delayed:
            self.promote(now)
        for priority, lane in self._lanes.items():
            while lane:
                item = lane.popleft()
                if item.priority == priority:
                    key = item.key
                    del self._dirty[key]
                    self._processing[key] = now
                    return item
        return None

    def done(self, key: K) -> bool:
        """The work on ``key`` has ended.  Returns whether the key was added meanwhile and is ready again.

        :raises KeyError: nobody worked on it.
        """
        del self._processing[key]
        item = self._dirty.get(key) if self._dirty else None
        if item is None or item.due:
            return False
        self._lane(item.priority).append(item)
        return True

    def promote(self, now: float) -> int:
        """Make ready what is due; returns how many became so."""
        promoted = 0
        while (due := self.next_due()) is not None and due <= now:
            _, _, item = heappop(self._delayed)
            self._ready(item, due)
            promoted += 1
        return promoted

    def next_due(self) -> float | None:
        """When the next delayed item becomes ready."""
        while self._delayed:
            due, _, item = self._delayed[0]
            if item.due == due:
                return due
            heappop(self._delayed)
        return None

    def clear(self) -> None:
        """Forget everything that waits; what is being worked on stays so."""
        self._dirty.clear()
        self._lanes.clear()
        self.clear_delayed()

    def clear_delayed(self) -> None:
        """Forget what is not ready yet."""
        for _, _, item in self._delayed:
            if item.due and self._dirty.get(item.key) is item:
                del self._dirty[item.key]
        self._delayed.clear()
        self._delayed_count = 0

    def __len__(self) -> int:
        """How many keys are ready, those that are parked behind their own processing included."""
        return len(self._dirty) - self._delayed_count

    def __contains__(self, key: K) -> bool:
        return key in self._dirty

    def __iter__(self) -> Iterator[Item[K]]:
        """What waits, ready or delayed, in order of arrival."""
        return iter(self._dirty.values())

    @property
    def delayed(self) -> int:
        """How many keys wait for their time."""
        return self._delayed_count

    @property
    def processing(self) -> dict[K, float]:
        """Since when each key in work is worked on."""
        return self._processing

    def _merge(self, item: Item[K], now: float, priority: int, delay: float) -> None:
        raised = priority > item.priority
        if raised:
            item.priority = priority
        if not item.due:
            if raised and item.key not in self._processing:
                self._lane(priority).append(item)
        elif delay <= 0:
            self._ready(item, now)
        elif now + delay < item.due:
            self._delay_until(item, now + delay)

    def _delay_until(self, item: Item[K], due: float) -> None:
        item.due = due
        self._sequence += 1
        heappush(self._delayed, (due, self._sequence, item))
        if len(self._delayed) > _STALE + 2 * self._delayed_count:
            self._delayed = [entry for entry in self._delayed if entry[2].due == entry[0]]
            heapify(self._delayed)

    def _ready(self, item: Item[K], at: float) -> None:
        item.due = 0.0
        item.added = at
        self._delayed_count -= 1
        if item.key not in self._processing:
            self._lane(item.priority).append(item)

    def _lane(self, priority: int) -> deque[Item[K]]:
        lane = self._lanes.get(priority)
        if lane is None:
            lanes = {priority: deque[Item[K]]()} | {p: other for p, other in self._lanes.items() if other}
            self._lanes = dict(sorted(lanes.items(), reverse=True))
            lane = self._lanes[priority]
        return lane
