"""The events recorder: what a controller tells people about an object, as ``events.k8s.io/v1`` Events.

Recording never waits and never fails: events go through a bounded buffer to a task that writes them, and when that
can't keep up they are dropped, as client-go drops them.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from kubewright.client import Client
from kubewright.controller.event_series import EventCorrelator, EventKey, Series
from kubewright.objects import AnyObject, MicroTime
from kubewright.objects.errors import APIError, NotFound

# Imported where an event is made: core_v1 has 200 classes, a tenth of the whole import.
if TYPE_CHECKING:
    from kubewright.objects.core_v1 import ObjectReference
    from kubewright.objects.events_v1 import Event

_BUFFER = 1000
_TRIES = 12
_RETRY_PAUSE = 10.0
_SWEEP = 60.0
_MAX_NOTE = 1024

logger = logging.getLogger("kubewright.events")


class EventRecorder:
    """Records events under one controller's name.

    :param controller: ``reportingController``, usually the operator's name.
    :param instance: ``reportingInstance``; by default controller and host name.
    :param by_note: whether another note makes another event, as with client-go's older recorder (``tools/record``);
        else it is counted as an occurrence of the first.
    """

    def __init__(self, client: Client, controller: str, *, instance: str = "", by_note: bool = False) -> None:
        self.dropped = 0
        self._by_note = by_note
        self._client = client
        self._controller = controller
        self._instance = (instance or f"{controller}-{socket.gethostname()}")[:128]
        self._correlator = EventCorrelator()
        self._buffer: asyncio.Queue[Event | Series] = asyncio.Queue(_BUFFER)

    def record(
        self,
        regarding: AnyObject,
        reason: str,
        note: str,
        *,
        type: Literal["Normal", "Warning"] = "Normal",
        action: str = "Reconcile",
        related: AnyObject | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Tell of something that happened to ``regarding``; returns at once.

        :param reason: why, in one CamelCase word; events with equal reason and action are counted as one.
        :param note: for people, at most 1 kB; the rest is cut off.
        :param action: what was done or tried.
        :param related: another object that had to do with it.
        :param annotations: of the event itself, for programs that collect events; repeats keep those of the first.
        """
        about, other = _identity(regarding), _identity(related) if related is not None else None
        key = EventKey(type, reason, action, about, other, note if self._by_note else "")
        namespace = regarding.metadata.namespace or "default"
        name = f"{regarding.metadata.name}.{time.time_ns():x}"
        verdict, series = self._correlator.observe(key, name, namespace, time.monotonic())
        if verdict == "create":
            event = self._event(name, namespace, key, regarding, note, related)
            event.metadata.annotations.update(annotations or {})
            self._put(event)
        elif verdict == "update":
            self._put(series)
        elif verdict == "drop":
            self.dropped += 1

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Write events until ``stop`` is set, then those that are left."""
        ready()
        sweeping = asyncio.create_task(self._sweep(), name="events/sweep")
        writing = asyncio.create_task(self._write_all(), name="events/write")
        try:
            await stop.wait()
            await self._buffer.join()
        finally:
            for task in (sweeping, writing):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            for series in self._correlator.due(time.monotonic()):
                self._put(series)

    async def _write_all(self) -> None:
        while True:
            entry = await self._buffer.get()
            try:
                await self._write(entry)
            finally:
                self._buffer.task_done()

    async def _write(self, entry: Event | Series) -> None:
        """Write one entry, again while the server can't be reached; what it refuses is lost."""
        for _ in range(_TRIES):
            try:
                if isinstance(entry, Series):
                    await self._write_series(entry)
                else:
                    await self._client.create(entry)
                return
            except APIError as error:
                logger.warning("an event was refused: %s", error)
                return
            except OSError as error:
                logger.debug("could not write an event: %s", error)
                await asyncio.sleep(_RETRY_PAUSE)
        logger.warning("gave up on an event after %d tries", _TRIES)

    async def _write_series(self, series: Series) -> None:
        from kubewright.objects.events_v1 import Event

        last = MicroTime.of(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=time.monotonic() - series.last))
        change = {"series": {"count": series.count, "lastObservedTime": last.to_plain()}}
        try:
            await self._client.patch(Event, series.name, series.namespace, merge=change)
        except NotFound:  # it has expired, or was never written
            self._correlator.forget(series)

    def _put(self, entry: Event | Series) -> None:
        try:
            self._buffer.put_nowait(entry)
        except asyncio.QueueFull:
            self.dropped += 1

    def _event(
        self, name: str, namespace: str, key: EventKey, regarding: AnyObject, note: str, related: AnyObject | None
    ) -> Event:
        from kubewright.objects.events_v1 import Event

        event = Event(
            event_time=MicroTime.of(dt.datetime.now(dt.UTC)),
            type=key.type,
            reason=key.reason,
            action=key.action,
            note=note.encode()[:_MAX_NOTE].decode(errors="ignore"),
            regarding=_reference(regarding),
            related=_reference(related) if related is not None else None,
            reporting_controller=self._controller,
            reporting_instance=self._instance,
        )
        event.metadata.name, event.metadata.namespace = name, namespace
        return event


def _identity(obj: AnyObject) -> tuple[str, str, str, str]:
    return obj.kind, obj.metadata.namespace, obj.metadata.name, obj.metadata.uid


def _reference(obj: AnyObject) -> ObjectReference:
    from kubewright.objects.core_v1 import ObjectReference

    return ObjectReference(
        api_version=obj.api_version,
        kind=obj.kind,
        namespace=obj.metadata.namespace or None,
        name=obj.metadata.name,
        uid=obj.metadata.uid or None,
        resource_version=obj.metadata.resource_version or None,
    )
