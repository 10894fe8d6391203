"""The reflector: follows one kind on the server and feeds what it sees into a sink.

`ListWatch` decides; this drives it over the client's raw layer.  Events arrive and are handed on in the batches in
which the network delivers them; nothing here costs a task, a lock or a queue per event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from kubewright.cache.consistency import Versions, differences, is_wanted
from kubewright.cache.deltas import Delta
from kubewright.cache.indexer import Indexer
from kubewright.cache.list_watch import Failure, ListPage, ListWatch, Pause, Watch
from kubewright.cache.stored import ObjectReader, StoredObject
from kubewright.client import RawEvent, RestClient, TransportError, TransportTimeout, read_events
from kubewright.objects.errors import APIError

T = TypeVar("T")

_log = logging.getLogger(__name__)

IDLE_TIMEOUT = 150.0
"""Seconds without a byte after which a watch counts as dead: servers send a bookmark every minute."""

INITIAL_TIMEOUT = 30.0
"""Seconds without a byte after which a server counts as one that does not stream the initial state."""

_NAMED = 10
"""How many inconsistent objects one message names."""

_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Sink(Protocol[T]):
    """Takes what a reflector sees."""

    def replace(self, objects: Indexer[T], resource_version: str) -> None:
        """These are all the objects there are."""

    def apply(self, deltas: Sequence[Delta[T]]) -> None:
        """This happened, in this order."""

    def reached(self, resource_version: str) -> None:
        """Nothing more has happened up to this resource version."""

    def troubled(self, error: Failure) -> None:
        """The server could not be followed just now; it is tried again."""


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    kind: str = ""
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[msgspec.Raw] | None = None


class _BookmarkMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct):
    metadata: _BookmarkMeta


_decode_list = msgspec.json.Decoder(_List).decode
_decode_bookmark = msgspec.json.Decoder(_Bookmark).decode


class Reflector(Generic[T]):
    """Follows one collection.

    :param path: of the collection.
    :param selectors: ``labelSelector`` and ``fieldSelector``, where there are any.
    """

    def __init__(
        self,
        rest: RestClient,
        path: str,
        reader: ObjectReader[T],
        sink: Sink[T],
        *,
        accept: str,
        accept_list: str,
        selectors: Mapping[str, str] | None = None,
        list_watch: ListWatch | None = None,
        initial_timeout: float = INITIAL_TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.state = list_watch or ListWatch()
        self._rest = rest
        self.path = path
        self._reader = reader
        self._sink = sink
        self._accept = accept
        self._accept_list = accept_list
        self._selectors = dict(selectors or {})
        self._initial_timeout = initial_timeout
        self._sleep = sleep
        self._clock = clock or asyncio.get_running_loop().time
        self._collected: Indexer[T] = Indexer()
        self._streaming = False
        self.inconsistencies = 0
        """How many objects were streamed differently from how they are listed, where that is checked."""
        self._streamed: tuple[str, Versions] | None = None

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            step = self.state.next()
            try:
                match step:
                    case Pause(seconds):
                        await self._sleep(seconds)
                    case ListPage():
                        await self._list(step)
                    case Watch():
                        await self._watch(step)
            except (APIError, TransportError) as error:
                self.state.failed(error, self._clock())
                self._sink.troubled(error)

    async def _list(self, page: ListPage) -> None:
        query: dict[str, object] = {**self._selectors, "limit": page.limit or None}
        if page.continue_token:
            query["continue"] = page.continue_token
        else:
            self._collected = Indexer()
            query["resourceVersion"] = page.resource_version
        response = await self._rest.request("GET", self.path, query=query, accept=self._accept_list)
        answer = _decode_list(response.body)
        if answer.kind == "Table":
            raise APIError(f"{self.path} is listed as a Table, not as objects", reason="NotAcceptable", code=406)
        for item in answer.items or ():
            if (obj := self._read(item)) is not None:
                self._collected.put(obj)
        if self.state.listed(answer.metadata.resource_version, answer.metadata.continue_):
            self._replace()

    async def _watch(self, step: Watch) -> None:
        self._streaming = step.initial
        if step.initial:
            self._collected = Indexer()
        query: dict[str, object] = {
            **self._selectors,
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": step.resource_version,
            "timeoutSeconds": step.timeout_seconds,
        }
        if step.initial:
            query |= {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}
        opened = False
        try:
            async with self._rest.stream(
                self.path, query=query, accept=self._accept, idle_timeout=IDLE_TIMEOUT
            ) as stream:
                self.state.opened(self._clock())
                opened = True
                events = read_events(aiter(stream))
                await self._initial(events)
                if self._streamed is not None:
                    await self._check_streamed(*self._streamed)
                async for batch in events:
                    self._consume(batch)
                    del batch  # or it would be held until the next one comes
        except TransportError as error:
            if not opened or (self._streaming and isinstance(error, TransportTimeout)):
                raise
            _log.debug("watch of %s broke: %s", self.path, error)
        self.state.closed(self._clock())

    async def _initial(self, events: AsyncIterator[list[RawEvent]]) -> None:
        """Read the initial events, if they are streamed, up to the bookmark that ends them."""
        while self._streaming:
            try:
                async with asyncio.timeout(self._initial_timeout):
                    batch = await anext(events, None)
            except TimeoutError as error:
                if isinstance(error, TransportError):
                    raise
                raise TransportTimeout(f"the initial events of {self.path} have no end; it is listed") from error
            if batch is None:
                return
            self._consume(batch)

    async def _check_streamed(self, resource_version: str, streamed: Versions) -> None:
        """List once more, at the very revision of the stream; for debugging, see `consistency`."""
        self._streamed = None
        exactly = {"resourceVersion": resource_version, "resourceVersionMatch": "Exact"}
        try:
            answer = await self._rest.request(
                "GET", self.path, query={**self._selectors, **exactly}, accept=self._accept_list
            )
        except (APIError, TransportError) as error:
            _log.warning("%s could not be checked against a list: %s", self.path, error)
            return
        read = (self._read(item) for item in _decode_list(answer.body).items or ())
        found = differences(streamed, {obj.key: obj.resource_version for obj in read if obj is not None})
        self.inconsistencies += len(found)
        if found:
            _log.error("%s was streamed otherwise than it is listed: %s", self.path, "; ".join(found[:_NAMED]))
        else:
            _log.info("%s was streamed as it is listed: %d objects", self.path, len(streamed))

    def _consume(self, batch: list[RawEvent]) -> None:
        """Hand on one batch of events; an ``ERROR`` among them is raised behind those before it."""
        deltas: list[Delta[T]] = []
        try:
            for event in batch:
                if event.type == "BOOKMARK":
                    self._apply(deltas)
                    deltas = []
                    self._bookmark(event)
                elif event.type == "ERROR":
                    raise event.error()
                elif (obj := self._read(event.object)) is not None:
                    deltas.append(Delta(event.type, obj))
                    self.state.saw(event.type, obj.resource_version)
        finally:
            self._apply(deltas)

    def _apply(self, deltas: list[Delta[T]]) -> None:
        if not deltas:
            return
        if not self._streaming:
            self._sink.apply(deltas)
            return
        for delta in deltas:
            if delta.type == "DELETED":
                self._collected.remove(delta.object.key)
            else:
                self._collected.put(delta.object)

    def _bookmark(self, event: RawEvent) -> None:
        metadata = _decode_bookmark(event.object).metadata
        if self._streaming:
            if (metadata.annotations or {}).get(_INITIAL_EVENTS_END) == "true":
                self._streaming = False
                self.state.streamed(metadata.resource_version)
                if is_wanted():
                    versions = {obj.key: obj.resource_version for obj in self._collected}
                    self._streamed = metadata.resource_version, versions
                self._replace()
            return
        self.state.saw("BOOKMARK", metadata.resource_version)
        self._sink.reached(metadata.resource_version)

    def _replace(self) -> None:
        collected, self._collected = self._collected, Indexer()
        self._sink.replace(collected, self.state.resource_version)

    def _read(self, data: msgspec.Raw) -> StoredObject[T] | None:
        try:
            return self._reader.read(data)
        except msgspec.DecodeError as error:
            _log.error("an object of %s cannot be read and is skipped: %s", self.path, error)
            return None
