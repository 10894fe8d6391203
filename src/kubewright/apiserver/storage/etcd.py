"""etcd as the store, for several API servers over one set of data.

Requests go over etcd's own JSON gateway (``/v3/...``), so no gRPC library is needed.  One watch over all keys feeds
every listener: a change is known to have been delivered once that stream has passed its revision, which is what lets
writes and consistent reads wait until this process has seen what it should see.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from kubewright.apiserver.storage.listeners import Listeners
from kubewright.apiserver.storage.protocol import (
    Change,
    Compacted,
    Deliver,
    Entry,
    FutureRevision,
    KeyExists,
    Page,
    RevisionMismatch,
    Stop,
    StorageError,
)
from kubewright.transport import Caller, ConnectError, HttpTransport, TransportError, trusting

log = logging.getLogger(__name__)

HISTORY = 20_000
"""Changes kept in memory, from which watches that start in the past are served."""

REQUEST_TIMEOUT = 15.0
"""Seconds."""

_ALL = b64encode(b"\0").decode()
"""As a key and as the end of a range: everything, other users' keys included, so that no revision is missed."""

RECONNECT_PAUSE = 0.5
"""Seconds between attempts to reach etcd again."""


class EtcdError(StorageError):
    """etcd refused a request or could not be reached; the text says which endpoint and why."""

    def __init__(self, message: str, *, gateway_message: str = "") -> None:
        super().__init__(message)
        self.gateway_message = gateway_message


class KeyValue(msgspec.Struct):
    """One entry as the gateway writes it: bytes in base64, integers in strings."""

    key: bytes
    mod_revision: int = 0
    value: bytes = b""


class Header(msgspec.Struct):
    revision: int = 0


class RangeResponse(msgspec.Struct):
    header: Header = msgspec.field(default_factory=Header)
    kvs: list[KeyValue] = []
    count: int = 0


class ResponseOp(msgspec.Struct):
    response_range: RangeResponse | None = None


class TxnResponse(msgspec.Struct):
    header: Header = msgspec.field(default_factory=Header)
    succeeded: bool = False
    responses: list[ResponseOp] = []


class WatchedEvent(msgspec.Struct):
    kv: KeyValue
    type: str = "PUT"
    prev_kv: KeyValue | None = None


class WatchResponse(msgspec.Struct):
    header: Header = msgspec.field(default_factory=Header)
    created: bool = False
    canceled: bool = False
    compact_revision: int = 0
    cancel_reason: str = ""
    events: list[WatchedEvent] = []


class WatchLine(msgspec.Struct):
    result: WatchResponse | None = None
    error: dict[str, Any] | None = None


class EtcdStorage:
    """The `Storage` protocol on an etcd cluster.

    :param endpoints: URLs, tried in turn.
    :param ca_file: what the servers' certificates are checked against.
    :param cert_file: the client certificate, with ``key_file``.
    :param prefix: put before every key, so that several installations may share a cluster.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        *,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        prefix: str = "",
    ) -> None:
        self.endpoints = [endpoint.rstrip("/") for endpoint in endpoints]
        self._ca_file = ca_file
        self._cert_file = cert_file
        self._key_file = key_file
        self._prefix = prefix
        self._listeners = Listeners()
        self._history: deque[Change] = deque(maxlen=HISTORY)
        self._oldest = 0
        self._seen = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._follower: asyncio.Task[None] | None = None
        self._failure: EtcdError | None = None

    async def open(self) -> None:
        context = trusting(self._ca_file.read_bytes() if self._ca_file else None)
        if self._cert_file is not None:
            context.load_cert_chain(self._cert_file, self._key_file)
        caller = Caller(context)
        self._transports = deque(HttpTransport(url, caller, connect_timeout=5) for url in self.endpoints)
        self._seen = self._oldest = (await self._range(limit=1)).header.revision
        self._follower = asyncio.create_task(self._follow(), name="etcd-watch")

    async def close(self) -> None:
        if self._follower is not None:
            self._follower.cancel()
            with suppress(asyncio.CancelledError):
                await self._follower
        self._listeners.clear()
        for _, waiter in self._waiting:
            waiter.cancel()
        for transport in self._transports:
            await transport.close()

    async def get(self, key: str) -> Entry | None:
        answer = await self._range(key=self._encoded(key))
        return self._entry(answer.kvs[0]) if answer.kvs else None

    async def range(self, prefix: str, *, revision: int = 0, limit: int = 0, after: str = "") -> Page:
        first = max(prefix, after + "\0") if after else prefix
        answer = await self._range(
            key=self._encoded(first), range_end=self._end(prefix), limit=str(limit), revision=str(revision)
        )
        entries = [self._entry(one) for one in answer.kvs]
        return Page(entries, revision or answer.header.revision, answer.count - len(entries))

    async def create(self, key: str, value: bytes) -> int:
        answer = await self._write(key, 0, value)
        if not answer.succeeded:
            raise KeyExists(key)
        return await self._delivered(answer.header.revision)

    async def update(self, current: Entry, value: bytes) -> int:
        return await self._replace(current, value)

    async def delete(self, current: Entry) -> int:
        return await self._replace(current, None)

    async def revision(self) -> int:
        return await self._delivered((await self._range(limit=1)).header.revision)

    async def watch(self, prefix: str, *, after: int, deliver: Deliver) -> Stop:
        await self._delivered(after)  # What the listener has read already must not reach it again.
        if after < self._oldest:
            raise Compacted(self._oldest)
        start = bisect_right(self._history, after, key=lambda change: change.revision)
        past = [self._history[index] for index in range(start, len(self._history))]
        if matching := [change for change in past if change.key.startswith(prefix)]:
            deliver(matching)
        return self._listeners.add(prefix, deliver)

    async def compact(self, revision: int) -> None:
        try:
            await self._post("/v3/kv/compaction", {"revision": str(revision)})
        except EtcdError as error:
            if "compacted" not in error.gateway_message:  # another API server was quicker
                raise
        self._forget(revision)

    @property
    def delivered(self) -> int:
        return self._seen

    async def oldest(self) -> int:
        return self._oldest

    # -- requests

    async def _replace(self, current: Entry, value: bytes | None) -> int:
        answer = await self._write(current.key, current.revision, value)
        if not answer.succeeded:
            found = answer.responses[0].response_range if answer.responses else None
            raise RevisionMismatch(self._entry(found.kvs[0]) if found and found.kvs else None)
        return await self._delivered(answer.header.revision)

    async def _write(self, key: str, expected: int, value: bytes | None) -> TxnResponse:
        encoded = self._encoded(key)
        if value is None:
            operation: dict[str, Any] = {"request_delete_range": {"key": encoded}}
        else:
            operation = {"request_put": {"key": encoded, "value": b64encode(value).decode()}}
        transaction = {
            "compare": [{"key": encoded, "target": "MOD", "result": "EQUAL", "mod_revision": str(expected)}],
            "success": [operation],
            "failure": [{"request_range": {"key": encoded}}],
        }
        return msgspec.json.decode(await self._post("/v3/kv/txn", transaction), type=TxnResponse, strict=False)

    async def _range(self, **request: Any) -> RangeResponse:
        """:raises Compacted: :raises FutureRevision: as `Storage.range` does."""
        request.setdefault("key", self._encoded("\0"))
        try:
            body = await self._post("/v3/kv/range", request)
        except EtcdError as error:
            if "compacted" in error.gateway_message:
                raise Compacted(self._oldest) from error
            if "future revision" in error.gateway_message:
                raise FutureRevision from error
            raise
        return msgspec.json.decode(body, type=RangeResponse, strict=False)

    async def _post(self, path: str, request: dict[str, Any]) -> bytes:
        """Ask the endpoints in turn until one answers; only an endpoint that cannot be connected to is passed over."""
        if self._failure is not None:
            raise self._failure
        body = msgspec.json.encode(request)
        for _ in self.endpoints[1:]:
            try:
                return await self._ask(path, body)
            except ConnectError:
                self._transports.rotate(-1)
        try:
            return await self._ask(path, body)
        except TransportError as error:
            url = self._transports[0].server
            raise EtcdError(
                f"etcd at {url} does not answer: {error}; check --etcd-servers and --etcd-cafile"
            ) from error

    async def _ask(self, path: str, body: bytes) -> bytes:
        transport = self._transports[0]
        response = await transport.request("POST", path, body=body, timeout=REQUEST_TIMEOUT)
        if response.status != 200:
            message = _gateway_message(response.body)
            raise EtcdError(
                f"etcd at {transport.server} answered {response.status} to {path}: {message}", gateway_message=message
            )
        return response.body

    def _encoded(self, key: str) -> str:
        return b64encode((self._prefix + key).encode()).decode()

    def _end(self, prefix: str) -> str:
        """The first key after all that start with the prefix; a single zero byte stands for the end of all."""
        key = bytearray((self._prefix + prefix).encode())
        if not key:
            return b64encode(b"\0").decode()
        key[-1] += 1  # keys are UTF-8, whose bytes are below 255
        return b64encode(bytes(key)).decode()

    def _key(self, key: bytes) -> str:
        return key.decode().removeprefix(self._prefix)

    def _entry(self, one: KeyValue) -> Entry:
        return Entry(self._key(one.key), one.value, one.mod_revision)

    # -- the one watch

    async def _delivered(self, revision: int) -> int:
        """Wait until every listener has seen what happened up to ``revision``."""
        if revision > self._seen:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append((revision, waiter))
            await waiter
        return revision

    async def _follow(self) -> None:
        """Keep the watch open, from where it broke off."""
        while True:
            try:
                await self._read_events()
            except (TransportError, EtcdError) as error:
                log.warning("the watch on etcd broke (%s); trying again", error)
            except Compacted:
                self._give_up(
                    EtcdError("etcd compacted changes that this server had not seen; restart it to read anew")
                )
                return
            await asyncio.sleep(RECONNECT_PAUSE)

    async def _read_events(self) -> None:
        create = {
            "key": _ALL,
            "range_end": _ALL,
            "start_revision": str(self._seen + 1),
            "prev_kv": True,
            "progress_notify": True,
        }
        body = msgspec.json.encode({"create_request": create})
        transport = self._transports[0]
        async with transport.stream("POST", "/v3/watch", body=body) as stream:
            rest = b""
            async for chunk in stream:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line:
                        self._receive(msgspec.json.decode(line, type=WatchLine, strict=False))
        self._transports.rotate(-1)

    def _receive(self, line: WatchLine) -> None:
        if line.error is not None or line.result is None:
            raise EtcdError(f"etcd ended the watch: {line.error}")
        if line.result.compact_revision:
            raise Compacted(line.result.compact_revision)
        if line.result.canceled:
            raise EtcdError(f"etcd ended the watch: {line.result.cancel_reason}")
        events = line.result.events
        prefix = self._prefix.encode()
        changes = [self._change(event) for event in events if event.kv.key.startswith(prefix)]
        self._history.extend(changes)
        if len(self._history) == HISTORY:
            self._oldest = max(self._oldest, self._history[0].revision)
        self._listeners.tell(changes)
        # A message without events tells that nothing happened up to its revision; the one that opens a watch does not.
        seen = events[-1].kv.mod_revision if events else (0 if line.result.created else line.result.header.revision)
        self._advance(max(self._seen, seen))

    def _change(self, event: WatchedEvent) -> Change:
        previous = self._entry(event.prev_kv) if event.prev_kv is not None else None
        value = None if event.type == "DELETE" else event.kv.value
        return Change(event.kv.mod_revision, self._key(event.kv.key), value, previous)

    def _advance(self, revision: int) -> None:
        self._seen = revision
        still = []
        for wanted, waiter in self._waiting:
            if wanted > revision:
                still.append((wanted, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        self._waiting = still

    def _forget(self, revision: int) -> None:
        self._oldest = max(self._oldest, revision)
        while self._history and self._history[0].revision <= revision:
            self._history.popleft()

    def _give_up(self, failure: EtcdError) -> None:
        log.error("%s", failure)
        self._failure = failure
        for _, waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(failure)
        self._waiting.clear()


def _gateway_message(body: bytes) -> str:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:200].decode(errors="replace")
    return str(decoded.get("error") or decoded.get("message") or decoded) if isinstance(decoded, dict) else str(decoded)
