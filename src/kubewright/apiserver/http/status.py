"""Errors as the client sees them: a ``Status`` object, or go-restful's plain text for paths that lead nowhere."""

from __future__ import annotations

from kubewright.apiserver.http.messages import Request, Response
from kubewright.apiserver.http.negotiation import plain_type
from kubewright.apiserver.http.representation import render
from kubewright.objects.errors import APIError, MethodNotAllowed, NotFound

NOT_FOUND = "the server could not find the requested resource"
NOT_ALLOWED = "the server does not allow this method on the requested resource"


def error_response(error: APIError, request: Request) -> Response:
    """The answer that tells of an error, in JSON unless the client wants another form."""
    media_type = plain_type(request.headers.get("accept", ""))
    body = render(error.status(), media_type, pretty=request.pretty)
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
