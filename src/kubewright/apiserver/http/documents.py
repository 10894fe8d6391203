"""Everything that is served beside resources: health, version, discovery, OpenAPI and the list of paths."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any, Final

from kubewright.apiserver import openapi_protobuf
from kubewright.apiserver.discovery import Discovery
from kubewright.apiserver.http.messages import Request, Response
from kubewright.apiserver.http.negotiation import JSON, PROTOBUF, parse_accept, plain_type
from kubewright.apiserver.http.representation import render
from kubewright.apiserver.http.status import page_not_found, resource_not_found
from kubewright.apiserver.openapi import OpenAPI
from kubewright.apiserver.registry.options import first
from kubewright.apiserver.version import version_info
from kubewright.objects.errors import NotAcceptable

_TEXT = "text/plain; charset=utf-8"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_UNSHARED: Final = "no-cache, private"
_YEAR: Final = 365 * 86400

HealthCheck = Callable[[], Awaitable[str]]
"""Gives what is wrong, or the empty string."""


async def health(path: str, request: Request, checks: Mapping[str, HealthCheck]) -> Response:
    """``/healthz``, ``/livez``, ``/readyz`` and their single checks (``/healthz/ping``)."""
    _, kind, *rest = path.split("/")
    if rest and rest[0]:
        if rest[0] not in checks:
            return page_not_found()
        problem = await checks[rest[0]]()
        return _text(problem or "ok", failed=bool(problem))
    excluded = request.query.get("exclude", ())
    problems = {name: "" if name in excluded else await check() for name, check in checks.items()}
    failed = any(problems.values())
    if not failed and "verbose" not in request.query:
        return _text("ok")
    lines = [_check_line(name, problem, excluded=name in excluded) for name, problem in problems.items()]
    if unknown := [f'"{name}"' for name in sorted(set(excluded) - set(checks))]:
        lines.append(f"warn: some health checks cannot be excluded: no matches for {', '.join(unknown)}")
    return _text("\n".join([*lines, f"{kind} check {'failed' if failed else 'passed'}\n"]), failed=failed)


def _check_line(name: str, problem: str, *, excluded: bool) -> str:
    if excluded:
        return f"[+]{name} excluded: ok"
    return f"[-]{name} failed: {problem}" if problem else f"[+]{name} ok"


def version(request: Request) -> Response:
    return Response(render(version_info(), JSON, pretty=True))


def discovery(path: str, request: Request, documents: Discovery, address: str) -> Response:
    """``/api``, ``/apis`` and what is below them, down to the list of a version's resources.

    :raises NotAcceptable: the client wants neither the legacy nor the aggregated document.
    :raises NotFound: the group has no such version.
    """
    parts = path.strip("/").split("/")
    if len(parts) == 1 and _wants_aggregated(request):
        body = render(documents.aggregated(core=parts[0] == "api"), JSON, pretty=request.pretty)
        return _tagged(request, body, hashlib.sha512(body).hexdigest().upper(), media_type=_AGGREGATED)
    media_type = plain_type(request.headers.get("accept", ""), default="")
    if not media_type:
        raise NotAcceptable(
            "only the following media types are accepted: application/json, application/yaml, "
            "application/vnd.kubernetes.protobuf"
        )
    document: dict[str, Any] | None
    match parts:
        case ["api"]:
            document = documents.core_versions(address)
        case ["apis"]:
            document = documents.group_list()
        case ["api", name]:
            document = documents.resource_list("", name)
        case ["apis", group]:
            document = documents.group(group)
        case _:
            document = documents.resource_list(parts[1], parts[2])
    if document is None:
        if parts[0] == "apis" and not documents.has_built_in(parts[1]):
            return page_not_found()
        raise resource_not_found()
    if media_type == PROTOBUF:
        document = {"apiVersion": "v1", **document}
    return Response(render(document, media_type, pretty=request.pretty), media_type=media_type)


def openapi(path: str, request: Request, documents: OpenAPI) -> Response:
    """``/openapi/v2``, ``/openapi/v3`` and the document of each group version."""
    if path == "/openapi/v3":
        return Response(documents.v3_index())
    if path == "/openapi/v2":
        match _openapi_form(request, "proto-openapi.spec.v2"):
            case "json":
                return _tagged(request, documents.v2(), documents.v2_hash(), cache=_UNSHARED)
            case "protobuf":
                body = documents.v2_protobuf()
                media_type = openapi_protobuf.MEDIA_TYPE
                return _tagged(request, body, documents.v2_hash(), media_type=media_type, cache=_UNSHARED)
        return _nothing_acceptable()
    path = path.removeprefix("/openapi/v3/")
    found = documents.v3(path)
    if found is None:
        return page_not_found()
    if not _openapi_form(request, "proto-openapi.spec.v3"):
        return _nothing_acceptable()
    tag, asked = documents.v3_hash(path), first(request.query, "hash")
    if asked and asked != tag:
        moved = Response(b"", status=301)
        moved.headers.append((b"location", f"{request.scope['path']}?hash={tag}".encode()))
        return moved
    if not asked:
        return _tagged(request, found, tag, cache=_UNSHARED)
    # What the hash names never changes, so that it may be kept for good: at most a year, says HTTP.
    answer = _tagged(request, found, tag, cache="public, immutable")
    answer.headers.append((b"expires", formatdate(time.time() + _YEAR, usegmt=True).encode()))
    return answer


def _openapi_form(request: Request, protobuf: str) -> str:
    """The form that the client likes best: ``json``, ``protobuf``, or none."""
    for clause in parse_accept(request.headers.get("accept", "") or "*/*"):
        if clause.media_type in (JSON, "*/*", "application/*"):
            return "json"
        if protobuf in clause.media_type:
            return "protobuf"
    return ""


def _nothing_acceptable() -> Response:
    """These documents are refused without a word."""
    refusal = Response(b"", status=406)
    refusal.headers = [(name, value) for name, value in refusal.headers if name != b"content-type"]
    return refusal


def _tagged(request: Request, body: bytes, tag: str, *, media_type: str = JSON, cache: str = "public") -> Response:
    """An answer that the client need not be sent again while it has it."""
    quoted = f'"{tag}"'
    asked = request.headers.get("if-none-match", "").split(",")
    known = any(one.strip().removeprefix("W/") in (quoted, "*") for one in asked)
    response = Response(b"" if known else body, status=304 if known else 200, media_type=media_type)
    response.headers[0] = (b"cache-control", cache.encode())
    response.headers += [(b"etag", quoted.encode()), (b"vary", b"Accept")]
    return response


def paths(documents: Discovery) -> Response:
    """``/``: where to go from here."""
    groups = documents.group_list()["groups"]
    found = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/"]
    for group in groups:
        found.append(f"/apis/{group['name']}")
        found += [f"/apis/{version['groupVersion']}" for version in group["versions"]]
    found += ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"]
    return Response(render({"paths": sorted(found)}, JSON, pretty=True))


def _wants_aggregated(request: Request) -> bool:
    """Whether the aggregated document is the first that the client accepts.

    :raises NotAcceptable: it asks for a version of it that there is not, and for nothing else.
    """
    for clause in parse_accept(request.headers.get("accept", "")):
        if clause.parameters.get("as") == "APIGroupDiscoveryList":
            if clause.parameters.get("g") == "apidiscovery.k8s.io" and clause.parameters.get("v") == "v2":
                return True
        elif clause.media_type in (JSON, "*/*", "application/*"):
            return False
    if any("as" in clause.parameters for clause in parse_accept(request.headers.get("accept", ""))):
        raise NotAcceptable("only the following media types are accepted: application/json")
    return False


def _text(text: str, *, failed: bool = False) -> Response:
    return Response(text.encode(), status=500 if failed else 200, media_type=_TEXT)
