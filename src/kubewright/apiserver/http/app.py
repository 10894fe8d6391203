"""The API server as an ASGI application: every request is authenticated, understood, authorized and answered here.

`App` holds nothing of its own but the logical clusters; what a request needs is looked up in the one that its path
names.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

import msgspec

from kubewright.apiserver.access import Access, Trail
from kubewright.apiserver.auth.service_accounts import ServiceAccountTokens
from kubewright.apiserver.http import documents
from kubewright.apiserver.http.documents import HealthCheck
from kubewright.apiserver.http.messages import Request, Response, StreamResponse
from kubewright.apiserver.http.paths import request_info, split_cluster
from kubewright.apiserver.http.resources import VERBS, Call
from kubewright.apiserver.http.status import error_response, method_not_allowed, page_not_found, resource_not_found
from kubewright.apiserver.http.subresources import resource_handler, subresource_handler
from kubewright.apiserver.http.time_limit import Block, TimeLimit
from kubewright.apiserver.metrics import CONTENT_TYPE, Metrics
from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.registry.options import Query, first
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.apiserver.storage.protocol import StorageError
from kubewright.cel.errors import EvaluationError
from kubewright.cel.values import Duration
from kubewright.objects.errors import (
    APIError,
    BadRequest,
    InternalError,
    MethodNotAllowed,
    RequestEntityTooLarge,
    Timeout,
)
from kubewright.objects.names import GroupResource, GroupVersionResource
from kubewright.transport import ClientDisconnected, Receive, Scope, Send

REQUEST_TIMEOUT = 60.0
"""Seconds until an answer has to begin, the request's body included (kube-apiserver's ``--request-timeout``)."""

CLOSE = (b"connection", b"close")

_LONG_RUNNING = frozenset(("attach", "exec", "log", "portforward", "proxy"))
"""Subresources whose answers take as long as they are read."""

log = logging.getLogger("kubewright.apiserver")


class App:
    """The ASGI application.

    :param backup: makes the answer to ``/backup``: a copy of the store, logical clusters and all.
    :param issuer: signs the tokens of service accounts, and tells how to check them.
    :param address: where clients inside a cluster would find the server, for ``/api``.
    """

    def __init__(
        self,
        access: Access,
        checks: Mapping[str, HealthCheck],
        *,
        backup: Callable[[], Awaitable[bytes]],
        issuer: ServiceAccountTokens,
        address: str = "",
    ) -> None:
        self._backup = backup
        self._access = access
        self._checks = checks
        self._issuer = issuer
        self._address = address
        self._metrics = Metrics()
        self.time_limit = TimeLimit(REQUEST_TIMEOUT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request, trail = Request(scope, receive), Trail()
        failure: APIError | None = None
        try:
            with self.time_limit.block() as bounded:
                response = await self._answer(request, trail, bounded)
        except TimeoutError:
            failure = Timeout("request did not complete within the allotted timeout")
            response = error_response(failure, request)
            response.headers.append(CLOSE)  # The rest of the request may never come.
        except APIError as error:
            failure = error
            response = error_response(error, request)
            if isinstance(error, RequestEntityTooLarge):
                response.headers.append(CLOSE)  # The rest of the body is not read.
        except ClientDisconnected:
            return
        except StorageError as error:
            log.error("%s %s: %s", request.method, scope["path"], error)
            failure = InternalError(f"Internal error occurred: {error}")
            response = error_response(failure, request)
        except Exception:
            # One broken handler must not take the server down, nor show its insides to the client.
            log.exception("%s %s failed", request.method, scope["path"])
            response = error_response(
                InternalError("This request caused apiserver to panic. Look in the logs for details."), request
            )
        if trail.info is not None:
            self._metrics.answered(trail.info, response.status, time.time() - trail.received)
        try:
            await response.send(request, send)
        finally:  # a watch may end by being cancelled, and was made all the same
            self._access.record(request, trail, response.status, failure)

    async def _answer(self, request: Request, trail: Trail, bounded: Block) -> Response | StreamResponse:
        name, path = split_cluster(request.scope["path"])
        info = trail.info = request_info(request.method, path, request.query, name)
        if (seconds := _time_limit(info, request.query)) is not None and seconds < REQUEST_TIMEOUT:
            bounded.shorten(seconds)
        cluster = await self._access.authenticate(request, name, trail)
        user = self._access.authorize(request, info, cluster, trail)
        if info.is_resource:
            return await self._resource(request, info, user, cluster)
        return await self._document(request, path, cluster)

    async def _resource(
        self, request: Request, info: RequestInfo, user: UserInfo, cluster: LogicalCluster
    ) -> Response | StreamResponse:
        store = cluster.store(GroupVersionResource(info.group, info.version, info.resource))
        if store is None:
            if info.group in _builtin_groups():
                raise resource_not_found()
            return page_not_found()
        resource = store.resource
        if resource.deprecation_warning:
            request.warnings.append(resource.deprecation_warning)
        if request.method == "HEAD" and not resource.custom:
            raise method_not_allowed()  # Only what goes by the verb alone, which is "get", answers this.
        if info.resource == "namespaces" and not info.group:
            # For authorization a namespace lies in itself, but it is stored outside of all.
            info = info._replace(namespace="")
        if resource.custom:
            if resource.namespaced is not bool(info.namespace) and (
                info.namespace or info.verb not in ("list", "watch")
            ):
                return page_not_found()
        elif resource.namespaced is not bool(info.namespace) and (info.namespace or _at_name(request, info)):
            raise resource_not_found()
        if info.subresource:
            if (
                not resource.custom
                and info.subresource != "proxy"
                and not _ends_with(request, f"{info.name}/{info.subresource}")
            ):
                raise resource_not_found()
            return await subresource_handler(resource, info)(Call(request, info, user, store))
        if info.verb not in resource.verbs or info.verb not in VERBS:
            raise _not_allowed(info, resource)
        if resource.custom:  # Their verbs are known from the request alone, whatever the form of the URL.
            if info.verb in ("update", "patch") and not _at_name(request, info):
                raise BadRequest("name must be provided")
        elif not _fits(request, info, resource.namespaced):
            raise method_not_allowed()
        return await resource_handler(resource, info.verb)(Call(request, info, user, store))

    async def _document(self, request: Request, path: str, cluster: LogicalCluster) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        root = path.removeprefix("/").partition("/")[0]
        match root:
            case "healthz" | "livez" | "readyz":
                return await documents.health(path, request, self._checks)
            case "metrics":
                return Response(self._metrics.text(cluster), media_type=CONTENT_TYPE)
            case "backup" if path == "/backup" and not cluster.name:
                return Response(await self._backup(), media_type="application/vnd.sqlite3")
            case "version":
                return documents.version(request)
            case "api" | "apis":
                return documents.discovery(path, request, cluster.discovery, self._address)
            case ".well-known" if path == "/.well-known/openid-configuration":
                return Response(msgspec.json.encode(self._issuer.configuration()))
            case "openid" if path == "/openid/v1/jwks":
                return Response(msgspec.json.encode(self._issuer.key_set()), media_type="application/jwk-set+json")
            case "openapi":
                return documents.openapi(path, request, cluster.openapi)
            case "" if path == "/":
                return documents.paths(cluster.discovery)
        return page_not_found()


def _time_limit(info: RequestInfo, query: Query) -> float | None:
    """The seconds that a request gives itself; what may take as long as it likes has no say in it.

    :raises BadRequest: they cannot be read.
    """
    text = first(query, "timeout")
    if not text or info.verb in ("watch", "proxy") or info.subresource in _LONG_RUNNING:
        return None
    try:
        limit = Duration.parse(text).nanos
    except EvaluationError as error:
        raise BadRequest(f"invalid timeout specified in the request URL - {error}") from None
    return limit / 1e9 if limit > 0 else None


@cache
def _builtin_groups() -> frozenset[str]:
    return frozenset(resource.gvk.group for resource in builtin_resources())


def _fits(request: Request, info: RequestInfo, namespaced: bool) -> bool:
    """Whether the verb goes with the form of the URL: no creation at a name, no writes across namespaces."""
    collection = info.verb in ("list", "watch", "create", "deletecollection")
    if info.verb == "watch":
        return True
    if collection is _at_name(request, info):
        return False
    return not (namespaced and not info.namespace and info.verb != "list")


def _at_name(request: Request, info: RequestInfo) -> bool:
    """Whether the URL names an object; collections have a name in their `RequestInfo` if a field selector gives one."""
    if info.subresource:
        return bool(info.name)
    return bool(info.name) and _ends_with(request, f"{info.resource}/{info.name}")


def _ends_with(request: Request, parts: str) -> bool:
    return bool(request.scope["path"].rstrip("/").endswith(f"/{parts}"))


def _not_allowed(info: RequestInfo, resource: Resource) -> MethodNotAllowed:
    if not resource.custom and not (info.verb == "watch" and "list" in resource.verbs):
        return method_not_allowed()
    target = GroupResource(info.group, info.resource)
    details = {"group": info.group, "kind": info.resource} if info.group else {"kind": info.resource}
    return MethodNotAllowed(f'{info.verb} is not supported on resources of kind "{target}"', details=details)
