"""What simulated containers have written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubewright.apiserver.http.pod_logs import LogOptions, log_text, run_of
from kubewright.objects.errors import BadRequest

START = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
ENDED = {"terminated": {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z"}}


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, **annotations: str) -> dict[str, Any]:
    named = {f"kubewright.dev/{name.replace('_', '-')}": text for name, text in annotations.items()}
    status = {"name": "c", "state": state, **({"lastState": last} if last else {})}
    return {
        "metadata": {"name": "p", "annotations": {"kubewright.dev/logs": "a\nb\nc\nd\n", **named}},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"containerStatuses": [status]},
    }


def log(of: dict[str, Any], seconds: float, **query: str) -> str:
    now = START + timedelta(seconds=seconds)
    options = LogOptions.of({name: [value] for name, value in query.items()}, now)
    return log_text(run_of(of, "c", previous=options.previous), options, now).decode()


def test_lines_are_written_at_the_start_or_one_after_the_other() -> None:
    assert log(pod(RUNNING), 0) == "a\nb\nc\nd\n"
    assert log(pod(RUNNING, log_interval="1"), 1.5) == "a\nb\n"
    assert log(pod(ENDED, log_interval="1"), 60) == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"tailLines": "2"}, "c\nd\n"),
        ({"tailLines": "0"}, ""),
        ({"sinceSeconds": "1"}, "d\n"),
        ({"sinceTime": "2026-01-01T00:00:02Z"}, "c\nd\n"),
        ({"limitBytes": "3"}, "a\nb"),
        ({"tailLines": "1", "timestamps": "true"}, "2026-01-01T00:00:03.000000000Z d\n"),
    ],
)
def test_a_part_of_the_log_can_be_had(query: dict[str, str], text: str) -> None:
    assert log(pod(RUNNING, log_interval="1"), 3.5, **query) == text


def test_while_a_container_waits_to_restart_its_last_log_is_shown() -> None:
    crashed = pod({"waiting": {"reason": "CrashLoopBackOff"}}, ENDED)
    assert log(crashed, 5) == log(crashed, 5, previous="true") == "a\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("state", "previous", "text"),
    [
        (RUNNING, "true", 'previous terminated container "c" in pod "p" not found'),
        ({"waiting": {"reason": "ImagePullBackOff"}}, "", "waiting to start: trying and failing to pull image"),
        ({"waiting": {"reason": "PodInitializing"}}, "", "waiting to start: PodInitializing"),
    ],
)
def test_without_a_run_there_is_no_log(state: dict[str, Any], previous: str, text: str) -> None:
    with pytest.raises(BadRequest, match=text):
        log(pod(state), 0, previous=previous or "false")


def test_logs_may_be_one_container_s_own() -> None:
    own = pod(RUNNING)
    own["metadata"]["annotations"]["kubewright.dev/logs.c"] = "mine"
    assert log(own, 0) == "mine\n"
