"""A `Transport` that calls an ASGI application in the same process.

Tests and `kubewright run --local` reach the embedded API server this way: no socket, no TLS, no parsing of HTTP.
Requests run in the caller's own task; a stream runs the application in a task that ends with the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from kubewright.transport.protocol import Response, TransportError, TransportTimeout

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_BUFFERED = 1 << 20
"""Bytes of a stream that may wait to be read before the application's ``send`` waits."""


class AsgiTransport:
    """Sends requests to an ASGI application.

    :param headers: put on every request; an ``authorization`` header says who the client is.
    :param prefix: put before every path, such as ``/clusters/test-1``.
    """

    host = "in-process"

    def __init__(self, app: Application, *, headers: Mapping[str, str] | None = None, prefix: str = "") -> None:
        self._app = app
        self._headers = dict(headers or {})
        self._prefix = prefix
        self._streams: set[_AppStream] = set()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        answer = _Answer()
        try:
            async with asyncio.timeout(timeout):
                await self._app(self._scope(method, path, headers, body), _Body(body).receive, answer.send)
        except TimeoutError as error:
            raise TransportTimeout(f"the application did not answer {method} {path} within {timeout:g} s") from error
        if not answer.status:
            raise TransportError(f"the application gave no answer to {method} {path}")
        return Response(answer.status, answer.headers, b"".join(answer.pieces))

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[_AppStream]:
        stream = _AppStream(idle_timeout)
        self._streams.add(stream)
        task = asyncio.ensure_future(self._app(self._scope(method, path, headers, None), stream.receive, stream.send))
        task.add_done_callback(stream.application_ended)
        try:
            await stream.started()
            yield stream
        finally:
            stream.disconnect()
            self._streams.discard(stream)
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for stream in self._streams:
            stream.disconnect()

    def _scope(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None) -> Message:
        target, _, query = (self._prefix + path).partition("?")
        fields = {"host": self.host, **self._headers, **(headers or {})}
        if body is not None:
            fields["content-length"] = str(len(body))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }


class _Body:
    """The request's body, as the application receives it: once, and then a client that waits for the answer."""

    def __init__(self, body: bytes | None) -> None:
        self._body = body or b""
        self._sent = False

    async def receive(self) -> Message:
        if self._sent:
            await asyncio.Event().wait()
        self._sent = True
        return {"type": "http.request", "body": self._body, "more_body": False}


class _Answer:
    """Collects what the application sends."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            for name, value in message.get("headers", ()):
                key, text = name.decode("latin-1").lower(), value.decode("latin-1")
                self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        elif message["type"] == "http.response.body":
            if piece := message.get("body"):
                self.pieces.append(bytes(piece))
            self.complete = not message.get("more_body", False)


class _AppStream(_Answer):
    """The `Stream` of an application that is still sending."""

    def __init__(self, idle_timeout: float | None) -> None:
        super().__init__()
        self._idle_timeout = idle_timeout
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self._disconnected = asyncio.Event()
        self._requested = False
        self._failure: BaseException | None = None

    async def receive(self) -> Message:
        if not self._requested:
            self._requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._disconnected.is_set():
            raise OSError("the client is gone")
        await super().send(message)
        self._changed.set()
        while sum(map(len, self.pieces)) > _MAX_BUFFERED and not self._disconnected.is_set():
            self._drained.clear()
            await self._drained.wait()

    def application_ended(self, task: asyncio.Future[None]) -> None:
        if not task.cancelled() and not self.complete:
            self._failure = task.exception() or EOFError("the application ended its answer early")
        self.complete = True
        self._changed.set()

    def disconnect(self) -> None:
        self._disconnected.set()
        self._drained.set()
        self._changed.set()

    async def started(self) -> None:
        while not self.status:
            self._check()
            await self._change()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            while not self.pieces:
                self._check()
                if self.complete:
                    return
                await self._change()
            piece = b"".join(self.pieces)
            self.pieces.clear()
            self._drained.set()
            yield piece

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])

    def _check(self) -> None:
        if self._failure:
            raise TransportError(f"the application failed: {self._failure}") from self._failure
        if self._disconnected.is_set():
            raise TransportError("the transport was closed")

    async def _change(self) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(self._idle_timeout):
                await self._changed.wait()
        except TimeoutError as error:
            raise TransportTimeout(f"no byte came for {self._idle_timeout:g} s") from error
