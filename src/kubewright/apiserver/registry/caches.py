"""The watch caches of one logical cluster, fed by one watch on the store.

Every resource's cache is filled by a single read when the cluster is opened and kept up to date from then on; keys of
resources that are not served (yet) are kept as well, so a custom resource is complete the moment it is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

from kubewright.apiserver.registry import storage_keys
from kubewright.apiserver.storage.protocol import Change, Stop, Storage
from kubewright.apiserver.watch_cache import BACKLOG, WINDOW, WatchCache
from kubewright.objects.errors import Timeout

FRESH_TIMEOUT = 3.0
"""Seconds that a read waits for a version that has not been seen yet."""


class Caches:
    """The caches of the resources whose keys start with ``root`` (empty, or ``/clusters/NAME``).

    :param window: changes kept for each resource, for watches that start in the past.
    :param backlog: events that may wait for a slow watcher.
    """

    def __init__(self, storage: Storage, root: str = "", *, window: int = WINDOW, backlog: int = BACKLOG) -> None:
        self._oldest = 0
        self._storage = storage
        self._root = root
        self._window = window
        self._backlog = backlog
        self._caches: dict[str, WatchCache] = {}
        self._stop: Stop | None = None

    @property
    def revision(self) -> int:
        """The version of the whole store up to which the caches hold what happened below the root."""
        return self._storage.delivered

    async def open(self) -> None:
        """Read everything that is stored and follow the store from there."""
        below = self._root + storage_keys.REGISTRY
        page = await self._storage.range(below)
        for prefix, entries in groupby(page.entries, lambda entry: self._prefix_of(entry.key)):
            self.cache(prefix).load(entries, page.revision)
        self._oldest = await self._storage.oldest()
        if page.entries:  # A cluster keeps its namespaces: where nothing is, there never was anything to remember.
            await self._recall(page.revision)
        self._stop = await self._storage.watch(below, after=page.revision, deliver=self._deliver)

    def close(self) -> None:
        if self._stop is not None:
            self._stop()
        for cache in self._caches.values():
            cache.end_watches()

    def cache(self, prefix: str) -> WatchCache:
        """The cache of the keys that start with ``prefix``, which begins with the root."""
        cache = self._caches.get(prefix)
        if cache is None:
            cache = self._caches[prefix] = WatchCache(prefix, window=self._window, backlog=self._backlog)
            cache.load((), self._oldest)  # Had anything happened below this prefix, the cache would be there.
        return cache

    async def fresh(self, revision: int | None = None) -> None:
        """Wait until the caches hold ``revision``, or all that was written before this call.

        :raises Timeout: that version has not happened yet.
        """
        if revision is not None and self.revision >= revision:
            return
        await self._storage.revision()
        if revision is None or self.revision >= revision:
            return
        seen = asyncio.Event()

        def notice(changes: Sequence[Change]) -> None:
            if changes[-1].revision >= revision:
                seen.set()

        stop = await self._storage.watch("", after=self.revision, deliver=notice)
        try:
            await asyncio.wait_for(seen.wait(), FRESH_TIMEOUT)
        except TimeoutError:
            raise Timeout(
                f"Too large resource version: {revision}, current: {self.revision}",
                details={
                    "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                    "retryAfterSeconds": 1,
                },
            ) from None
        finally:
            stop()

    async def _recall(self, upto: int) -> None:
        """Fill the windows with the changes that the store still has, for watchers that saw the server restart."""
        oldest = self._oldest
        past: list[Change] = []
        stop = await self._storage.watch(self._root + storage_keys.REGISTRY, after=oldest, deliver=past.extend)
        stop()
        by_prefix: dict[str, list[Change]] = {}
        for change in past:
            if change.revision <= upto:
                by_prefix.setdefault(self._prefix_of(change.key), []).append(change)
        for prefix, changes in by_prefix.items():
            self.cache(prefix).remember(changes, oldest)
        for prefix, cache in self._caches.items():
            if prefix not in by_prefix:
                cache.oldest = oldest

    def _deliver(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.cache(self._prefix_of(change.key)).apply(change)

    def _prefix_of(self, key: str) -> str:
        return self._root + storage_keys.prefix_of(key.removeprefix(self._root))
