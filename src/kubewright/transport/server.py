"""Serves an ASGI application over HTTP/1.1: what `HttpTransport` is to clients, this is to the API server, webhooks and
the manager's endpoints (asyncio, httptools and the standard TLS).

Connections come in from a listening socket; each request becomes an `Exchange`, and its answer goes out in the order in
which the requests came.  Heads are bounded in size and time, bodies in what is read ahead of the application, and a
server that stops lets the answers that are under way end.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections import deque
from typing import Any
from urllib.parse import unquote

import httptools

from kubewright.transport.asgi import Application, Scope
from kubewright.transport.exchange import Exchange

HEAD_SECONDS = 32.0
"""How long the line and the headers of a request may take (Go's ``ReadHeaderTimeout``, as kube-apiserver sets it)."""

MAX_HEAD = 1 << 20
"""Bytes that they may have (Go's ``DefaultMaxHeaderBytes``)."""

IDLE_SECONDS = 120.0
"""How long a connection may wait for its next request."""

STALLED_SECONDS = 60.0
"""How long a client may leave all unread that waits for it."""

_READ_AHEAD = 1 << 16
"""Bytes of a body that may wait for the application before the socket is no longer read."""

_LAST_WORDS = 0.5
"""Seconds between an answer to what was not read to its end and the end of the connection: TCP takes back what a client
has not yet read when it is closed with something unread (Go's ``rstAvoidanceDelay``)."""

_READ_AT_ONCE = 1 << 16

_DISCARDED = 1 << 18
"""Bytes of a body that are still read when the answer is complete without them (as Go's server does)."""


class HttpServer:
    """A listening socket and the application behind it.

    :param listener: bound, and closed by `stop`.
    :param tls: what connections are made with; None serves plain text.  A certificate that is loaded into it later is
        the one that later connections get.
    """

    def __init__(self, app: Application, listener: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        self.app = app
        self.buffer = memoryview(bytearray(_READ_AT_ONCE))
        """What the connections read into, one after the other: TLS would make a buffer of 256 KB for every piece."""
        self.connections: set[ServedConnection] = set()
        self._listener = listener
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()

    async def start(self) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ServedConnection(self), sock=self._listener, ssl=self._tls, backlog=1024
        )

    async def stop(self, grace: float) -> None:
        """Accept no more, and let what is being answered end.

        :param grace: seconds that it may take; what takes longer is broken off.
        """
        if self._server is not None:
            self._server.close()
        self._listener.close()
        for connection in tuple(self.connections):
            connection.finish()
        try:
            async with asyncio.timeout(grace):
                await self._all_closed()
        except TimeoutError:
            for connection in tuple(self.connections):
                connection.abort()
            await self._all_closed()

    async def _all_closed(self) -> None:
        while self.connections:
            self._empty.clear()
            await self._empty.wait()

    def closed(self, connection: ServedConnection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()


class ServedConnection(asyncio.BufferedProtocol):
    """One client's connection.

    The certificate that the client has shown is in each request's scope (``peer_certificate``, in DER).
    """

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._scope_of_all: dict[str, Any] = {}
        self._in_head = True
        self._head_bytes = 0
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects_continue = False
        self._last = False
        """Whether the connection ends with the requests that have come."""
        self.reading = True
        """Whether more is read from the client; not while much waits for the application."""
        self._incoming: Exchange | None = None
        self._current: Exchange | None = None
        self._lost = False
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[Exchange] = deque()
        self._writable: asyncio.Event | None = None
        self._deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None

    # asyncio.BufferedProtocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        self._scope_of_all = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "http" if tls is None else "https",
            "root_path": "",
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
            "peer_certificate": None if tls is None else tls.getpeercert(binary_form=True),
        }
        self._server.connections.add(self)
        self._close_in(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._last = self._lost = True
        if self._timer is not None:
            self._timer.cancel()
        for exchange in (self._current, self._incoming):
            if exchange is not None:
                exchange.disconnect()
        self._waiting.clear()
        self.resume_writing()
        if self._current is None:
            self._server.closed(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._server.buffer[:nbytes])
        if self._last and self._incoming is None:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(b"Request header too large.")
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # No other protocol is spoken here: the request is answered like any other.
        except httptools.HttpParserError:
            self._refuse(b"Invalid HTTP request received.")
        if self._in_head and self._current is None and self._deadline > self._loop.time() + HEAD_SECONDS:
            self._close_in(HEAD_SECONDS)

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()
        self._close_in(STALLED_SECONDS)

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None
            self._deadline = math.inf if self._current is not None else self._loop.time() + IDLE_SECONDS

    # httptools

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._url = b""
        self._headers = []
        self._expects_continue = False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._expects_continue = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._last:
            return
        parser = self._parser
        version = parser.get_http_version()
        self._last = version != "1.1" or not parser.should_keep_alive() or parser.should_upgrade()
        scope = {**self._scope_of_all, "method": parser.get_method().decode(), "headers": self._headers}
        if version != "1.1":
            scope["http_version"] = version
        _set_target(scope, self._url)
        exchange = Exchange(self, scope, keep_alive=not self._last, expects_continue=self._expects_continue)
        self._incoming = exchange
        if self._current is not None:
            self._waiting.append(exchange)
            self._read_or_pause()
            return
        self._current = exchange
        self._deadline = math.inf
        self._task = self._loop.create_task(self._answer())

    def on_body(self, piece: bytes) -> None:
        incoming = self._incoming
        if incoming is None:
            return
        incoming.feed(piece)
        if incoming.complete and incoming.buffered > _DISCARDED:
            self._transport.close()
        else:
            self._read_or_pause()

    def on_message_complete(self) -> None:
        if self._incoming is None:
            return
        self._incoming.feed_end()
        self._incoming = None
        if self._current is None:
            self._close_in(IDLE_SECONDS)

    # What exchanges ask of their line

    def write(self, part: bytes | memoryview) -> None:
        self._transport.write(part)

    @property
    def full(self) -> bool:
        return self._writable is not None

    async def drain(self) -> None:
        if self._writable is not None:
            await self._writable.wait()

    def taken(self) -> None:
        self._read_or_pause()

    def broken(self) -> None:
        self._transport.abort()

    # What the server asks

    def finish(self) -> None:
        """Answer what has been asked, and close."""
        self._last = True
        if self._current is None:
            self._transport.close()
        else:
            (self._waiting or [self._current])[-1].keep_alive = False

    def abort(self) -> None:
        """Break off what is being answered, and close."""
        if self._current is not None and self._task is not None:
            self._current.disconnect()
            self._task.cancel()
        self._transport.abort()

    # Its own

    async def _answer(self) -> None:
        """Answer what has been asked, one request after the other."""
        try:
            while (exchange := self._current) is not None:
                await exchange.run(self._server.app)
                if not exchange.keep_alive:
                    self._last = True
                    break
                self._current = self._waiting.popleft() if self._waiting else None
                self._read_or_pause()
        finally:
            self._current = None
            if self._lost:
                self._server.closed(self)
            elif self._last and self._incoming is not None:
                self._incoming = None
                self._read_or_pause()
                self._close_in(_LAST_WORDS)
            elif self._last:
                self._transport.close()
            else:
                self._close_in(HEAD_SECONDS if self._in_head or self._incoming is not None else IDLE_SECONDS)

    def _refuse(self, why: bytes) -> None:
        """Answer what is no HTTP, and close."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.disconnect()
        if self._current is not None and (self._current is not incoming or incoming.started):
            self.finish()  # What was asked before is answered all the same.
            return
        self._last = True
        lines = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        self._transport.write(lines % len(why) + b"connection: close\r\n\r\n" + why)
        self._close_in(_LAST_WORDS)

    def _read_or_pause(self) -> None:
        """Read no further than what can be worked on soon."""
        incoming = self._incoming
        reading = not self._waiting and (incoming is None or incoming.complete or incoming.buffered <= _READ_AHEAD)
        if reading is not self.reading and not self._transport.is_closing():
            self.reading = reading
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _close_in(self, seconds: float) -> None:
        """Close the connection if no other deadline, or none at all, has been set by then."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        # Deadlines move with every request, the timer does not: it is set again when it goes off too early.
        self._timer = None
        if self._deadline <= self._loop.time():
            if self._writable is not None:
                self._transport.abort()
            else:
                self._transport.close()
        elif self._deadline != math.inf:
            self._timer = self._loop.call_at(self._deadline, self._look_at_the_clock)


def _set_target(scope: Scope, url: bytes) -> None:
    """Put the path and the query that a request line names into its scope."""
    if url[:1] == b"/" and b"#" not in url:
        raw_path, _, query = url.partition(b"?")
    else:  # A client that takes us for a proxy names the host as well.
        parsed = httptools.parse_url(url)
        raw_path, query = parsed.path or b"/", parsed.query or b""
    path = raw_path.decode("ascii")
    scope["path"] = unquote(path) if "%" in path else path
    scope["raw_path"] = raw_path
    scope["query_string"] = query


def _address(name: Any) -> tuple[str, int] | None:
    return (name[0], name[1]) if isinstance(name, tuple) else None
