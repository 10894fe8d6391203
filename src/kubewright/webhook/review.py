"""AdmissionReview as a webhook sees it: bytes of a request in, a typed `AdmissionRequest`; an `AdmissionResponse` out,
bytes of the answer.  No I/O; the objects inside stay undecoded until a handler asks for them.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Any, Literal, TypeVar

import msgspec

from kubewright.objects.names import GroupVersionKind, GroupVersionResource

GROUP = "admission.k8s.io"

R = TypeVar("R")

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


class MalformedReview(ValueError):
    """The body is no review that a webhook can answer."""


class UserInfo(msgspec.Struct, rename="camel"):
    """Who asks."""

    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class _Kind(msgspec.Struct):
    group: str = ""
    version: str = ""
    kind: str = ""


class _Resource(msgspec.Struct):
    group: str = ""
    version: str = ""
    resource: str = ""


class _Request(msgspec.Struct, rename="camel"):
    uid: str
    kind: _Kind
    resource: _Resource
    operation: Operation
    sub_resource: str = ""
    request_kind: _Kind | None = None
    request_resource: _Resource | None = None
    name: str = ""
    namespace: str = ""
    user_info: UserInfo = msgspec.field(default_factory=UserInfo)
    object: msgspec.Raw = msgspec.Raw(b"null")
    old_object: msgspec.Raw = msgspec.Raw(b"null")
    dry_run: bool = False
    options: msgspec.Raw = msgspec.Raw(b"null")


class _Review(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    request: _Request | None = None


class AdmissionRequest:
    """One write that the API server asks about.

    ``object`` is the state that is asked for (None for DELETE), ``old_object`` the stored one (None for CREATE), both
    as plain JSON; ``object_json`` and ``old_object_json`` are their text.
    """

    def __init__(self, request: _Request) -> None:
        self._request = request
        self.uid = request.uid
        self.operation: Operation = request.operation
        self.name = request.name
        self.namespace = request.namespace
        self.subresource = request.sub_resource
        self.user = request.user_info
        self.dry_run = request.dry_run
        self.warnings: list[str] = []
        self.audit_annotations: dict[str, str] = {}

    def warn(self, text: str) -> None:
        """Show the user a warning, whether the request is allowed or not; the API server cuts it at 256 characters."""
        self.warnings.append(text)

    def annotate(self, key: str, value: str) -> None:
        """Leave a note in the audit log, under ``WEBHOOK/key``."""
        self.audit_annotations[key] = value

    @property
    def kind(self) -> GroupVersionKind:
        """The kind of ``object``: for a subresource that of its body, such as ``autoscaling/v1 Scale``."""
        kind = self._request.kind
        return GroupVersionKind(kind.group, kind.version, kind.kind)

    @property
    def resource(self) -> GroupVersionResource:
        resource = self._request.resource
        return GroupVersionResource(resource.group, resource.version, resource.resource)

    @property
    def object_json(self) -> bytes:
        return bytes(self._request.object)

    @property
    def old_object_json(self) -> bytes:
        return bytes(self._request.old_object)

    @cached_property
    def object(self) -> dict[str, Any] | None:
        plain: dict[str, Any] | None = msgspec.json.decode(self._request.object)
        return plain

    @cached_property
    def old_object(self) -> dict[str, Any] | None:
        plain: dict[str, Any] | None = msgspec.json.decode(self._request.old_object)
        return plain

    @cached_property
    def options(self) -> dict[str, Any]:
        """The CreateOptions, UpdateOptions, ... of the request."""
        plain: dict[str, Any] | None = msgspec.json.decode(self._request.options)
        return plain or {}


class AdmissionResponse(msgspec.Struct):
    """The answer to a request.

    :param patch: JSON patch operations for ``object`` (mutating webhooks only).
    :param status: the ``Status`` to refuse with: ``message``, ``reason``, ``code`` and ``details``.
    """

    allowed: bool = True
    patch: list[dict[str, Any]] = []
    status: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Review)


def decode_review(body: bytes, decoder: msgspec.json.Decoder[R], what: str) -> R:
    """A review of either sort.

    :raises MalformedReview: the body is something else, or nested beyond all measure.
    """
    try:
        if not body.isascii():
            body.decode()  # what isn't decoded here is text as well
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedReview(f"not {what}: {error}") from error


def read_review(body: bytes) -> tuple[str, AdmissionRequest]:
    """The review's ``apiVersion`` and its request.

    :raises MalformedReview: the body is something else.
    """
    review = decode_review(body, _decoder, "an AdmissionReview")
    if review.kind != "AdmissionReview" or not review.api_version.startswith(f"{GROUP}/"):
        found = f"apiVersion {review.api_version!r}, kind {review.kind!r}"
        raise MalformedReview(f"not an AdmissionReview of {GROUP}: {found}")
    if review.request is None:
        raise MalformedReview("the AdmissionReview has no request")
    request = review.request
    for field, raw in (("object", request.object), ("oldObject", request.old_object), ("options", request.options)):
        if memoryview(raw)[0] not in b"{n":
            raise MalformedReview(f"the AdmissionReview's request.{field} is no object")
    return review.api_version, AdmissionRequest(review.request)


def write_review(api_version: str, request: AdmissionRequest, response: AdmissionResponse) -> bytes:
    """The body of the answer, with the warnings and annotations gathered on the request."""
    body: dict[str, Any] = {"uid": request.uid, "allowed": response.allowed}
    if response.patch:
        body["patchType"] = "JSONPatch"
        body["patch"] = base64.b64encode(msgspec.json.encode(response.patch)).decode()
    if response.status is not None:
        body["status"] = response.status
    if request.warnings:
        body["warnings"] = request.warnings
    if request.audit_annotations:
        body["auditAnnotations"] = request.audit_annotations
    return msgspec.json.encode({"apiVersion": api_version, "kind": "AdmissionReview", "response": body})
