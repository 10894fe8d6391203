"""The API server as plays see it: an ASGI app on loopback that knows which object each request is made for.

Requests come in with the token of a run.  What is created or applied gets its owner written into it, single objects of
watched kinds are answered from the cache, the rest goes to the API server with the operator's own credentials; the
kinds of the objects that turn out to be owned are handed to `Dependents`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
import yaml

from kubewright.ansible.dependents import Dependents
from kubewright.ansible.metrics import AnsibleMetrics, MetricRefused
from kubewright.ansible.ownership import Owner, can_refer, is_owned, mark_owned
from kubewright.ansible.proxy_paths import KINDS, METRICS
from kubewright.ansible.request_target import RequestTarget, parse_target
from kubewright.cache import Cache
from kubewright.client import Client, NoMatch, RestMapping, Write
from kubewright.client.writes import WriteVerb
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind, ObjectKey
from kubewright.transport import (
    ClientDisconnected,
    Message,
    Receive,
    Response,
    Scope,
    Send,
    TransportError,
    read_body,
)

_log = logging.getLogger("kubewright.ansible")

_JSON = "application/json"
_APPLY = "application/apply-patch"
_HOP_BY_HOP = {"host", "authorization", "connection", "content-length", "transfer-encoding", "accept-encoding", "te"}
_VERBS: dict[str, WriteVerb] = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_WHOLE = {"get", "list", "watch"}


class Run(NamedTuple):
    """Who a token stands for."""

    owner: Owner
    dependents: Dependents
    injects: bool


class _Request(NamedTuple):
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def asks(self) -> dict[str, list[str]]:
        return parse_qs(self.query)

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Proxy:
    """The app; runs are let in by `admit`."""

    def __init__(self, client: Client, cache: Cache, metrics: AnsibleMetrics) -> None:
        self._client = client
        self._cache = cache
        self._metrics = metrics
        self._runs: dict[str, Run] = {}

    @contextlib.contextmanager
    def admit(self, run: Run) -> Iterator[str]:
        """The token of a run, which is good for as long as the block lasts."""
        token = secrets.token_urlsafe(24)
        self._runs[token] = run
        try:
            yield token
        finally:
            del self._runs[token]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        run = self._runs.get(headers.get("authorization", "").removeprefix("Bearer "))
        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        try:
            body = await read_body(receive)
        except ClientDisconnected:
            return
        request = _Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body)
        if run is None:
            await _send(send, _status(401, "Unauthorized", "this is no token of a run that goes on"))
        elif request.method == "GET" and request.asks.get("watch", [""])[-1] in ("true", "1"):
            await self._stream(request, receive, send)
        else:
            await _send(send, await self._answer(request, run))

    async def _answer(self, request: _Request, run: Run) -> Response:
        if "upgrade" in request.headers:
            return _status(
                501, "NotImplemented", "exec, attach and port-forward do not go through the operator's proxy"
            )
        if request.path == KINDS:
            return await self._describe_kind(request)
        if request.path == METRICS:
            return self._count(request)
        target = parse_target(request.path)
        mapping = await self._mapping(target) if target is not None else None
        if target is None or mapping is None:
            return await self._pass_on(request)
        if request.method == "GET" and (cached := self._cached(request, target, mapping)) is not None:
            return cached
        if _states_object(request, target) and run.injects and mapping.verbs >= _WHOLE:
            try:
                request = _owned(request, target, mapping, run.owner)
            except (ValueError, yaml.YAMLError) as error:
                return _status(400, "BadRequest", f"the object can't be read: {error}")
        response = await self._pass_on(request)
        self._notice(request, target, mapping, response, run)
        return response

    async def _pass_on(self, request: _Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        body = request.body or None
        try:
            return await self._client.rest.transport.request(request.method, request.target, headers=headers, body=body)
        except TransportError as error:
            return _status(503, "ServiceUnavailable", str(error))

    async def _stream(self, request: _Request, receive: Receive, send: Send) -> None:
        """Pass on a watch for as long as both sides want it."""
        copying = asyncio.create_task(self._copy(request, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({copying, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (copying, leaving):
                task.cancel()
            await asyncio.gather(copying, leaving, return_exceptions=True)

    async def _copy(self, request: _Request, send: Send) -> None:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        try:
            async with self._client.rest.transport.stream("GET", request.target, headers=headers) as stream:
                content_type = stream.headers.get("content-type", _JSON).encode()
                await send(_start(stream.status, [(b"content-type", content_type)]))
                async for piece in stream:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except TransportError as error:
            _log.info("a play's watch of %s broke: %s", request.path, error)

    async def _mapping(self, target: RequestTarget) -> RestMapping | None:
        """How the target's resource is served, if it is one that discovery shows."""
        for mapping in await self._client.mapper.mappings():
            if mapping.resource == target.resource:
                return mapping
        return None

    def _cached(self, request: _Request, target: RequestTarget, mapping: RestMapping) -> Response | None:
        """The object from the store, if its kind is followed there; who is not there may be too new, so the server is
        asked."""
        if not target.name or target.subresource or request.query or "as=" in request.headers.get("accept", ""):
            return None
        for informer in self._cache.informers:
            kind = informer.kind
            if kind is not None and kind.resource == target.resource and kind.accept == _JSON and informer.has_synced:
                found = informer.get(ObjectKey(target.namespace if mapping.namespaced else "", target.name))
                if found is not None:
                    return Response(200, {"content-type": _JSON, "x-cache": "HIT"}, _with_kind(found.raw, mapping.kind))
        return None

    def _notice(
        self, request: _Request, target: RequestTarget, mapping: RestMapping, response: Response, run: Run
    ) -> None:
        """Let caches and watches know of what an answer shows."""
        if response.status >= 300 or (request.method == "GET" and not target.name):
            return
        verb = _VERBS.get(request.method)
        whole = target.subresource in ("", "status", "scale")
        if verb is not None and whole and "dryRun" not in request.asks:
            if verb == "delete" and not target.name:
                verb = "deletecollection"
            key = ObjectKey(target.namespace if mapping.namespaced else "", target.name)
            if target.subresource != "scale":
                for observe in self._client.write_observers:
                    observe(Write(verb, target.resource, key, response.body))
        if request.method != "DELETE" and not target.subresource:
            with contextlib.suppress(msgspec.DecodeError):
                obj = msgspec.json.decode(response.body)
                if isinstance(obj, dict) and is_owned(obj, run.owner):
                    refers = bool((obj.get("metadata") or {}).get("ownerReferences"))
                    run.dependents.follow(mapping.kind, run.owner, namespaced=mapping.namespaced, by_reference=refers)

    async def _describe_kind(self, request: _Request) -> Response:
        """Where a kind is served: ``?apiVersion=apps/v1&kind=Deployment``."""
        asks = request.asks
        kind = GroupVersionKind.parse(asks.get("apiVersion", ["v1"])[0], asks.get("kind", [""])[0])
        try:
            mapping = await self._client.mapper.mapping(kind)
        except NoMatch as error:
            return _status(404, "NotFound", str(error))
        answer = {
            "root": mapping.resource.root,
            "resource": mapping.resource.resource,
            "namespaced": mapping.namespaced,
        }
        return Response(200, {"content-type": _JSON}, msgspec.json.encode(answer))

    def _count(self, request: _Request) -> Response:
        try:
            self._metrics.update(request.body)
        except MetricRefused as error:
            return _status(400, "BadRequest", str(error))
        return Response(200, {"content-type": _JSON}, b"{}")


def _states_object(request: _Request, target: RequestTarget) -> bool:
    """Whether the body is a whole object, as the play wants it to be."""
    if target.subresource or target.resource.resource == "events":  # events outlive what they are about, for a while
        return False
    if request.method == "PATCH":
        return request.headers.get("content-type", "").startswith(_APPLY)
    return request.method in ("POST", "PUT")


def _owned(request: _Request, target: RequestTarget, mapping: RestMapping, owner: Owner) -> _Request:
    """The request with its object marked as the owner's.

    :raises ValueError: the body holds no object.
    """
    if "protobuf" in request.headers.get("content-type", ""):
        return request
    obj = _decode(request.body)
    name = target.name or (obj.get("metadata") or {}).get("name", "")
    if mapping.kind.group_kind == owner.gvk.group_kind and ObjectKey(target.namespace, name) == owner.key:
        return request  # an object does not own itself
    by_reference = can_refer(owner, namespaced=mapping.namespaced, namespace=target.namespace)
    mark_owned(obj, owner, by_reference=by_reference)
    return request._replace(body=msgspec.json.encode(obj))


def _decode(body: bytes) -> dict[str, Any]:
    try:
        obj = msgspec.json.decode(body)
    except msgspec.DecodeError:
        obj = yaml.load(body, Loader=yaml.CSafeLoader)
    if not isinstance(obj, dict):
        raise ValueError("it is no JSON or YAML object")
    return obj


def _with_kind(raw: bytes, kind: GroupVersionKind) -> bytes:
    """What came out of a list does not say what it is."""
    if raw.startswith(b'{"apiVersion"') or b'"kind":' in raw[:64]:
        return raw
    return b'{"apiVersion":"%s","kind":"%s",%s' % (kind.api_version.encode(), kind.kind.encode(), raw.lstrip()[1:])


def _status(code: int, reason: str, message: str) -> Response:
    status = APIError(message, code=code, reason=reason).status()
    return Response(code, {"content-type": _JSON}, msgspec.json.encode(status))


async def _left(receive: Receive) -> None:
    """Return when the other side has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _send(send: Send, response: Response) -> None:
    kept = {name: value for name, value in response.headers.items() if name in ("content-type", "warning", "x-cache")}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in kept.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send(_start(response.status, headers))
    await send({"type": "http.response.body", "body": response.body})
