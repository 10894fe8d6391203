"""Work-queue metrics under client-go's names, read from the queues when Prometheus asks.

The queues only count (a scrape is rare, an add is not); this collector turns their counts into metric families.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Hashable

    from prometheus_client import Metric

    from kubewright.workqueue.queue import WorkQueue

_MAX_PRIORITIES = 25
"""Priorities reported one by one; users may pass any integer, and each would be a time series."""


class QueueCollector(Collector):
    """Collects the ``workqueue_*`` metrics of every queue added to it, labelled ``name`` and ``controller``."""

    def __init__(self) -> None:
        self._queues: list[WorkQueue[Hashable]] = []

    def add(self, queue: WorkQueue[Hashable]) -> None:
        self._queues.append(queue)

    def remove(self, queue: WorkQueue[Hashable]) -> None:
        """Report it no more.

        :raises ValueError: it was not reported.
        """
        self._queues.remove(queue)

    def collect(self) -> Iterable[Metric]:
        labels = ("name", "controller")
        depth = GaugeMetricFamily(
            "workqueue_depth", "Current depth of workqueue by priority", labels=(*labels, "priority")
        )
        adds = CounterMetricFamily("workqueue_adds", "Total number of adds handled by workqueue", labels=labels)
        retries = CounterMetricFamily(
            "workqueue_retries", "Total number of retries handled by workqueue", labels=labels
        )
        waited = HistogramMetricFamily(
            "workqueue_queue_duration_seconds", "How long an item stays in workqueue before being requested",
            labels=labels,
        )  # fmt: skip
        worked = HistogramMetricFamily(
            "workqueue_work_duration_seconds", "How long processing an item from workqueue takes", labels=labels
        )
        unfinished = GaugeMetricFamily(
            "workqueue_unfinished_work_seconds", "Seconds of work in progress that work_duration has not observed yet",
            labels=labels,
        )  # fmt: skip
        longest = GaugeMetricFamily(
            "workqueue_longest_running_processor_seconds", "How long the longest running processor has been running",
            labels=labels,
        )  # fmt: skip
        for queue in self._queues:
            own = (queue.name, queue.name)
            for priority, count in _bounded(queue.depths()).items():
                depth.add_metric((*own, priority), count)
            adds.add_metric(own, queue.adds)
            retries.add_metric(own, queue.retries)
            waited.add_metric(own, queue.queue_duration.cumulative(), queue.queue_duration.total)
            worked.add_metric(own, queue.work_duration.cumulative(), queue.work_duration.total)
            running = queue.processing()
            unfinished.add_metric(own, math.fsum(running))
            longest.add_metric(own, max(running, default=0.0))
        return (depth, adds, retries, waited, worked, unfinished, longest)


def _bounded(depths: dict[int, int]) -> dict[str, int]:
    bounded = {"0": 0}
    for priority, count in sorted(depths.items(), reverse=True):
        label = str(priority)
        if label not in bounded and len(bounded) >= _MAX_PRIORITIES:
            label = "exceeded_cardinality_limit"
        bounded[label] = bounded.get(label, 0) + count
    return bounded
