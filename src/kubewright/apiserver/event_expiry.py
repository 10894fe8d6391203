"""Events go away some time after they were last written, as kube-apiserver lets etcd forget them (``--event-ttl``).

When that was is read from their managed fields, which the server itself has dated; so events that have outlived a
restart expire in their time, too.  No admission is asked, and watchers are told of a deletion.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.storage.protocol import RevisionMismatch, StorageError
from kubewright.apiserver.watch_cache import CachedObject

DEFAULT_TTL = timedelta(hours=1)

_LOOK_AGAIN = timedelta(minutes=1)
"""Between two looks, unless events live for less."""

log = logging.getLogger("kubewright.apiserver")


class _Write(msgspec.Struct):
    time: datetime | None = None


class _Metadata(msgspec.Struct):
    created: datetime | None = msgspec.field(name="creationTimestamp", default=None)
    writes: list[_Write] | None = msgspec.field(name="managedFields", default=None)


class _Event(msgspec.Struct):
    metadata: _Metadata


_decode = msgspec.json.Decoder(_Event).decode


async def expire_events(clusters: Callable[[], Iterable[LogicalCluster]], ttl: timedelta) -> None:
    """Remove what is too old, again and again, until cancelled.

    :param clusters: gives the logical clusters that there are by then.
    """
    while True:
        await asyncio.sleep(min(ttl, _LOOK_AGAIN).total_seconds())
        for cluster in list(clusters()):
            try:
                await remove_older(cluster, datetime.now(UTC) - ttl)
            except StorageError as error:
                log.warning("events expire later: %s", error)


async def remove_older(cluster: LogicalCluster, than: datetime) -> None:
    """Remove the events that were last written before a moment."""
    cache = cluster.caches.cache(cluster.prefix("", "events"))
    for event in list(cache.range()):
        if _last_written(event) < than:
            try:
                await cluster.storage.delete(event.entry)
            except RevisionMismatch:
                continue  # somebody has just written it, or another server has removed it


def _last_written(event: CachedObject) -> datetime:
    metadata = _decode(event.value).metadata
    times = [write.time for write in metadata.writes or () if write.time is not None]
    return max(times, default=metadata.created or datetime.now(UTC))
