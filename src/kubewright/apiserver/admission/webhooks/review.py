"""AdmissionReview, written for a webhook and read back: no I/O.

A matched write goes in and the bytes of a review come out; the bytes of the answer go in and a `Verdict` comes out, or
an `InvalidAnswer` that says what is wrong with it.  Follows `k8s.io/apiserver/pkg/admission/plugin/webhook/request` and
``.../errors``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.rules import Target
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

GROUP = "admission.k8s.io"
SUPPORTED_VERSIONS = ("v1", "v1beta1")


class InvalidAnswer(Exception):
    """The webhook's answer is no valid AdmissionReview for the request."""


class Verdict(msgspec.Struct, rename="camel"):
    """The ``response`` of an AdmissionReview; ``patch`` is base64 as it came."""

    uid: str = ""
    allowed: bool = False
    status: dict[str, Any] | None = None
    patch: str | None = None
    patch_type: str | None = None
    audit_annotations: dict[str, str] | None = None
    warnings: list[str] | None = None

    def rejection(self, webhook: str) -> APIError:
        """The error that a denied request is answered with."""
        status = self.status or {}
        denied = f'admission webhook "{webhook}" denied the request'
        message, reason = status.get("message") or "", status.get("reason") or ""
        return APIError(
            f"{denied}: {message or reason}" if message or reason else f"{denied} without explanation",
            details=status.get("details"),
            code=max(status.get("code") or 0, 400),
            reason=reason,
        )

    def operations(self) -> list[dict[str, Any]]:
        """The JSON patch, decoded.

        :raises ValueError: it is not base64, not JSON, or not a list of operations.
        """
        if not self.patch:
            return []
        operations = msgspec.json.decode(base64.b64decode(self.patch), type=list[dict[str, Any]] | None)
        return operations or []


class _Review(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    response: Verdict | None = None


_decoder = msgspec.json.Decoder(_Review)


def supported_version(versions: list[str]) -> str | None:
    """The first of a webhook's ``admissionReviewVersions`` that the server speaks."""
    return next((version for version in versions if version in SUPPORTED_VERSIONS), None)


def request_body(
    attributes: Attributes, target: Target, *, uid: str, version: str, obj: Object | None, old: Object | None
) -> bytes:
    """The AdmissionReview to send; ``obj`` and ``old`` are in the version of ``target``."""
    request: dict[str, Any] = {
        "uid": uid,
        "kind": _kind(target.kind),
        "resource": _resource(target.resource),
        "requestKind": _kind(attributes.kind),
        "requestResource": _resource(attributes.resource),
    }
    if attributes.subresource:
        request["subResource"] = request["requestSubResource"] = attributes.subresource
    if attributes.name:
        request["name"] = attributes.name
    if attributes.namespace:
        request["namespace"] = attributes.namespace
    request |= {
        "operation": attributes.operation,
        "userInfo": attributes.user.to_json(),
        "object": obj,
        "oldObject": old,
        "dryRun": attributes.dry_run,
        "options": attributes.options or None,
    }
    return msgspec.json.encode({"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request})


def read_answer(body: bytes, *, uid: str, version: str, mutating: bool) -> Verdict:
    """The verdict in an answer, checked against the request it belongs to.

    :raises InvalidAnswer: it is malformed, for another request, or patches where that is not allowed.
    """
    try:
        review = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidAnswer(f"couldn't get version/kind; json parse error: {error}") from error
    verdict = review.response
    if verdict is None:
        raise InvalidAnswer("webhook response was absent")
    if version == "v1beta1":  # the older version was never strict about these
        if verdict.patch:
            verdict.patch_type = "JSONPatch"
        return verdict
    if verdict.uid != uid:
        raise InvalidAnswer(f'expected response.uid="{uid}", got "{verdict.uid}"')
    expected = GroupVersionKind(GROUP, version, "AdmissionReview")
    received = GroupVersionKind.parse(review.api_version, review.kind)
    if received != expected:
        raise InvalidAnswer(f"expected webhook response of {expected}, got {received}")
    if mutating:
        _check_patch(verdict)
    elif verdict.patch:
        raise InvalidAnswer("validating webhook may not return response.patch")
    elif verdict.patch_type is not None:
        raise InvalidAnswer("validating webhook may not return response.patchType")
    return verdict


def _check_patch(verdict: Verdict) -> None:
    if verdict.patch and verdict.patch_type is None:
        raise InvalidAnswer("webhook returned response.patch but not response.patchType")
    if not verdict.patch and verdict.patch_type is not None:
        raise InvalidAnswer("webhook returned response.patchType but not response.patch")
    if verdict.patch_type == "":
        raise InvalidAnswer('webhook returned invalid response.patchType of ""')
    try:
        base64.b64decode(verdict.patch or "", validate=True)
    except binascii.Error as error:
        raise InvalidAnswer(f"illegal base64 data in response.patch: {error}") from error


def _kind(kind: GroupVersionKind) -> Mapping[str, str]:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _resource(resource: GroupVersionResource) -> Mapping[str, str]:
    return {"group": resource.group, "version": resource.version, "resource": resource.resource}
