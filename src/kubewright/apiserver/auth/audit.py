"""The audit log: one line of JSON for every request that was answered, at the Metadata level.

What a request was, who made it and how it ended goes in; an ``audit.k8s.io/v1`` Event goes to the file
(``--audit-log-path``, ``-`` for standard output).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from kubewright.apiserver.auth.authorizer import Decision
from kubewright.apiserver.request import RequestInfo, UserInfo


def audit_event(
    request: RequestInfo,
    user: UserInfo | None,
    *,
    audit_id: str,
    uri: str,
    received: float,
    finished: float,
    code: int,
    decision: Decision | None,
    impersonated: UserInfo | None = None,
    source: str = "",
    user_agent: str = "",
    status: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The event of a request that has been answered.

    :param user: who authenticated, None where nobody did; ``impersonated`` whom he acted as.
    :param uri: path and query, as sent.
    :param received: when, in seconds since the epoch; ``finished`` likewise.
    :param decision: whether he might; None where that was not asked.
    :param status: the Status object of an answer that was a failure.
    :param annotations: those that admission added.
    """
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": audit_id,
        "stage": "ResponseComplete",
        "requestURI": uri,
        "verb": request.verb,
        "user": user.to_json() if user is not None else {},
    }
    if impersonated is not None:
        event["impersonatedUser"] = impersonated.to_json()
    if source:
        event["sourceIPs"] = [source]
    if user_agent:
        event["userAgent"] = user_agent
    if request.is_resource:
        event["objectRef"] = _object_reference(request)
    failure = (
        {part: status[part] for part in ("status", "message", "reason", "details") if status.get(part)}
        if status
        else {}
    )
    event["responseStatus"] = {"metadata": {}, **failure, "code": code}
    event["requestReceivedTimestamp"] = _micro_time(received)
    event["stageTimestamp"] = _micro_time(finished)
    found = dict(annotations or {})
    if decision is not None:
        found["authorization.k8s.io/decision"] = "allow" if decision.allowed else "forbid"
        found["authorization.k8s.io/reason"] = decision.reason
    if found:
        event["annotations"] = found
    return event


def _object_reference(request: RequestInfo) -> dict[str, str]:
    reference = {
        "resource": request.resource,
        "namespace": request.namespace,
        "name": request.name,
        "apiGroup": request.group,
        "apiVersion": request.version,
        "subresource": request.subresource,
    }
    return {part: text for part, text in reference.items() if text}


def _micro_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class AuditLog:
    """Appends events to a file.

    :raises OSError: the file cannot be opened for appending.
    """

    def __init__(self, path: str) -> None:
        self._file: BinaryIO = sys.stdout.buffer if path == "-" else Path(path).open("ab")  # noqa: SIM115 - see close()

    def write(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Write events out before returning."""
        self._file.write(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
        self._file.flush()

    def close(self) -> None:
        if self._file is not sys.stdout.buffer:
            self._file.close()
