"""One request and its answer on a served connection: ASGI messages on one side, the bytes of HTTP/1.1 on the other.

The connection feeds the pieces of the request's body in as they come; the application takes them with `receive` and
answers with `send`.  The head of an answer waits for the first part of its body, so that both leave in one TLS record.
An application whose ``http.response.start`` has a function under `PUSH` is given `Exchange.push` through it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Protocol

from kubewright.transport.asgi import Application, Message, Scope

log = logging.getLogger("kubewright.transport")

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_WITHOUT_BODY = (204, 304)
PUSH = "kubewright.push"
"""The extension of ASGI by which parts of a body are written without a task that awaits each: one event may have to go
to a thousand clients."""

_PART = 1 << 18
"""Bytes that are written at once: a client that does not read them has no more waiting for it."""


class Line(Protocol):
    """The connection, as an exchange uses it."""

    def write(self, part: bytes | memoryview) -> None: ...

    @property
    def full(self) -> bool:
        """Whether the client leaves unread what was written."""

    async def drain(self) -> None:
        """Wait until the client has read enough for more to be written."""

    def taken(self) -> None:
        """The application has taken what had come of the body."""

    def broken(self) -> None:
        """The answer will never be complete: the client has to be told by the end of the connection."""


class Exchange:
    """A request under way.

    :param scope: the request's head, in ASGI's terms.
    :param keep_alive: whether the connection may serve another request after it.
    :param expects_continue: the client sends the body only when it is asked to.
    """

    def __init__(self, line: Line, scope: Scope, *, keep_alive: bool, expects_continue: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = False
        self.received = False
        self.started = False
        """Whether the answer has begun."""
        self.complete = False
        """Whether it has been given."""
        self.buffered = 0
        """Bytes of the body that the application has not taken."""
        self._line = line
        self._scope = scope
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._taken = False
        self._waiter: asyncio.Future[None] | None = None
        self._head: bytes | None = None
        self._chunked = False
        self._bodyless = scope["method"] == "HEAD"

    async def run(self, app: Application) -> None:
        """Let the application answer; what is left of the body then is not kept."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception:  # An application that breaks must not take the server with it.
            log.exception("%s %s failed", self._scope["method"], self._scope["path"])
        finally:
            if not self.complete and not self.disconnected:
                self._fail()

    def _fail(self) -> None:
        """The application is done, but its answer is not."""
        if self.started:
            self._line.broken()
        else:
            self.keep_alive = False
            self._start(500, [(b"content-length", b"0")])
            self._line.write(self._head or b"")
            self.complete = True

    # The request's body

    def feed(self, piece: bytes) -> None:
        self.buffered += len(piece)
        if not self.complete:
            self._pieces.append(piece)
            self._wake()

    def feed_end(self) -> None:
        """The body has come completely."""
        self.received = True
        self._wake()

    def disconnect(self) -> None:
        """The client is gone."""
        self.disconnected = True
        self._wake()

    async def receive(self) -> Message:
        """ASGI's ``receive``: what has come of the body, or the news that the client has gone."""
        if self._expects_continue and not self.started and not self.received:
            self._expects_continue = False
            self._line.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self._pieces or (self.received and not self._taken) or self.complete or self.disconnected):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self.complete or self.disconnected:
            return {"type": "http.disconnect"}
        pieces, self._pieces, self.buffered = self._pieces, [], 0
        self._taken = self.received
        self._line.taken()
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return {"type": "http.request", "body": body, "more_body": not self.received}

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The answer

    async def send(self, message: Message) -> None:
        """ASGI's ``send``.

        :raises RuntimeError: the messages make no answer.
        """
        if message["type"] == "http.response.start":
            if self.started:
                raise RuntimeError("the answer has begun already")
            self._start(message["status"], message.get("headers", ()))
            if (take := message.get(PUSH)) is not None:
                take(self.push)
            return
        if not self.started or self.complete:
            raise RuntimeError(f"{message['type']} before the beginning, or after the end, of an answer")
        last = not message.get("more_body")
        for part in self._parts(message.get("body", b""), last=last):
            await self._line.drain()
            if self.disconnected:
                return
            self._line.write(part)
        if last:
            self.complete = True
            self._wake()

    def push(self, body: bytes) -> bool:
        """Write a part of the body between two calls of `send`, if it can be written at once.

        :returns: whether it was; otherwise it is for `send`, which waits until it can be.
        """
        if not self.started or self.complete or self.disconnected or self._line.full or len(body) > _PART:
            return False
        for part in self._parts(body, last=False):
            self._line.write(part)
        return True

    def _start(self, status: int, headers: Any) -> None:
        self._bodyless = self._bodyless or status in _WITHOUT_BODY
        lines = [_LINES.get(status) or b"HTTP/1.1 %d " % status]
        sized = False
        for name, value in headers:
            if name == b"content-length":
                sized = True
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive = False
                continue
            lines.append(b"%b: %b" % (name, value))
        if not sized and not self._bodyless:
            if self._scope["http_version"] == "1.1":
                self._chunked = True
                lines.append(b"transfer-encoding: chunked")
            else:
                self.keep_alive = False  # The end of the connection is the end of the body.
        if not self.keep_alive:
            lines.append(b"connection: close")
        self._head = b"\r\n".join(lines) + b"\r\n\r\n"
        if self._head.count(b"\n") != len(lines) + 1 or self._head.count(b"\r") != len(lines) + 1:
            raise RuntimeError("a header of the answer contains a line break")
        self.started = True

    def _parts(self, body: bytes, *, last: bool) -> Iterator[bytes | memoryview]:
        """What has to be written for a part of the body, none of it long."""
        if self._bodyless:
            body = b""
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if last:
                body += b"0\r\n\r\n"
        head, self._head = self._head or b"", None
        if len(body) <= _PART:
            yield head + body
            return
        yield head
        view = memoryview(body)
        for start in range(0, len(body), _PART):
            yield view[start : start + _PART]
