"""Level 4: the operator is measured, tells what happens, and somebody is called when it does not work."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client import generate_latest

from kubewright.manager import Manager
from kubewright.objects.events_v1 import Event
from kubewright.testing.capabilities.checks import Check, Result
from kubewright.testing.capabilities.trial import Trial

METRICS = Check(
    4, "the operator's health is measured", "leave --metrics-bind-address on; these metrics come by themselves"
)
ALERTS = Check(
    4,
    "alerts call for help",
    "put PrometheusRules into config/prometheus: alerts with an expression, a severity, a summary and a runbook_url, "
    "one of them critical",
)
EVENTS = Check(4, "records events", "tell of what happens with ctx.event(reason, note)")
CONDITIONS = Check(
    4,
    "records an event on each change of a condition",
    "if ctx.condition(type, status, reason=reason): ctx.event(reason, note)",
)

CHECKS = (METRICS, ALERTS, EVENTS, CONDITIONS)

PRESENT = (
    "workqueue_depth",
    "workqueue_adds_total",
    "workqueue_queue_duration_seconds",
    "workqueue_work_duration_seconds",
    "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds",
    "workqueue_retries_total",
    "rest_client_requests_total",
    "controller_runtime_reconcile_total",
    "controller_runtime_reconcile_errors_total",
    "controller_runtime_terminal_reconcile_errors_total",
    "controller_runtime_reconcile_time_seconds",
    "controller_runtime_max_concurrent_reconciles",
    "controller_runtime_active_workers",
)
"""What kubebuilder's reference lists for every operator; dashboards and alerts are written against these names."""

SEVERITIES = ("critical", "warning", "info")

_URL = re.compile(r"https?://\S+\Z")


def is_measured(operator: str, manager: Manager) -> Result:
    """The metrics of an operator that has worked, as they are scraped."""
    scraped = generate_latest(manager.metrics.registry).decode()
    missing = [name for name in PRESENT if not re.search(rf"^{name}(_bucket|_count)?[ {{]", scraped, re.MULTILINE)]
    if missing:
        return METRICS.failed(operator, f"not among the metrics: {', '.join(missing)}")
    return METRICS.passed(operator, f"{len(PRESENT)} metrics that dashboards rely on")


def has_alerts(operator: str, rules: Sequence[dict[str, Any]]) -> Result:
    """Alert rules, looked through as ``promtool check rules`` and the Operator Framework's guidelines ask.

    :param rules: PrometheusRules, or files of rule groups as Prometheus reads them.
    """
    alerts = list(_alerts(rules))
    if not alerts:
        return ALERTS.failed(operator, "there is no alert rule in config/prometheus")
    wrong = [f"{alert['alert']}: {text}" for alert in alerts for text in _wrong(alert)]
    if not any((alert.get("labels") or {}).get("severity") == "critical" for alert in alerts):
        wrong.append("no alert is critical")
    if wrong:
        return ALERTS.failed(operator, "; ".join(wrong))
    return ALERTS.passed(operator, f"{len(alerts)} alerts")


def _alerts(rules: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in rules:
        for group in (one.get("spec") or one).get("groups") or ():
            yield from (rule for rule in group.get("rules") or () if "alert" in rule)


def _wrong(alert: dict[str, Any]) -> Iterator[str]:
    labels, annotations = alert.get("labels") or {}, alert.get("annotations") or {}
    if not alert.get("expr"):
        yield "has no expr"
    if labels.get("severity") not in SEVERITIES:
        yield f"its severity is none of {', '.join(SEVERITIES)}"
    if not annotations.get("summary"):
        yield "has no summary"
    if not _URL.match(str(annotations.get("runbook_url", ""))):
        yield "has no runbook_url"


async def records_events(trial: Trial) -> list[Result]:
    events = await trial.client.list(Event, namespace=trial.namespace)
    uid = trial.sample.metadata.uid
    reasons = {one.reason or "" for one in events if one.regarding and one.regarding.uid == uid}
    said = f"events: {', '.join(sorted(reasons))}"
    if not reasons:
        return [EVENTS.failed(trial.name, "no event about it"), _conditions(trial, reasons)]
    return [EVENTS.passed(trial.name, said), _conditions(trial, reasons)]


def _conditions(trial: Trial, reasons: set[str]) -> Result:
    """Each condition that had become true when the sample was ready has an event of the same reason."""
    status = trial.outcome.sample.get("status", default={}) or {}
    conditions = [one for one in status.get("conditions") or () if one["status"] == "True"]
    if not conditions:
        return CONDITIONS.not_applicable(trial.name, "it has no conditions that are true")
    silent = [f"{one['type']} ({one.get('reason')})" for one in conditions if one.get("reason") not in reasons]
    if silent:
        return CONDITIONS.failed(trial.name, f"no event tells of {', '.join(silent)}")
    return CONDITIONS.passed(trial.name, f"{len(conditions)} conditions, each with an event")
