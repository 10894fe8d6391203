"""Everything that is served beside resources: health, version, discovery, OpenAPI and the list of paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from kubewright.apiserver import openapi_protobuf
from kubewright.apiserver.discovery import Discovery
from kubewright.apiserver.http.messages import Request, Response
from kubewright.apiserver.http.negotiation import JSON, Clause, accepts_json, parse_accept
from kubewright.apiserver.http.representation import render
from kubewright.apiserver.http.status import page_not_found, resource_not_found
from kubewright.apiserver.openapi import OpenAPI
from kubewright.apiserver.version import version_info
from kubewright.objects.errors import NotAcceptable

_TEXT = "text/plain; charset=utf-8"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

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
    excluded = set(request.query.get("exclude", ()))
    problems = {name: await check() for name, check in checks.items() if name not in excluded}
    failed = any(problems.values())
    if not failed and "verbose" not in request.query:
        return _text("ok")
    lines = [f"[+]{name} ok" if not problem else f"[-]{name} failed: {problem}" for name, problem in problems.items()]
    return _text("\n".join([*lines, f"{kind} check {'failed' if failed else 'passed'}\n"]), failed=failed)


def version(request: Request) -> Response:
    return Response(render(version_info(), JSON, pretty=True))


def discovery(path: str, request: Request, documents: Discovery, address: str) -> Response:
    """``/api``, ``/apis`` and what is below them, down to the list of a version's resources.

    :raises NotAcceptable: the client wants neither the legacy nor the aggregated document.
    :raises NotFound: the group has no such version.
    """
    parts = path.strip("/").split("/")
    if len(parts) == 1 and _wants_aggregated(request):
        return Response(render(documents.aggregated(core=parts[0] == "api"), JSON), media_type=_AGGREGATED)
    if not accepts_json(request.headers.get("accept", "")):
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
        if parts[0] == "apis" and not documents.has_group(parts[1]):
            return page_not_found()
        raise resource_not_found()
    return Response(render(document, JSON))


def openapi(path: str, request: Request, documents: OpenAPI) -> Response:
    """``/openapi/v2``, ``/openapi/v3`` and the document of each group version."""
    if path == "/openapi/v2" and any("proto-openapi.spec.v2" in one.media_type for one in _accepted(request)):
        return Response(documents.v2_protobuf(), media_type=openapi_protobuf.MEDIA_TYPE)
    if path == "/openapi/v2":
        return Response(documents.v2())
    if path == "/openapi/v3":
        return Response(documents.v3_index())
    found = documents.v3(path.removeprefix("/openapi/v3/"))
    return page_not_found() if found is None else Response(found)


def paths(documents: Discovery) -> Response:
    """``/``: where to go from here."""
    groups = documents.group_list()["groups"]
    found = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/"]
    for group in groups:
        found.append(f"/apis/{group['name']}")
        found += [f"/apis/{version['groupVersion']}" for version in group["versions"]]
    found += ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"]
    return Response(render({"paths": sorted(found)}, JSON, pretty=True))


def _accepted(request: Request) -> Sequence[Clause]:
    return parse_accept(request.headers.get("accept", ""))


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
