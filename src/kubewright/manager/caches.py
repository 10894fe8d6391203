"""The cache as one of the manager's runnables."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from kubewright.cache import Cache


class CacheRunner:
    """Runs the informers; ready when all that are there at the start are filled.

    :param timeout: seconds within which they must be.
    """

    name = "cache"

    def __init__(self, cache: Cache, *, timeout: float = 120.0) -> None:
        self._cache = cache
        self._timeout = timeout

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """:raises NotSynced: some informers were not filled in time; the text says which and why."""
        informing = asyncio.create_task(self._cache.run(), name="cache/informers")
        starting = asyncio.create_task(self._fill_and_wait(stop, ready), name="cache/start")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({informing, starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, starting, informing):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _fill_and_wait(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        await self._cache.wait_for_sync(self._timeout)
        ready()
        await stop.wait()

    def unsynced(self) -> str | None:
        """Which informers are not filled yet: a readiness check."""
        late = [repr(informer) for informer in self._cache.informers if not informer.has_synced]
        return f"not filled yet: {', '.join(late)}" if late else None
