"""The manager's own HTTP endpoints as one small ASGI application: health, metrics, and a look inside.

Requests come in from the kubelet, from Prometheus and from people with ``curl``; nothing here changes anything.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qs

from kubewright.manager.health import HealthChecks
from kubewright.transport import Receive, Scope, Send

_TEXT = "text/plain; charset=utf-8"


class Endpoints:
    """Serves by path; a route is the first segment.

    :param routes: for each first segment a function of the rest of the path, the query and the ``Accept`` header that
        returns status, content type and body.
    """

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._routes = dict(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, content_type, body = await self._answer(scope)
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        headers.append((b"x-content-type-options", b"nosniff"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope) -> tuple[int, str, bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, _TEXT, b"only GET and HEAD are served here\n"
        first, _, rest = scope["path"].strip("/").partition("/")
        route = self._routes.get(first)
        if route is None:
            paths = "".join(f"/{name}\n" for name in sorted(self._routes))
            return (404 if first else 200), _TEXT, paths.encode()
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        accept = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"), "")
        return await route(rest, query, accept)


Query: TypeAlias = Mapping[str, list[str]]
Route: TypeAlias = Callable[[str, Query, str], Awaitable[tuple[int, str, bytes]]]


def health_route(checks: HealthChecks) -> Route:
    """``?verbose``, ``?exclude=NAME``, and ``/NAME`` for a single check."""

    async def answer(rest: str, query: Query, accept: str) -> tuple[int, str, bytes]:
        exclude = frozenset(query.get("exclude", ()))
        status, text = await checks.answer(rest, exclude=exclude, verbose="verbose" in query)
        return status, _TEXT, text.encode()

    return answer


def json_route(content: Callable[[], object]) -> Route:
    """What ``content`` returns, as indented JSON."""

    async def answer(rest: str, query: Query, accept: str) -> tuple[int, str, bytes]:
        return 200, "application/json", json.dumps(content(), indent=2).encode() + b"\n"

    return answer
