from __future__ import annotations

from prometheus_client import CollectorRegistry

from kubewright.controller.counts import ReconcileCounts
from kubewright.controller.metrics import ControllerCollector


def test_controllers_report_under_controller_runtimes_names() -> None:
    counts, collector, registry = ReconcileCounts(4), ControllerCollector(), CollectorRegistry()
    collector.add("website", counts)
    registry.register(collector)
    counts.success, counts.errors, counts.requeue_after = 3, 2, 1
    counts.panics, counts.hot_loops = 1, 4
    counts.time.observe(0.02)

    def sample(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"controller_runtime_{name}", {"controller": "website", **labels})

    assert sample("reconcile_total", result="success") == 3
    assert sample("reconcile_total", result="error") == 2
    assert sample("reconcile_total", result="requeue_after") == 1
    assert sample("reconcile_errors_total") == 2
    assert sample("reconcile_panics_total") == 1
    assert registry.get_sample_value("kubewright_hot_loops_total", {"controller": "website"}) == 4
    assert sample("terminal_reconcile_errors_total") == 0
    assert sample("reconcile_timeouts_total") == 0
    assert sample("max_concurrent_reconciles") == 4
    assert sample("active_workers") == 0
    assert sample("reconcile_time_seconds_bucket", le="0.025") == 1
