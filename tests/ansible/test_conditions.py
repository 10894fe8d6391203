from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kubewright.ansible.conditions import ansible_result, find, mark_failed, mark_running, mark_succeeded
from kubewright.ansible.events import Stats

AT = dt.datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(minutes=1)
STATS = Stats(ok=3, changed=1, skipped=2)
RESULT = {"ok": 3, "changed": 1, "skipped": 2, "failures": 0, "completion": "2026-01-02T03:04:05.12+00:00"}


def brief(status: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {one["type"]: (one["status"], one["reason"], one["message"]) for one in status["conditions"]}


def test_a_first_run_begins() -> None:
    status: dict[str, Any] = {}
    mark_running(status, 1, AT)
    assert brief(status) == {
        "Running": ("True", "Running", "Running reconciliation"),
        "Ready": ("Unknown", "Reconciling", "Running reconciliation"),
    }


def test_a_run_ends_well() -> None:
    status: dict[str, Any] = {"nodes": ["a"]}
    mark_running(status, 1, AT)
    mark_succeeded(status, 1, STATS, AT)
    assert brief(status) == {
        "Running": ("True", "Successful", "Awaiting next reconciliation"),
        "Ready": ("True", "Reconciled", "Last reconciliation succeeded"),
        "Successful": ("True", "Successful", "Last reconciliation succeeded"),
        "Failure": ("False", "", ""),
    }
    running = find(status, "Running")
    assert running is not None and running["ansibleResult"] == RESULT
    assert status["nodes"] == ["a"]


def test_a_run_fails() -> None:
    status: dict[str, Any] = {}
    mark_running(status, 1, AT)
    mark_failed(status, 1, STATS, ["new failure message", "another"], AT)
    assert brief(status) == {
        "Running": ("False", "Running", "Running reconciliation"),
        "Ready": ("False", "ReconcileFailed", "new failure message\nanother"),
        "Failure": ("True", "Failed", "new failure message\nanother"),
        "Successful": ("False", "", ""),
    }
    failure = find(status, "Failure")
    assert failure is not None and failure["ansibleResult"] == RESULT


def test_a_run_that_broke_off_has_no_result() -> None:
    status: dict[str, Any] = {}
    mark_failed(status, 1, None, ["the play broke off"], AT)
    failure = find(status, "Failure")
    assert failure is not None and "ansibleResult" not in failure
    assert find(status, "Running") is None


def test_ready_stays_true_while_the_same_generation_is_reconciled_again() -> None:
    status: dict[str, Any] = {}
    mark_succeeded(status, 1, STATS, AT)
    mark_running(status, 1, LATER)
    ready, successful = find(status, "Ready"), find(status, "Successful")
    assert ready is not None and ready["status"] == "True" and ready["observedGeneration"] == 1
    assert successful is not None and successful["status"] == "False"
    mark_running(status, 2, LATER)
    ready = find(status, "Ready")
    assert ready is not None and ready["status"] == "Unknown" and ready["observedGeneration"] == 2


def test_the_time_of_a_transition_changes_with_the_status_alone() -> None:
    status: dict[str, Any] = {}
    mark_failed(status, 1, None, ["one"], AT)
    mark_failed(status, 1, None, ["two"], LATER)
    failure = find(status, "Failure")
    assert failure is not None and (failure["message"], failure["lastTransitionTime"]) == (
        "two",
        "2026-01-02T03:04:05Z",
    )


def test_a_ready_condition_of_the_roles_own_is_left_alone() -> None:
    own = {"type": "Ready", "status": "True", "reason": "DatabaseUp", "message": "", "lastTransitionTime": "x"}
    status: dict[str, Any] = {"conditions": [dict(own)]}
    mark_running(status, 5, AT)
    mark_failed(status, 5, None, ["x"], AT)
    assert find(status, "Ready") == own


@pytest.mark.parametrize(("microsecond", "written"), [(0, "05"), (100000, "05.1"), (123456, "05.123456")])
def test_a_completion_time_has_no_zeros_at_its_end(microsecond: int, written: str) -> None:
    result = ansible_result(Stats(), AT.replace(microsecond=microsecond))
    assert result["completion"] == f"2026-01-02T03:04:{written}+00:00"
