"""Reconcile metrics under controller-runtime's names: counted as plain numbers, collected when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from kubewright.controller.counts import ReconcileCounts


class ControllerCollector(Collector):
    """Collects the metrics of every controller added to it."""

    def __init__(self) -> None:
        self._counts: dict[str, ReconcileCounts] = {}

    def add(self, controller: str, counts: ReconcileCounts) -> None:
        self._counts[controller] = counts

    def remove(self, controller: str) -> None:
        """Report it no more."""
        self._counts.pop(controller, None)

    def collect(self) -> Iterable[Metric]:
        def counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
            return CounterMetricFamily(f"controller_runtime_{name}", text, labels=("controller", *labels))

        def gauge(name: str, text: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"controller_runtime_{name}", text, labels=("controller",))

        total = counter("reconcile", "Total number of reconciliations per controller", "result")
        errors = counter("reconcile_errors", "Total number of reconciliation errors per controller")
        terminal = counter("terminal_reconcile_errors", "Total number of terminal reconciliation errors")
        timeouts = counter("reconcile_timeouts", "Total number of reconciliations that took too long")
        panics = counter("reconcile_panics", "Total number of reconciliations that failed by a mistake in the program")
        hot_loops = CounterMetricFamily(
            "kubewright_hot_loops",
            "Times that one object was reconciled a hundred times within seconds because of one and the same object",
            labels=("controller",),
        )
        workers = gauge("max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller")
        active = gauge("active_workers", "Number of currently used workers per controller")
        time = HistogramMetricFamily(
            "controller_runtime_reconcile_time_seconds", "Length of time per reconciliation", labels=("controller",)
        )
        for name, counts in self._counts.items():
            for result in ("success", "requeue", "requeue_after"):
                total.add_metric((name, result), getattr(counts, result))
            total.add_metric((name, "error"), counts.errors)
            errors.add_metric((name,), counts.errors)
            terminal.add_metric((name,), counts.terminal_errors)
            timeouts.add_metric((name,), counts.timeouts)
            panics.add_metric((name,), counts.panics)
            hot_loops.add_metric((name,), counts.hot_loops)
            workers.add_metric((name,), counts.workers)
            active.add_metric((name,), counts.active)
            time.add_metric((name,), counts.time.cumulative(), counts.time.total)
        return (total, errors, terminal, timeouts, panics, hot_loops, workers, active, time)
