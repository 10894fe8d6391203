"""The conditions that an object's status shows of its runs.

``Running``, ``Successful`` and ``Failure`` are the Ansible operator's, with its reasons, messages and
``ansibleResult``; ``Ready`` beside them is the standard one, with the generation that was reconciled, for
``kubectl wait`` and its like.
A status comes in as plain JSON and is changed in place; time is handed in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from kubewright.ansible.events import Stats
from kubewright.objects.time import format_time

_OUR_REASONS = frozenset({"Reconciling", "Reconciled", "ReconcileFailed"})


def mark_running(status: dict[str, Any], generation: int, at: dt.datetime) -> None:
    """A run begins.  ``Ready`` stays what it is unless there is something new to reconcile."""
    successful = find(status, "Successful")
    if successful is not None:
        _set(status, {**successful, "status": "False"}, at)
    _set(status, _condition("Running", "True", "Running", "Running reconciliation"), at)
    ready = find(status, "Ready")
    if ready is None or ready.get("observedGeneration") != generation:
        _set_ready(status, "Unknown", "Reconciling", "Running reconciliation", generation, at)


def mark_succeeded(status: dict[str, Any], generation: int, stats: Stats, at: dt.datetime) -> None:
    """A run has ended well."""
    awaiting = _condition("Running", "True", "Successful", "Awaiting next reconciliation")
    _set(status, {**awaiting, "ansibleResult": ansible_result(stats, at)}, at)
    _set(status, _condition("Successful", "True", "Successful", "Last reconciliation succeeded"), at)
    _set(status, _condition("Failure", "False", "", ""), at)
    _set_ready(status, "True", "Reconciled", "Last reconciliation succeeded", generation, at)


def mark_failed(
    status: dict[str, Any], generation: int, stats: Stats | None, messages: Sequence[str], at: dt.datetime
) -> None:
    """A run has failed, or could not be made.

    :param stats: None if it broke off, or never began.
    """
    message = "\n".join(messages)
    running = find(status, "Running")
    if running is not None:
        _set(status, {**running, "status": "False"}, at)
    failure = _condition("Failure", "True", "Failed", message)
    _set(status, failure if stats is None else {**failure, "ansibleResult": ansible_result(stats, at)}, at)
    _set(status, _condition("Successful", "False", "", ""), at)
    _set_ready(status, "False", "ReconcileFailed", message, generation, at)


def ansible_result(stats: Stats, at: dt.datetime) -> dict[str, Any]:
    """The ``ansibleResult`` of a condition."""
    completion = at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return {
        "ok": stats.ok,
        "changed": stats.changed,
        "skipped": stats.skipped,
        "failures": stats.failures,
        "completion": f"{completion}+00:00",
    }


def find(status: dict[str, Any], type: str) -> dict[str, Any] | None:
    """The condition of a type, if there is one."""
    conditions = status.get("conditions")
    if not isinstance(conditions, list):
        return None
    return next((one for one in conditions if isinstance(one, dict) and one.get("type") == type), None)


def _condition(type: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": type, "status": status, "reason": reason, "message": message}


def _set_ready(status: dict[str, Any], ready: str, reason: str, message: str, generation: int, at: dt.datetime) -> None:
    """A ``Ready`` with a reason of somebody else's is the role's own, and its business."""
    known = find(status, "Ready")
    if known is not None and known.get("reason") not in _OUR_REASONS:
        return
    _set(status, {**_condition("Ready", ready, reason, message), "observedGeneration": generation}, at)


def _set(status: dict[str, Any], condition: dict[str, Any], at: dt.datetime) -> None:
    """Put a condition in its place; the time of the last transition changes with the status alone."""
    known = find(status, condition["type"])
    same = known is not None and known.get("status") == condition["status"]
    transition = known.get("lastTransitionTime") if same and known is not None else None
    condition = {**condition, "lastTransitionTime": transition or format_time(at)}
    conditions = status.get("conditions")
    if not isinstance(conditions, list):
        conditions = status["conditions"] = []
    if known is None:
        conditions.append(condition)
    else:
        conditions[conditions.index(known)] = condition
