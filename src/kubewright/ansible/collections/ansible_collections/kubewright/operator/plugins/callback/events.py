"""Tells the operator what happens in a run: one JSON object a line, on the run's own socket."""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.callback import CallbackBase

from kubewright.ansible.events import Event, Stats, failure_message
from kubewright.ansible.warm_process import EVENTS, tell

DOCUMENTATION = """
name: events
type: notification
short_description: tells the operator what happens in a run
description: [Enabled by the operator itself; it does nothing elsewhere.]
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "kubewright.operator.events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.disabled = EVENTS not in os.environ

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        tell(Event("task_start", _name(task), task.resolved_action or task.action))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tell("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._tell("failed", result, ignored=bool(ignore_errors))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._tell("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._tell("skipped", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = [stats.summarize(host) for host in stats.processed]
        tell(
            Event("stats", stats=Stats(**{name: sum(host[name] for host in hosts) for name in Stats.__struct_fields__}))
        )

    def _tell(self, event: Any, result: Any, *, ignored: bool = False) -> None:
        task, told = result.task, result.result
        hidden = task.no_log or told.get("_ansible_no_log")
        failed = event in ("failed", "unreachable")
        tell(
            Event(
                event,
                _name(task),
                task.resolved_action or task.action,
                message=("a task that does not log has failed" if hidden else failure_message(told)) if failed else "",
                period=str(told.get("period") or ""),
                changed=bool(told.get("changed")),
                ignored=ignored,
            )
        )


def _name(task: Any) -> str:
    return str(task.name or task.action)
