"""The webhook server as an ASGI application: one path a webhook, reviews in, answers out.

It bounds how large a body may be and how many are worked on at once, answers what is no review with a clean 400, and
keeps a handler's bug from being more than a refused request.
"""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter

import msgspec

from kubewright.objects.errors import APIError, BadRequest, MethodNotAllowed, NotFound, RequestEntityTooLarge
from kubewright.objects.names import GroupKind, GroupVersion, GroupVersionKind
from kubewright.transport import BodyTooLarge, ClientDisconnected, Receive, Scope, Send, read_body
from kubewright.webhook.admission import Handler
from kubewright.webhook.conversion import Conversions, answer_conversion
from kubewright.webhook.metrics import WebhookCollector, WebhookCounts
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse, MalformedReview, read_review, write_review

logger = logging.getLogger(__name__)

MAX_ADMISSION_BODY = 7 * 1024 * 1024
"""An object of 3 MiB, the API server's limit, may come twice, old and new, with some kilobytes around them."""

MAX_CONVERSION_BODY = 64 * 1024 * 1024
"""A conversion may carry a whole list."""

_DEFAULT_TIMEOUT = 30.0
_JSON = (b"content-type", b"application/json")


def path_of(kind: GroupVersionKind, purpose: str) -> str:
    """``/mutate-apps-v1-deployment``: controller-runtime's path for a kind's webhook; ``purpose`` is its first word."""
    return f"/{purpose}-{kind.group.replace('.', '-')}-{kind.version}-{kind.kind.lower()}"


class WebhookApp:
    """Answers reviews.

    :param max_in_flight: how many requests are read and answered at once; others wait, unread.
    """

    def __init__(self, *, max_in_flight: int = 256) -> None:
        self.metrics = WebhookCollector()
        self._handlers: dict[str, tuple[Handler, WebhookCounts]] = {}
        self._conversions: dict[GroupKind, Conversions] = {}
        self._conversion_counts: WebhookCounts | None = None
        self._slots = asyncio.Semaphore(max_in_flight)

    def add(self, path: str, handler: Handler) -> None:
        """Serve a webhook.

        :raises ValueError: the path is taken.
        """
        if path in self._handlers:
            raise ValueError(f"two webhooks want the path {path}")
        self._handlers[path] = (handler, self.metrics.add(path))

    def add_conversions(self, kind: GroupKind, conversions: Conversions) -> None:
        """Serve the conversions of a kind at ``/convert``."""
        self._conversions[kind] = conversions
        if self._conversion_counts is None:
            self._conversion_counts = self.metrics.add("/convert")

    @property
    def paths(self) -> list[str]:
        return [*self._handlers, *(["/convert"] if self._conversions else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if (route := self._handlers.get(path)) is not None:
            handler, counts = route
        elif path == "/convert" and self._conversion_counts is not None:
            handler, counts = None, self._conversion_counts
        else:
            known = ", ".join(self.paths) or "none"
            await _send_error(send, NotFound(f"no webhook is served at {path}; there are: {known}"))
            return
        started = perf_counter()
        async with self._slots:
            counts.in_flight += 1
            status = 500
            try:
                if scope["method"] != "POST":
                    raise MethodNotAllowed(f"{scope['method']} is not allowed: reviews are posted")
                _check_content_type(scope)
                if handler is None:
                    answer = self._convert(await _read_body(receive, MAX_CONVERSION_BODY))
                else:
                    answer = await _admit(path, handler, counts, scope, await _read_body(receive, MAX_ADMISSION_BODY))
                status = 200
                await _send(send, 200, answer)
            except APIError as error:
                status = error.status_code
                await _send_error(send, error)
            finally:
                counts.in_flight -= 1
                counts.codes[status] += 1
                counts.latency.observe(perf_counter() - started)

    def _convert(self, body: bytes) -> bytes:
        def find(api_version: str, kind: str) -> Conversions | None:
            return self._conversions.get(GroupKind(GroupVersion.parse(api_version).group, kind))

        try:
            answer, converted = answer_conversion(body, find)
        except MalformedReview as error:
            raise BadRequest(str(error)) from error
        if not converted and self._conversion_counts is not None:
            self._conversion_counts.panics += 1
        return answer


async def _admit(path: str, handler: Handler, counts: WebhookCounts, scope: Scope, body: bytes) -> bytes:
    try:
        api_version, request = read_review(body)
    except MalformedReview as error:
        raise BadRequest(str(error)) from error
    try:
        response = handler(request)
        if not isinstance(response, AdmissionResponse):
            async with asyncio.timeout(_timeout(scope)):
                response = await response
    except Exception as error:  # whatever a user's handler raises must neither kill the server nor let the write pass
        counts.panics += 1
        response = _broken(path, request, error)
    return write_review(api_version, request, response)


def _broken(path: str, request: AdmissionRequest, error: Exception) -> AdmissionResponse:
    name = "/".join(filter(None, (request.namespace, request.name)))
    logger.error("webhook %s failed on %s %s %s", path, request.operation, request.resource, name, exc_info=error)
    message = f"the handler failed: {type(error).__name__}: {error}"
    return AdmissionResponse(False, status={"status": "Failure", "message": message, "code": 500})


def _timeout(scope: Scope) -> float:
    """The seconds that the API server waits, from the query ``timeout=10s``."""
    for part in scope["query_string"].split(b"&"):
        key, _, value = part.partition(b"=")
        if key == b"timeout" and value.endswith(b"s") and value[:-1].isdigit():
            return float(value[:-1])
    return _DEFAULT_TIMEOUT


def _check_content_type(scope: Scope) -> None:
    for name, value in scope.get("headers", ()):
        if name == b"content-type" and value.partition(b";")[0].strip().lower() != b"application/json":
            raise BadRequest(
                f"a review of the content type {value.decode('latin-1')} can't be read: send application/json"
            )


async def _read_body(receive: Receive, limit: int) -> bytes:
    try:
        return await read_body(receive, limit)
    except BodyTooLarge:
        raise RequestEntityTooLarge(f"the review is larger than {limit} bytes") from None
    except ClientDisconnected:
        raise BadRequest("the connection broke while the review was read") from None


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [_JSON, (b"content-length", b"%d" % len(body))]
    if status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body stays unread
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_error(send: Send, error: APIError) -> None:
    await _send(send, error.status_code, msgspec.json.encode(error.status()))
