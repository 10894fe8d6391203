"""Requests and answers as the handlers see them: a thin layer over ASGI messages."""

from __future__ import annotations

import asyncio
import gzip
import unicodedata
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Protocol, TypeAlias
from urllib.parse import parse_qs

from kubewright.objects.errors import BadRequest, RequestEntityTooLarge
from kubewright.transport import PUSH, BodyTooLarge, Receive, Scope, Send, read_body

MAX_BODY = 3 * 1024 * 1024
"""Bytes that a request may carry."""

_MAX_WARNINGS = 4 * 1024
"""Characters that the warnings of one answer may have together before they are cut."""

_MAX_WARNING = 256
"""Characters that remain of each then."""

GZIP_FROM = 128 * 1024
"""Size from which an answer is compressed for clients that accept it."""


class Request:
    """One HTTP request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.receive = receive
        self.warnings: list[str] = []
        """Texts for the answer's ``Warning`` headers, whatever the answer will be."""
        self.headers: Mapping[str, str] = _headers(scope["headers"])
        """Headers by lower-case name; repeated ones are joined by commas."""
        query = scope["query_string"]
        self.query: Mapping[str, list[str]] = parse_qs(query.decode("latin-1"), keep_blank_values=True) if query else {}

    @property
    def pretty(self) -> bool:
        """Whether a person reads the answer: the query says so, or the client is a browser, curl or wget."""
        asked = self.query.get("pretty")
        if asked:
            return asked[0] in ("1", "t", "T", "true", "TRUE", "True")
        return self.headers.get("user-agent", "").startswith(("curl", "Wget", "Mozilla/5.0"))

    async def body(self) -> bytes:
        """The whole body.

        :raises RequestEntityTooLarge: it is larger than the server takes.
        :raises ClientDisconnected: its end will never come.
        """
        length = self.headers.get("content-length", "0")
        if length.isdigit() and (len(length) > 18 or int(length) > MAX_BODY):
            raise _too_large()
        try:
            data = await read_body(self.receive, MAX_BODY)
        except BodyTooLarge:
            raise _too_large() from None
        if self.headers.get("content-encoding") == "gzip":
            return _decompressed(data)
        return data

    @property
    def media_type(self) -> str:
        """The type of the body without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _decompressed(data: bytes) -> bytes:
    """Unpack a body, which must not become bigger than one that is not packed may be."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data, MAX_BODY + 1)
    except zlib.error as error:
        raise BadRequest(f"the body is not valid gzip: {error}") from None
    if len(plain) > MAX_BODY:
        raise _too_large()
    if not unpacker.eof:
        raise BadRequest("the body is not valid gzip: it is cut short")
    return plain


def _too_large() -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"Request entity too large: limit is {MAX_BODY}", details={})


class Response:
    """A whole answer."""

    def __init__(self, body: bytes, *, status: int = 200, media_type: str = "application/json") -> None:
        self.status = status
        self.body = body
        self.headers: list[tuple[bytes, bytes]] = [
            (b"cache-control", b"no-cache, private"),
            (b"content-type", media_type.encode()),
        ]

    async def send(self, request: Request, send: Send) -> None:
        body, headers = self.body, [*self.headers, *_warning_headers(request)]
        if len(body) >= GZIP_FROM and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers = [*headers, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


class Parts(Protocol):
    """The body of a streamed answer."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def stop(self) -> None:
        """End the iteration soon: no one listens any more."""


PushWith: TypeAlias = Callable[[Callable[[bytes], bool]], None]
"""Is given a function by which parts may go, too, while the iteration waits for them; not where that returns False."""


class StreamResponse:
    """An answer whose parts follow as they become known."""

    def __init__(self, parts: Parts, *, media_type: str, push_with: PushWith | None = None) -> None:
        self.status = 200
        self.parts = parts
        self._push_with = push_with
        self.headers = Response(b"", media_type=media_type).headers

    async def send(self, request: Request, send: Send) -> None:
        headers = [*self.headers, *_warning_headers(request)]
        start = {"type": "http.response.start", "status": 200, "headers": headers, PUSH: self._push_with}
        await send(start)
        # Clients wait for the headers of a watch before its first event: an empty part pushes them out.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        listener = asyncio.create_task(self._stop_on_disconnect(request.receive))
        try:
            async for part in self.parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except OSError:
            self.parts.stop()  # The client went away in the middle of a part.
        finally:
            listener.cancel()

    async def _stop_on_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.parts.stop()


def _warning_headers(request: Request) -> list[tuple[bytes, bytes]]:
    if not request.warnings:
        return []
    return [(b"warning", b'299 - "%b"' % _quoted(text)) for text in shown_warnings(request.warnings)]


def shown_warnings(texts: Sequence[str]) -> list[str]:
    """The warnings that fit into an answer: each once, and all of them cut short where they are too long together.

    After ``k8s.io/apiserver/pkg/endpoints/filters/warning.go``; texts with control characters cannot be shown.
    """
    distinct = [text for text in dict.fromkeys(texts) if text and not any(map(_is_control, text))]
    sums = list(accumulate(map(len, distinct)))
    if not sums or sums[-1] <= _MAX_WARNINGS:
        return distinct
    first_too_many = next(position for position, total in enumerate(sums) if total > _MAX_WARNINGS)
    shown, written = [], 0
    for position, text in enumerate(distinct):
        if position > first_too_many and written >= _MAX_WARNINGS:
            break
        shown.append(text[:_MAX_WARNING])
        written += len(shown[-1])
    return shown


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _quoted(text: str) -> bytes:
    """The text of a Warning header, as ``k8s.io/apimachinery/pkg/util/net`` quotes it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').encode()
