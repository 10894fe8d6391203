"""Alert rules, looked through."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.testing.capabilities.deep_insights import has_alerts

ALERT: dict[str, Any] = {
    "alert": "ShopDown",
    "expr": "up == 0",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "no shop is open", "runbook_url": "https://example.com/runbooks/shop-down"},
}


def judged(*alerts: dict[str, Any]) -> tuple[str, str]:
    result = has_alerts("shop-operator", [{"kind": "PrometheusRule", "spec": {"groups": [{"rules": [*alerts]}]}}])
    return result.verdict, result.seen


def test_alerts_that_say_what_to_do_pass() -> None:
    assert judged(ALERT) == ("pass", "1 alerts")
    assert has_alerts("shop-operator", [{"groups": [{"rules": [ALERT]}]}]).verdict == "pass"  # as Prometheus reads them


def test_without_alerts_nobody_is_called() -> None:
    assert judged({"record": "a", "expr": "up"})[0] == "fail"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {"severity": "page"}}, "severity"),
        ({"annotations": {"summary": "down"}}, "runbook_url"),
        ({"labels": {"severity": "warning"}}, "no alert is critical"),
        ({"expr": ""}, "has no expr"),
    ],
)
def test_an_alert_that_helps_nobody_is_named(change: dict[str, Any], words: str) -> None:
    verdict, seen = judged({**ALERT, **change})
    assert verdict == "fail"
    assert words in seen
