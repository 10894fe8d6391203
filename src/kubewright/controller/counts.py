"""What a controller counts, as plain numbers: `kubewright.controller.metrics` shows them to Prometheus."""

from __future__ import annotations

from kubewright.workqueue import Histogram

# controller-runtime, pkg/internal/controller/metrics
_TIME_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
    1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
)  # fmt: skip


class ReconcileCounts:
    """What one controller has done so far."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.active = 0
        self.success = 0
        self.requeue = 0
        self.requeue_after = 0
        self.errors = 0
        self.terminal_errors = 0
        self.timeouts = 0
        self.panics = 0
        self.hot_loops = 0
        self.time = Histogram(_TIME_BUCKETS)
