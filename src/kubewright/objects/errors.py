"""API errors: the ``Status`` that Kubernetes answers a failed request with, as a small exception tree.

The API server raises these and writes them as JSON; the client reads that JSON and raises the same ones, so an
in-process client and one across a network fail alike.  Reasons and codes are those of
``k8s.io/apimachinery/pkg/apis/meta/v1`` (``StatusReason``) and ``pkg/api/errors``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from kubewright.objects.names import GroupKind, GroupResource


class Cause(NamedTuple):
    """One of several reasons why a request failed: ``Status.details.causes[]``."""

    reason: str
    message: str
    field: str = ""

    def to_json(self) -> dict[str, str]:
        cause = {"reason": self.reason, "message": self.message, "field": self.field}
        return {key: text for key, text in cause.items() if text}


class APIError(Exception):
    """A request that the API server refused or could not carry out.

    ``code`` is the HTTP status, ``reason`` the machine-readable Kubernetes reason, ``details`` the ``StatusDetails``
    object (group, kind, name, causes, retryAfterSeconds).
    """

    code: ClassVar[int] = 500
    reason: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        code: int | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self._has_details = details is not None
        self.status_code = self.code if code is None else code
        self.status_reason = self.reason if reason is None else reason
        self.continue_token = ""
        """Where an expired list may be taken up again, though not as of the same version."""

    @property
    def causes(self) -> list[Cause]:
        return [
            Cause(cause.get("reason", ""), cause.get("message", ""), cause.get("field", ""))
            for cause in self.details.get("causes") or ()
        ]

    @property
    def retry_after(self) -> int | None:
        """Seconds after which the server asks to try again, where it said so."""
        seconds = self.details.get("retryAfterSeconds")
        return seconds if isinstance(seconds, int) else None

    def status(self) -> dict[str, Any]:
        """The ``v1.Status`` object that describes this error."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_token} if self.continue_token else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.status_reason:
            status["reason"] = self.status_reason
        if self._has_details:
            status["details"] = self.details
        status["code"] = self.status_code
        return status


class BadRequest(APIError):
    code, reason = 400, "BadRequest"


class Unauthorized(APIError):
    code, reason = 401, "Unauthorized"


class Forbidden(APIError):
    code, reason = 403, "Forbidden"


class NotFound(APIError):
    code, reason = 404, "NotFound"

    @classmethod
    def of(cls, resource: GroupResource, name: str) -> NotFound:
        """``deployments.apps "web" not found``."""
        return cls(f'{resource} "{name}" not found', details=resource_details(resource, name))


class MethodNotAllowed(APIError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(APIError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(APIError):
    code, reason = 409, "AlreadyExists"

    @classmethod
    def of(cls, resource: GroupResource, name: str) -> AlreadyExists:
        return cls(f'{resource} "{name}" already exists', details=resource_details(resource, name))


class Conflict(APIError):
    code, reason = 409, "Conflict"

    @classmethod
    def of(cls, resource: GroupResource, name: str, why: str) -> Conflict:
        message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
        return cls(message, details=resource_details(resource, name))


class Gone(APIError):
    """The requested resource version is no longer kept; list again."""

    code, reason = 410, "Expired"


class RequestEntityTooLarge(APIError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(APIError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(APIError):
    """The object, or the request's options, failed validation; ``causes`` name the fields."""

    code, reason = 422, "Invalid"

    @classmethod
    def of(cls, kind: GroupKind, name: str, errors: Sequence[Cause]) -> Invalid:
        """``Deployment.apps "web" is invalid: spec.replicas: Invalid value: ...``."""
        texts = list(dict.fromkeys(f"{e.field}: {e.message}" if e.field else e.message for e in errors))
        summary = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        details: dict[str, Any] = {"name": name, "group": kind.group, "kind": kind.kind}
        details = {key: value for key, value in details.items() if value}
        if errors:
            details["causes"] = [error.to_json() for error in errors]
        return cls(f'{kind} "{name}" is invalid: {summary}', details=details)


class TooManyRequests(APIError):
    code, reason = 429, "TooManyRequests"


class InternalError(APIError):
    code, reason = 500, "InternalError"


class ServiceUnavailable(APIError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(APIError):
    code, reason = 504, "Timeout"


def resource_details(resource: GroupResource, name: str) -> dict[str, Any]:
    """``StatusDetails`` of an error about one object of a resource."""
    details = {"name": name, "group": resource.group, "kind": resource.resource}
    return {key: text for key, text in details.items() if text}


_BY_REASON: dict[str, type[APIError]] = {
    cls.reason: cls
    for cls in (
        BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, AlreadyExists, Conflict, Gone,
        RequestEntityTooLarge, UnsupportedMediaType, Invalid, TooManyRequests, InternalError, ServiceUnavailable,
        Timeout,
    )
}  # fmt: skip
_BY_REASON["Gone"] = Gone
_BY_CODE: dict[int, type[APIError]] = {cls.code: cls for cls in reversed(_BY_REASON.values()) if cls.code != 409}
_BY_CODE[409] = Conflict


def error_from_status(status: dict[str, Any], *, code: int = 500) -> APIError:
    """The exception that a ``Status`` object stands for; ``code`` is the HTTP status, used where it names none."""
    code = status.get("code") or code
    reason = status.get("reason") or ""
    cls = _BY_REASON.get(reason) or _BY_CODE.get(code) or APIError
    message = status.get("message") or f"the server answered {code}"
    return cls(message, details=status.get("details"), code=code, reason=reason)
