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
import ssl
import zlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from kubewright.transport.connection import Connection, ServerHungUp
from kubewright.transport.protocol import ConnectError, Response, TransportError, TransportTimeout

_READ_AT_ONCE = 1 << 16
"""Bytes; where connections do not bring a buffer, TLS makes one of 256 KB for every piece that it reads."""


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
    :param address: host and port to connect to, where they are not the URL's.
    :param proxy: URL of an HTTP proxy; TLS connections go through ``CONNECT``.
    :param timeout: seconds for a whole request where the caller gives none.
    :param connect_timeout: seconds for making a connection.
    :param keep_alive: seconds after which an unused connection is no longer reused.
    :param max_connections: how many requests may be under way at once; streams do not count.
    :param repeatable: whether any request may be sent again, when a kept-alive connection turns out to be closed; by
        default those that only read.
    :param origin: where the settings come from; error messages end with it.
    """

    def __init__(
        self,
        server: str,
        authenticator: Authenticator,
        *,
        server_name: str | None = None,
        address: tuple[str, int] | None = None,
        proxy: str | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 15.0,
        keep_alive: float = 60.0,
        max_connections: int = 64,
        repeatable: bool = False,
        origin: str = "",
    ) -> None:
        url = urlsplit(server)
        self.server = server.rstrip("/")
        self._tls = url.scheme == "https"
        host = url.hostname or "localhost"
        self._address = address or (host, url.port or (443 if self._tls else 80))
        self.host = url.netloc.rpartition("@")[2]
        self._prefix = url.path.rstrip("/")
        self._server_name = server_name or host
        self._proxy = urlsplit(proxy) if proxy else None
        self._authenticator = authenticator
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._keep_alive = keep_alive
        self._slots = asyncio.Semaphore(max_connections)
        self._repeatable = repeatable
        self._origin = f" ({origin})" if origin else ""
        self._buffer = memoryview(bytearray(_READ_AT_ONCE))
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()

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
            except ServerHungUp as error:
                # A kept-alive connection may be closed by the server just as it is used again.
                if reused and (self._repeatable or method in ("GET", "HEAD")):
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
        body: bytes | None = None,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[Connection]:
        connection = await self._streaming(method, path, headers, body)
        if connection.status == 401 and self._authenticator.rejected():
            connection.close()
            connection = await self._streaming(method, path, headers, body)
        connection.watch_idleness(idle_timeout)
        try:
            yield connection
        finally:
            self._release(connection)

    async def _streaming(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Connection:
        fields = {"accept-encoding": "identity", **(headers or {})}
        while True:
            connection, reused = await self._connection()
            connection.bounded = True
            try:
                async with asyncio.timeout(self._timeout):
                    connection.send(await self._head(method, path, fields, body), body)
                    await connection.head_received()
            except ServerHungUp as error:
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
        if not path.isprintable() or " " in path:
            raise ValueError(f"path {path!r} contains a blank or a control character; quote it")
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

    async def _connection(self) -> tuple[Connection, bool]:
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

    def _release(self, connection: Connection) -> None:
        if connection.reusable:
            connection.rest()
            self._idle.append(connection)
        else:
            connection.close()

    def _new(self) -> Connection:
        return Connection(self._buffer)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        context = await self._authenticator.ssl_context() if self._tls else None
        try:
            async with asyncio.timeout(self._connect_timeout):
                if self._proxy:
                    return await self._connect_through_proxy(context)
                _, connection = await loop.create_connection(
                    self._new, *self._address, ssl=context, server_hostname=self._server_name if context else None
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

    async def _connect_through_proxy(self, context: ssl.SSLContext | None) -> Connection:
        """Open a tunnel with ``CONNECT``, then speak TLS through it."""
        assert self._proxy is not None
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(
            self._new, self._proxy.hostname or "", self._proxy.port or 8080
        )
        target = f"{self._address[0]}:{self._address[1]}"
        connection.send(
            f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{_proxy_authorization(self._proxy)}\r\n".encode()
        )
        try:
            await connection.head_received()
        except ServerHungUp as error:
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
