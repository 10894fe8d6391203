"""One HTTP/1.1 connection: a request goes out, and what httptools makes of the answer is collected.

`HttpTransport` keeps a pool of them.  While an answer is streamed, the connection is its `Stream`: pieces wait here
until they are read, and the socket is no longer read when too many wait.
"""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httptools

from kubewright.transport.protocol import TransportError, TransportTimeout

_MAX_BUFFERED = 1 << 16
"""Bytes of a stream that may wait to be read before the socket is no longer read; TLS may hold back as many.

More is no faster: for bigger pieces the system maps and clears new memory each time.
"""

_JOINED = 1 << 15
"""Bytes of a body up to which it is copied behind its head: a second TLS record costs both sides more."""

_KEEPALIVE_OPTIONS = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""A peer that vanished without a FIN is noticed within a minute, as with Go's dialer and its HTTP/2 pings."""


class ServerHungUp(Exception):
    """The connection ended before the first byte of an answer."""


class Connection(asyncio.BufferedProtocol):
    """One connection: sends a request, collects its answer; also the `Stream` of a streamed answer.

    :param buffer: what is read into; the connections of one event loop can share it, as each empties it at once.
    """

    def __init__(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self.on_close: Any = None
        self.idle_since = 0.0
        self.bounded = False
        self._transport: Any = None
        self._closed = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._parser: Any = httptools.HttpResponseParser(self)
        self._head = False
        self._complete = False
        self._keep_alive = False
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._paused = False
        self.last_byte = 0.0

    # -- what the transport asks of it

    @property
    def usable(self) -> bool:
        return not self._closed and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        return self._complete and self._keep_alive and self.usable

    def send(self, head: bytes, body: bytes | None = None) -> None:
        if self._closed:
            return  # head_received() will say so
        if body and len(body) > _JOINED:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body if body else head)

    async def head_received(self) -> None:
        while not self._head:
            self._check()
            await self._wait()

    async def read_all(self) -> bytes:
        while not self._complete:
            self._check()
            await self._wait()
        return self._take()

    def watch_idleness(self, seconds: float | None) -> None:
        """Fail the stream when no byte comes for so many seconds."""
        if seconds is None or self._complete:
            return
        loop = asyncio.get_running_loop()
        self.last_byte = loop.time()

        def look() -> None:
            left = self.last_byte + seconds - loop.time()
            if left > 0:
                self._idle_timer = loop.call_later(left, look)
            else:
                self._error = TransportTimeout(f"no byte came for {seconds:g} s: the connection counts as dead")
                self.close()

        self._idle_timer = loop.call_later(seconds, look)

    def rest(self) -> None:
        """Become ready for the next request."""
        self.idle_since = asyncio.get_running_loop().time()
        self.bounded = False
        self._stop_timer()
        self._reset()

    def close(self) -> None:
        self._stop_timer()
        if self._transport and not self._closed:
            self._transport.abort()
        self._closed = True
        self._wake()

    # -- Stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decompress = zlib.decompressobj(wbits=31) if self.headers.get("content-encoding") == "gzip" else None
        while True:
            while not self._chunks:
                if self._complete:
                    return
                self._check()
                await self._wait()
            yield decompress.decompress(self._take()) if decompress else self._take()

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])

    # -- asyncio.BufferedProtocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if set_limits := getattr(transport, "set_read_buffer_limits", None):  # with TLS
            set_limits(high=_MAX_BUFFERED)
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE_OPTIONS:
                if option := getattr(socket, name, None):
                    raw.setsockopt(socket.IPPROTO_TCP, option, value)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._idle_timer is not None:
            self.last_byte = self._idle_timer_now()
        try:
            self._parser.feed_data(bytes(self._buffer[:nbytes]))
        except httptools.HttpParserError as error:
            self._error = TransportError(f"the server does not speak HTTP/1.1: {error}")
            self.close()
        if self.bounded and self._buffered > _MAX_BUFFERED and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        if self._head and not self._complete and not {"content-length", "transfer-encoding"} & self.headers.keys():
            self._complete = True  # an answer without length ends with the connection
        elif exc and self._error is None:
            self._error = TransportError(f"the connection broke: {exc}")
        if self.on_close:
            self.on_close(self)
        self._stop_timer()
        self._wake()

    # -- httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._head = self.status >= 200

    def on_body(self, piece: bytes) -> None:
        self._chunks.append(piece)
        self._buffered += len(piece)

    def on_message_complete(self) -> None:
        if self.status < 200:  # 1xx: the answer itself follows
            self.headers = {}
        else:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()

    # -- waiting

    def _take(self) -> bytes:
        piece = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused and not self._closed:
            self._paused = False
            self._transport.resume_reading()
        return piece

    def _check(self) -> None:
        if self._error:
            raise self._error
        if self._closed:
            if not self._head:
                raise ServerHungUp
            raise TransportError("the connection ended in the middle of an answer")

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _idle_timer_now(self) -> float:
        return asyncio.get_running_loop().time()

    def _stop_timer(self) -> None:
        if self._idle_timer:
            self._idle_timer.cancel()
            self._idle_timer = None
