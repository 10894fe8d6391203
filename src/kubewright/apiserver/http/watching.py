"""Watches: the events of a `Watcher` as the lines of a streamed answer, with bookmarks and a time limit.

Each watch has a task, which waits most of the time.  Events whose lines are at hand are then pushed past it: to wake a
thousand tasks costs as much as to encrypt what they have to send.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

from kubewright.apiserver.http.representation import Representation
from kubewright.apiserver.registry.options import ReadOptions, version_number
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.watch_cache import Watcher
from kubewright.objects.errors import APIError, Gone, Timeout

BOOKMARK_INTERVAL = 60.0
"""Seconds between the bookmarks of a quiet watch."""

MIN_REQUEST_TIMEOUT = 1800
"""Seconds that a watch lives at least when the client gives no limit (kube-apiserver's ``--min-request-timeout``)."""

_BATCH_BYTES = 256 * 1024
"""Size up to which events that wait together are sent as one part."""


class WatchStream:
    """One watch from its first to its last line.

    :raises APIError: the version that it shall start from is not known.
    """

    __slots__ = (
        "_error", "_loop", "_not_before", "_options", "_push", "_pushing", "_representation", "_send_initial_end",
        "_stopped", "_store", "_timeout", "_waiting", "_wake", "_watcher",
    )  # fmt: skip

    def __init__(self, store: Store, namespace: str, options: ReadOptions, representation: Representation) -> None:
        self._store = store
        self._options = options
        self._representation = representation
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._waiting = False
        """Whether the task waits for something to send."""
        self._push: Callable[[bytes], bool] | None = None
        self._pushing = False
        """Whether events are about to be pushed."""
        self._error: APIError | None = None
        self._watcher: Watcher | None = None
        self._stopped = False
        self._send_initial_end = bool(options.initial_events) and options.bookmarks
        self._not_before = 0
        self._timeout = options.timeout or random.uniform(MIN_REQUEST_TIMEOUT, 2 * MIN_REQUEST_TIMEOUT)
        self._begin(namespace)

    def push_with(self, push: Callable[[bytes], bool]) -> None:
        self._push = push

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        watcher = self._watcher
        if watcher is None:
            assert self._error is not None  # it is what kept the watch from beginning
            yield self._representation.error(self._error.status())
            return
        if self._not_before:
            try:
                await self._store.cluster.caches.fresh(self._not_before)
            except Timeout as error:
                self._store.cache.unwatch(watcher)
                yield self._representation.error(error.status())
                return
        loop = self._loop
        deadline = loop.time() + self._timeout
        bookmark = loop.time() + BOOKMARK_INTERVAL if self._options.bookmarks else deadline
        timer = loop.call_at(min(bookmark, deadline), self._wake.set)
        try:
            while not self._stopped:
                self._wake.clear()
                while watcher.pending:
                    yield await self._batch(watcher)
                    if self._error is not None:
                        return
                if self._send_initial_end:
                    self._send_initial_end = False
                    yield self._representation.bookmark(self._store.cluster.caches.revision, initial_end=True)
                now = loop.time()
                if watcher.ended or now >= deadline:
                    return
                if now >= bookmark:
                    yield self._representation.bookmark(self._store.cluster.caches.revision)
                    bookmark = now + BOOKMARK_INTERVAL
                    timer = loop.call_at(min(bookmark, deadline), self._wake.set)
                self._waiting = True
                await self._wake.wait()
                self._waiting = False
        finally:
            self._waiting = False
            timer.cancel()
            self._store.cache.unwatch(watcher)

    def _begin(self, namespace: str) -> None:
        """Register the watcher at once, so that nothing is missed until the answer starts."""
        options = self._options
        selection = self._store.selection(namespace, options)
        version = options.resource_version
        number = version_number(version)
        if version and number is None:
            raise APIError(f"strconv.ParseUint: parsing {version!r}: invalid syntax")
        after = number or None
        initial = options.initial_events if options.initial_events is not None else after is None
        if initial and after is not None:
            self._not_before = after  # What there is now may be too old.
        if after is None and not initial:
            after = self._store.cluster.caches.revision
        try:
            self._watcher = self._store.cache.watch(selection, after=after, wake=self._notice, initial=initial)
        except Gone as error:
            self._error = error
            return

    def _notice(self) -> None:
        """Something waits to be sent, or the watch has ended.  Who has written comes first: he waits for his answer."""
        if not self._waiting or self._push is None:
            self._wake.set()
        elif not self._pushing:
            self._pushing = True
            self._loop.call_soon(self._push_events)

    def _push_events(self) -> None:
        """Send what waits, past the task if that is possible."""
        self._pushing = False
        watcher, push = self._watcher, self._push
        if self._waiting and watcher is not None and push is not None:
            lines, size = [], 0
            for waiting in watcher.pending:
                line = self._representation.event_at_hand(*waiting)
                if line is None or size > _BATCH_BYTES:
                    break
                lines.append(line)
                size += len(line)
            if lines and push(b"".join(lines)):
                for _ in lines:
                    watcher.pending.popleft()
            if not watcher.pending and not watcher.ended:
                return
        self._wake.set()

    async def _batch(self, watcher: Watcher) -> bytes:
        """The lines that wait now, up to a bound; one about an error is the last."""
        lines, size = [], 0
        while watcher.pending and size < _BATCH_BYTES:
            try:
                line = await self._representation.event(*watcher.pending.popleft())
            except APIError as error:  # The object cannot be converted.
                self._error = error
                lines.append(self._representation.error(error.status()))
                break
            lines.append(line)
            size += len(line)
        return b"".join(lines)
