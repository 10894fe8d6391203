"""Errors as the client sees them: a ``Status`` object, or go-restful's plain text for paths that lead nowhere."""

from __future__ import annotations

from kubewright.apiserver.http.messages import Request, Response
from kubewright.apiserver.http.negotiation import JSON, PROTOBUF, YAML, parse_accept
from kubewright.apiserver.http.representation import render
from kubewright.objects.errors import APIError, MethodNotAllowed, NotFound

NOT_FOUND = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"


def error_response(error: APIError, request: Request) -> Response:
    """The answer that tells of an error, in JSON unless the client wants another form."""
    clauses = parse_accept(request.headers.get("accept", ""))
    media_type = clauses[0].media_type if clauses and clauses[0].media_type in (YAML, PROTOBUF) else JSON
    body = render(error.status(), media_type)
    response = Response(body, status=error.status_code, media_type=media_type)
    if error.retry_after is not None:
        response.headers.append((b"retry-after", b"%d" % error.retry_after))
    if error.status_code == 401:
        response.headers.append((b"www-authenticate", b'Bearer realm="kubernetes-master"'))
    return response


def page_not_found() -> Response:
    return Response(b"404 page not found\n", status=404, media_type="text/plain; charset=utf-8")


def resource_not_found() -> NotFound:
    return NotFound(NOT_FOUND, details={})


def method_not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed(NOT_ALLOWED, details={})
