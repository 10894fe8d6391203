"""The raw REST layer: method, path and bytes in, bytes or a Kubernetes error out.

Everything above speaks in kinds and objects; everything below moves bytes.  Here answers are checked, requests repeated
where the server asks for it, warnings handed on, and each request counted.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

from kubewright.client.retry import MAX_RETRIES, retry_after, retry_delay
from kubewright.objects.errors import APIError, error_from_status
from kubewright.objects.names import GroupVersionResource
from kubewright.transport.protocol import Response, Stream, Transport, TransportError
from kubewright.version import __version__

JSON = "application/json"

_log = logging.getLogger(__name__)
_SAFE = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


class Exchange(NamedTuple):
    """A request that was sent, and what came of it."""

    method: str
    host: str
    code: str
    """The HTTP status, or ``<error>`` where no answer came."""
    seconds: float
    retry: bool = False
    """It had been sent before."""
    sent: int | None = None
    """Bytes of the request's body; None where a stream was asked for."""
    received: int | None = None
    """Bytes of the answer's body; None where it is a stream, or none came."""


RequestObserver: TypeAlias = Callable[[Exchange], None]
"""Is told of every request: what the ``rest_client_*`` metrics count."""


def default_user_agent() -> str:
    return f"kubewright/{__version__} ({platform.system().lower()}/{platform.machine()})"


def log_warning(message: str) -> None:
    """What is done with a server's ``Warning`` header unless the client is told otherwise."""
    _log.warning("the API server warns: %s", message)


def resource_path(resource: GroupVersionResource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """``/apis/apps/v1/namespaces/NAMESPACE/deployments/NAME/SUBRESOURCE``; empty parts are left out."""
    path = resource.root
    if namespace:
        path += f"/namespaces/{_quoted(namespace)}"
    path += f"/{resource.resource}"
    if name:
        path += f"/{_quoted(name)}"
    return f"{path}/{subresource}" if subresource else path


def _quoted(text: str) -> str:
    """``quote`` for what hardly ever needs it, names and options: at a tenth of the time."""
    return text if _SAFE(text) else quote(text, safe="")


def with_query(path: str, query: Mapping[str, object]) -> str:
    """Put a query behind a path; None, False and empty texts are left out."""
    given = [
        f"{key}={'true' if value is True else _quoted(str(value))}"
        for key, value in query.items()
        if value is not None and value is not False and value != ""
    ]
    return f"{path}?{'&'.join(given)}" if given else path


class RestClient:
    """Sends requests to one API server.

    :param on_warning: called with the text of each ``Warning`` header, once for each distinct text.
    :param observe: called after every request.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        user_agent: str | None = None,
        on_warning: Callable[[str], None] = log_warning,
        observe: RequestObserver | None = None,
        max_retries: int = MAX_RETRIES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.transport = transport
        self._headers = {"user-agent": user_agent or default_user_agent()}
        self._on_warning = on_warning
        self._warned: set[str] = set()
        self.observe = observe
        self._max_retries = max_retries
        self._sleep = sleep

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        timeout: float | None = None,
    ) -> Response:
        """Send a request, and again where the server asks for it.

        :raises APIError: the server refused it, or failed.
        :raises TransportError: no answer came.
        """
        headers = {**self._headers, "accept": accept}
        if body is not None:
            headers["content-type"] = content_type
        target = with_query(path, query) if query else path
        retries = 0
        while True:
            outcome: Response | TransportError
            started = asyncio.get_running_loop().time()
            try:
                outcome = await self.transport.request(method, target, headers=headers, body=body, timeout=timeout)
            except TransportError as error:
                outcome = error
            received = len(outcome.body) if isinstance(outcome, Response) else None
            self._count(method, outcome, started, retry=retries > 0, sent=len(body or b""), received=received)
            delay = retry_delay(method, outcome, retries=retries, limit=self._max_retries)
            if delay is not None:
                retries += 1
                await self._sleep(delay)
            elif isinstance(outcome, TransportError):
                raise outcome
            else:
                self._hand_on_warnings(outcome.headers)
                if outcome.status >= 400:
                    raise api_error(outcome)
                return outcome

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        accept: str = JSON,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[Stream]:
        """Send a GET whose answer is read piece by piece.

        :raises APIError: the server refused it.
        :raises TransportError: no answer came.
        """
        headers = {**self._headers, "accept": accept}
        started = asyncio.get_running_loop().time()
        target = with_query(path, query) if query else path
        try:
            async with self.transport.stream("GET", target, headers=headers, idle_timeout=idle_timeout) as stream:
                answer = Response(stream.status, stream.headers, b"")
                self._count("GET", answer, started)
                self._hand_on_warnings(stream.headers)
                if stream.status >= 400:
                    raise api_error(answer._replace(body=await stream.read()))
                yield stream
        except TransportError as error:
            self._count("GET", error, started)
            raise

    def _count(
        self,
        method: str,
        outcome: Response | TransportError,
        started: float,
        *,
        retry: bool = False,
        sent: int | None = None,
        received: int | None = None,
    ) -> None:
        if self.observe:
            code = str(outcome.status) if isinstance(outcome, Response) else "<error>"
            seconds = asyncio.get_running_loop().time() - started
            self.observe(Exchange(method, self.transport.host, code, seconds, retry, sent, received))

    def _hand_on_warnings(self, headers: Mapping[str, str]) -> None:
        if "warning" not in headers:
            return
        for text in _WARNING.findall(headers["warning"]):
            message = re.sub(r"\\(.)", r"\1", text)
            if message not in self._warned:
                self._warned.add(message)
                self._on_warning(message)


def api_error(response: Response) -> APIError:
    """The exception for an answer of 400 and above."""
    try:
        status: Any = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        error = error_from_status(status, code=response.status)
    else:
        text = response.body[:2048].decode("utf-8", "replace").strip()
        error = error_from_status({"message": text} if text else {}, code=response.status)
    seconds = retry_after(response.headers)
    if seconds is not None and error.retry_after is None:
        error.details = {**error.details, "retryAfterSeconds": int(seconds)}
    return error
