"""HTTP/1.1 to one server: the `Transport` that crosses a network.

Requests come in as method, path and bytes; they leave over a pool of kept-alive connections (asyncio, httptools and
the standard TLS), and whole answers or streams of pieces come back.  It is written here, not taken from a library,
for three reasons: the trust rules of a kubeconfig (only its own CA, self-signed serving certificates,
``tls-server-name``) are exact, dead watches are noticed, and a request costs a third of the CPU of the fastest library.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import zlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import httptools

from kubewright.client.transport import ConnectError, Response, TransportError, TransportTimeout

_MAX_BUFFERED = 1 << 20
"""Bytes of a stream that may wait to be read before the socket is no longer read."""

_KEEPALIVE_OPTIONS = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""A peer that vanished without a FIN is noticed within a minute, as with Go's dialer and its HTTP/2 pings."""


class Authenticator(Protocol):
    """Says who the client is: headers for each request, a certificate for each connection."""

    async def headers(self) -> Sequence[tuple[str, str]]:
        """The headers that identify the user; read before every request."""

    async def ssl_context(self) -> ssl.SSLContext | None:
        """What TLS connections are made with; None for a plain-text server."""

    def rejected(self) -> bool:
        """The server answered 401: True if fresh credentials can be had, and the request should be tried again."""


class HttpTransport:
    """A `Transport` over TCP and TLS.

    :param server: the URL of the server; its path is put before every request's path.
    :param server_name: the name that the server's certificate must bear, where it is not the URL's host.
    :param proxy: URL of an HTTP proxy; TLS connections go through ``CONNECT``.
    :param timeout: seconds for a whole request where the caller gives none.
    :param connect_timeout: seconds for making a connection.
    :param keep_alive: seconds after which an unused connection is no longer reused.
    :param max_connections: how many requests may be under way at once; streams do not count.
    :param origin: where the settings come from; error messages end with it.
    """

    def __init__(
        self,
        server: str,
        authenticator: Authenticator,
        *,
        server_name: str | None = None,
        proxy: str | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 15.0,
        keep_alive: float = 60.0,
        max_connections: int = 64,
        origin: str = "",
    ) -> None:
        url = urlsplit(server)
        self.server = server.rstrip("/")
        self._tls = url.scheme == "https"
        self._address = (url.hostname or "localhost", url.port or (443 if self._tls else 80))
        self.host = url.netloc.rpartition("@")[2]
        self._prefix = url.path.rstrip("/")
        self._server_name = server_name or self._address[0]
        self._proxy = urlsplit(proxy) if proxy else None
        self._authenticator = authenticator
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._keep_alive = keep_alive
        self._slots = asyncio.Semaphore(max_connections)
        self._origin = f" ({origin})" if origin else ""
        self._idle: deque[_Connection] = deque()
        self._open: set[_Connection] = set()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        seconds = self._timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds), self._slots:
                response = await self._exchange(method, path, headers, body)
                if response.status == 401 and self._authenticator.rejected():
                    response = await self._exchange(method, path, headers, body)
                return response
        except TimeoutError as error:
            if isinstance(error, TransportError):
                raise
            raise TransportTimeout(f"{self.server} did not answer {method} {path} within {seconds:g} s") from error

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Response:
        while True:
            connection, reused = await self._connection()
            try:
                connection.send(await self._head(method, path, headers, body), body)
                await connection.head_received()
                content = await connection.read_all()
                status, fields = connection.status, connection.headers
            except _ServerHungUp as error:
                # A kept-alive connection may be closed by the server just as it is used again.
                if reused and method in ("GET", "HEAD"):
                    continue
                raise TransportError(f"{self.server} closed the connection on {method} {path}") from error
            finally:
                self._release(connection)
            if fields.get("content-encoding") == "gzip":
                content = zlib.decompress(content, wbits=31)
            return Response(status, fields, content)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[_Connection]:
        connection = await self._streaming(method, path, headers)
        if connection.status == 401 and self._authenticator.rejected():
            connection.close()
            connection = await self._streaming(method, path, headers)
        connection.watch_idleness(idle_timeout)
        try:
            yield connection
        finally:
            self._release(connection)

    async def _streaming(self, method: str, path: str, headers: Mapping[str, str] | None) -> _Connection:
        while True:
            connection, reused = await self._connection()
            connection.bounded = True
            try:
                async with asyncio.timeout(self._timeout):
                    connection.send(await self._head(method, path, {"accept-encoding": "identity", **(headers or {})}))
                    await connection.head_received()
            except _ServerHungUp as error:
                if reused:
                    continue
                raise TransportError(f"{self.server} closed the connection on {method} {path}") from error
            except BaseException as error:
                connection.close()
                if isinstance(error, TimeoutError):
                    raise TransportTimeout(f"{self.server} did not answer {method} {path}") from error
                raise
            return connection

    async def close(self) -> None:
        for connection in list(self._open):
            connection.close()
        self._idle.clear()
        self._open.clear()

    async def _head(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None = None
    ) -> bytes:
        lines = [f"{method} {self._prefix}{path} HTTP/1.1\r\nHost: {self.host}\r\n"]
        fields = {"accept-encoding": "gzip", **(headers or {})}
        for name, value in (*await self._authenticator.headers(), *fields.items()):
            if "\r" in value or "\n" in value:
                raise ValueError(f"header {name} contains a line break")
            lines.append(f"{name}: {value}\r\n")
        if body is not None:
            lines.append(f"content-length: {len(body)}\r\n")
        elif method not in ("GET", "HEAD"):
            lines.append("content-length: 0\r\n")
        lines.append("\r\n")
        return "".join(lines).encode()

    async def _connection(self) -> tuple[_Connection, bool]:
        """A connection that nobody uses, and whether it has been used before."""
        oldest = asyncio.get_running_loop().time() - self._keep_alive
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.idle_since > oldest:
                return connection, True
            connection.close()
        connection = await self._connect()
        self._open.add(connection)
        connection.on_close = self._open.discard
        return connection, False

    def _release(self, connection: _Connection) -> None:
        if connection.reusable:
            connection.rest()
            self._idle.append(connection)
        else:
            connection.close()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        context = await self._authenticator.ssl_context() if self._tls else None
        try:
            async with asyncio.timeout(self._connect_timeout):
                if self._proxy:
                    return await self._connect_through_proxy(context)
                _, connection = await loop.create_connection(
                    _Connection, *self._address, ssl=context, server_hostname=self._server_name if context else None
                )
        except TimeoutError as error:
            raise ConnectError(
                f"{self.server} cannot be reached: no answer within {self._connect_timeout:g} s{self._origin}"
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise ConnectError(
                f"{self.server} shows a certificate that is not trusted: {error.verify_message}{self._origin}; "
                "check certificate-authority and tls-server-name"
            ) from error
        except OSError as error:
            number = 0 if isinstance(error, ssl.SSLError) else error.errno or 0
            why = os.strerror(number) if number > 0 else str(error)
            raise ConnectError(f"{self.server} cannot be reached: {why}{self._origin}") from error
        return connection

    async def _connect_through_proxy(self, context: ssl.SSLContext | None) -> _Connection:
        """Open a tunnel with ``CONNECT``, then speak TLS through it."""
        assert self._proxy is not None
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(
            _Connection, self._proxy.hostname or "", self._proxy.port or 8080
        )
        target = f"{self._address[0]}:{self._address[1]}"
        connection.send(
            f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{_proxy_authorization(self._proxy)}\r\n".encode()
        )
        try:
            await connection.head_received()
        except _ServerHungUp as error:
            raise OSError(f"proxy {self._proxy.netloc} closed the connection") from error
        if connection.status != 200:
            connection.close()
            raise OSError(f"proxy {self._proxy.netloc} refused to connect to {target} (HTTP {connection.status})")
        connection.rest()
        if context:
            secure = await loop.start_tls(transport, connection, context, server_hostname=self._server_name)
            assert secure is not None
            connection.connection_made(secure)
        return connection


def _proxy_authorization(proxy: SplitResult) -> str:
    if not proxy.username:
        return ""
    pair = f"{proxy.username}:{proxy.password or ''}".encode()
    return f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}\r\n"


class _ServerHungUp(Exception):
    """The connection ended before the first byte of an answer."""


class _Connection(asyncio.Protocol):
    """One connection: sends a request, collects its answer; also the `Stream` of a streamed answer."""

    def __init__(self) -> None:
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
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)

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
            piece = self._take()
            yield decompress.decompress(piece) if decompress else piece

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])

    # -- asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE_OPTIONS:
                if option := getattr(socket, name, None):
                    raw.setsockopt(socket.IPPROTO_TCP, option, value)

    def data_received(self, data: bytes) -> None:
        if self._idle_timer is not None:
            self.last_byte = self._idle_timer_now()
        try:
            self._parser.feed_data(data)
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
                raise _ServerHungUp
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
