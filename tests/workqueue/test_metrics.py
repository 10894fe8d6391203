from __future__ import annotations

from collections.abc import Hashable

from prometheus_client import CollectorRegistry, generate_latest

from kubewright.workqueue import WorkQueue
from kubewright.workqueue.metrics import QueueCollector


async def test_queues_report_under_client_gos_names() -> None:
    queue, collector, registry = WorkQueue[Hashable]("websites"), QueueCollector(), CollectorRegistry()
    collector.add(queue)
    registry.register(collector)
    queue.add("a")
    queue.add("b", priority=-100)
    await queue.get()
    queue.done("a")
    own = {"name": "websites", "controller": "websites"}
    sample = registry.get_sample_value
    assert sample("workqueue_depth", own | {"priority": "-100"}) == 1
    assert sample("workqueue_depth", own | {"priority": "0"}) == 0
    assert sample("workqueue_adds_total", own) == 2
    assert sample("workqueue_retries_total", own) == 0
    assert sample("workqueue_queue_duration_seconds_count", own) == 1
    assert sample("workqueue_work_duration_seconds_bucket", own | {"le": "+Inf"}) == 1
    assert sample("workqueue_unfinished_work_seconds", own) == 0
    assert sample("workqueue_longest_running_processor_seconds", own) == 0
    assert b"workqueue_depth" in generate_latest(registry)


async def test_priorities_beyond_the_cap_share_one_series() -> None:
    queue, collector, registry = WorkQueue[Hashable]("many"), QueueCollector(), CollectorRegistry()
    collector.add(queue)
    registry.register(collector)
    for priority in range(1, 40):
        queue.add(priority, priority=priority)
    labels = {"name": "many", "controller": "many", "priority": "exceeded_cardinality_limit"}
    assert registry.get_sample_value("workqueue_depth", labels) == 39 - 24
