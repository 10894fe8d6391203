"""A server whose answers a test scripts: an ASGI application that records what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """``body`` may be JSON values, bytes, or an iterator of pieces for a stream."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}


class ScriptedServer:
    """Answers with whatever `handle` returns."""

    def __init__(self, handle: Callable[[Request], Reply]) -> None:
        self.handle = handle
        self.requests: list[Request] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only http is spoken here")
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        request = Request(scope["method"], scope["path"], query, headers, body)
        self.requests.append(request)
        reply = self.handle(request)
        fields = {"content-type": "application/json", **reply.headers}
        start = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": start})
        if isinstance(reply.body, AsyncIterator):
            async for piece in reply.body:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
            await send({"type": "http.response.body", "body": content})


def event(kind: str, obj: Any) -> bytes:
    """One line of a watch."""
    return msgspec.json.encode({"type": kind, "object": obj}) + b"\n"


async def pieces(*parts: bytes, stay_open: bool = False) -> AsyncIterator[bytes]:
    """A streamed body; with ``stay_open`` it never ends by itself."""
    for part in parts:
        yield part
    if stay_open:
        await asyncio.Event().wait()


def status(code: int, reason: str, message: str = "", **details: Any) -> Reply:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return Reply({**body, "message": message or reason, "details": details}, code)
