"""The work queue between events and reconciles: deduplicating, with priorities, delays and rate limits."""

from kubewright.workqueue.core import Cause, Item, PriorityQueue
from kubewright.workqueue.histogram import Histogram
from kubewright.workqueue.queue import ShutDown, Waiting, WorkQueue
from kubewright.workqueue.rate_limiters import Backoff, ExponentialBackoff, TokenBucket

__all__ = [
    "Backoff",
    "Cause",
    "ExponentialBackoff",
    "Histogram",
    "Item",
    "PriorityQueue",
    "ShutDown",
    "TokenBucket",
    "Waiting",
    "WorkQueue",
]
