from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from kubewright.ansible.metrics import AnsibleMetrics, MetricRefused


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> AnsibleMetrics:
    return AnsibleMetrics(registry)


@pytest.mark.parametrize(
    ("orders", "sample", "value"),
    [
        (['"counter":{"increment":true}', '"counter":{"add":2}'], "x_total", 3),
        (['"gauge":{"set":5}', '"gauge":{"subtract":2}', '"gauge":{"increment":true}'], "x", 4),
        (['"gauge":{"set":5}', '"gauge":{"set":0}'], "x", 0),
        (['"gauge":{"add":1.5}', '"gauge":{"decrement":true}'], "x", 0.5),
        (['"histogram":{"observe":2}', '"histogram":{"observe":3}'], "x_sum", 5),
        (['"summary":{}', '"summary":{"observe":2}'], "x_count", 1),
        (['"counter":{}'], "x_total", 0),
    ],
)
def test_plays_keep_metrics(
    metrics: AnsibleMetrics, registry: CollectorRegistry, orders: list[str], sample: str, value: float
) -> None:
    for order in orders:
        metrics.update(f'{{"name":"x","description":"d",{order}}}'.encode())
    assert registry.get_sample_value(sample) == value


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "truncated"),
        (b'{"name":"x"}', "exactly one of"),
        (b'{"name":"x","counter":{},"gauge":{}}', "exactly one of"),
        (b'{"name":"x","counter":{"add":-1}}', "can't decrease"),
        (b'{"name":"ansible_operator_build_info","gauge":{"set":7}}', "Duplicated"),
        (b'{"name":"x","gauge":{"put":1}}', "unknown field"),
    ],
)
def test_what_makes_no_sense_is_refused(metrics: AnsibleMetrics, body: bytes, problem: str) -> None:
    with pytest.raises(MetricRefused, match=problem):
        metrics.update(body)


def test_a_metric_keeps_its_type(metrics: AnsibleMetrics) -> None:
    metrics.update(b'{"name":"x","counter":{"increment":true}}')
    with pytest.raises(MetricRefused, match="x is a counter, not a gauge"):
        metrics.update(b'{"name":"x","gauge":{"set":1}}')


def test_results_of_runs_are_counted(metrics: AnsibleMetrics, registry: CollectorRegistry) -> None:
    metrics.results.labels("k", "succeeded").inc()
    labels = {"GVK": "k", "result": "succeeded"}
    assert registry.get_sample_value("ansible_operator_reconcile_result_total", labels) == 1
