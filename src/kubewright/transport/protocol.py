"""How a request reaches the server: the one seam between a client and the network.

`http.py` implements it over HTTP/1.1, `asgi.py` by calling an ASGI application in the same process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class Response(NamedTuple):
    """A whole answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """An answer whose body is still coming."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive.

        :raises TransportError: the connection broke.
        """

    async def read(self) -> bytes:
        """The rest of the body."""


class TransportError(ConnectionError):
    """The server could not be reached, or the connection broke; the text says which and how to check."""


class ConnectError(TransportError):
    """No connection was made, so the request was certainly not sent: it is safe to repeat whatever its verb."""


class TransportTimeout(TransportError, TimeoutError):
    """No answer, or no further piece of it, came in time."""


class Transport(Protocol):
    """Sends requests to one server.  Paths are absolute (``/api/v1/pods?limit=5``), without scheme and host."""

    @property
    def host(self) -> str:
        """The server's ``host:port``, as metrics and logs name it."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send a request and read its whole answer, whatever its status.

        :param timeout: seconds for all of it; None means the transport's own default.
        :raises ConnectError: no connection was made.
        :raises TransportError: no answer came.
        """

    def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        """Send a request and read its answer piece by piece.

        :param idle_timeout: seconds without a single byte after which the connection counts as dead.
        :raises ConnectError: no connection was made.
        :raises TransportError: no answer came.
        """

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
