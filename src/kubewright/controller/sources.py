"""Sources: where a controller's requests come from.

Kubernetes kinds come through the cache as events that pass predicates and become requests by a handler; anything else
(a message broker, a schedule, another part of the program) names the requests itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Hashable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from kubewright.cache.event import Event
from kubewright.controller.handlers import Handler
from kubewright.controller.predicates import Filter
from kubewright.workqueue import Cause, WorkQueue

R = TypeVar("R", bound=Hashable)
R_contra = TypeVar("R_contra", bound=Hashable, contravariant=True)
T = TypeVar("T")

LOW_PRIORITY = -100
"""Of requests that no change asks for: those of the initial list and of resyncs."""


class Source(Protocol[R]):
    """Fills a controller's queue."""

    @property
    def name(self) -> str:
        """What it is about, for logs and causes: a kind, usually."""

    async def run(self, queue: WorkQueue[R], ready: Callable[[], None]) -> None:
        """Add requests until cancelled (or until there are no more); call ``ready`` once the initial ones are in.

        An exception ends the controller.
        """


class Subscription(Protocol[T]):
    """The part of an informer that a source needs."""

    async def subscribe(
        self,
        on_events: Callable[[Iterable[Event[T]]], None],
        ready: Callable[[], None],
        *,
        resync: float | None = None,
    ) -> None:
        """Hand events on until cancelled; ``ready`` is called when the initial list has been handed on.

        :param resync: seconds after which all that is stored is handed on again.
        """


class KindSource(Generic[T, R]):
    """The events of one kind.

    :param name: the kind, for logs and causes.
    :param handler: which requests an event leads to.
    :param predicates: all of them must let an event through.
    :param resync: seconds after which all objects count as updated, with low priority; None: never.
    """

    def __init__(
        self,
        name: str,
        events: Subscription[T],
        handler: Handler[T, R],
        predicates: Iterable[Filter] = (),
        *,
        resync: float | None = None,
    ) -> None:
        self.name = name
        self._events = events
        self._handler = handler
        self._predicates = tuple(predicates)
        self._resync = resync

    async def run(self, queue: WorkQueue[R], ready: Callable[[], None]) -> None:
        await self._events.subscribe(lambda events: self.deliver(events, queue), ready, resync=self._resync)

    async def replay(self, queue: WorkQueue[R], wanted: Callable[[R], bool]) -> None:
        """Add the requests again that all present objects lead to, as far as they are ``wanted``."""
        done = asyncio.Event()
        events = self._events.subscribe(lambda events: self.deliver(events, queue, wanted), done.set)
        subscription, told = asyncio.ensure_future(events), asyncio.ensure_future(done.wait())
        try:
            await asyncio.wait({subscription, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            subscription.cancel()
            await asyncio.wait({subscription})

    def deliver(
        self, events: Iterable[Event[T]], queue: WorkQueue[R], wanted: Callable[[R], bool] | None = None
    ) -> None:
        """Add the requests that ``events`` lead to; where there is a choice, the ``wanted`` ones."""
        handler, predicates = self._handler, self._predicates
        for event in events:
            if predicates and not all(predicate(event) for predicate in predicates):
                continue
            cause = _cause(event, self.name)
            priority = LOW_PRIORITY if event.initial or event.resync else 0
            for request in handler(event):
                if wanted is not None and not wanted(request):
                    continue
                queue.add(request, priority=priority, cause=cause)


class IteratorSource(Generic[R]):
    """Requests from an async iterator: a queue of a message broker, a poll of some outside system."""

    def __init__(self, name: str, requests: AsyncIterable[R]) -> None:
        self.name = name
        self._requests = requests

    async def run(self, queue: WorkQueue[R], ready: Callable[[], None]) -> None:
        ready()
        async for request in self._requests:
            queue.add(request, cause=Cause("generic", self.name))


class Channel(Generic[R]):
    """Requests that other code sends, from the event loop; what is sent before the controller runs waits for it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: list[R] = []
        self._queue: WorkQueue[R] | None = None

    def send(self, request: R) -> None:
        if self._queue is None:
            self._waiting.append(request)
        else:
            self._queue.add(request, cause=Cause("generic", self.name))

    async def run(self, queue: WorkQueue[R], ready: Callable[[], None]) -> None:
        self._queue = queue
        for request in self._waiting:
            self.send(request)
        self._waiting.clear()
        ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._queue = None


class Ticker(Generic[R]):
    """The same requests again and again.

    :param pause: called before each round, it says in how many seconds the round is due; see
        :mod:`kubewright.controller.schedules`.
    :param requests: called at each round.
    """

    def __init__(self, name: str, pause: Callable[[], float], requests: Callable[[], Iterable[R]]) -> None:
        self.name = name
        self._pause = pause
        self._requests = requests

    async def run(self, queue: WorkQueue[R], ready: Callable[[], None]) -> None:
        ready()
        while True:
            await asyncio.sleep(self._pause())
            for request in self._requests():
                queue.add(request, cause=Cause("timer", self.name))


def _cause(event: Event[Any], kind: str) -> Cause:
    name = "initial" if event.initial else "resync" if event.resync else event.type
    observed = event.new or event.old
    if observed is None:
        return Cause(name, kind)
    return Cause(name, kind, str(observed.key), observed.resource_version)
