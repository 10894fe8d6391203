"""Controllers: sources fill a queue, workers reconcile, one key at a time."""

from kubewright.controller.blocking import BlockingClient, ReconcileCancelled
from kubewright.controller.children import ApplyMemory, Children
from kubewright.controller.conditions import find_condition, is_condition_true, remove_condition, set_condition
from kubewright.controller.context import BlockingContext, Context
from kubewright.controller.controller import Controller, SourceNotReady
from kubewright.controller.event_recorder import EventRecorder
from kubewright.controller.handlers import Handler, enqueue_mapped, enqueue_object, enqueue_owner
from kubewright.controller.outcome import Requeue, Retry, TerminalError
from kubewright.controller.predicates import (
    Filter,
    Predicate,
    annotations_changed,
    generation_changed,
    labels_changed,
    matches_labels,
    on_object,
    resource_version_changed,
)
from kubewright.controller.reconciler import AsyncReconcile, BlockingReconcile, ReconcileFunction, Reconciler
from kubewright.controller.schedules import Schedule, ScheduleError, cron, every
from kubewright.controller.scope import ReconcileScope, current_reconcile
from kubewright.controller.sources import LOW_PRIORITY, Channel, IteratorSource, KindSource, Source, Ticker

__all__ = [
    "LOW_PRIORITY",
    "ApplyMemory",
    "AsyncReconcile",
    "BlockingClient",
    "BlockingContext",
    "BlockingReconcile",
    "Channel",
    "Children",
    "Context",
    "Controller",
    "EventRecorder",
    "Filter",
    "Handler",
    "IteratorSource",
    "KindSource",
    "Predicate",
    "ReconcileCancelled",
    "ReconcileFunction",
    "ReconcileScope",
    "Reconciler",
    "Requeue",
    "Retry",
    "Schedule",
    "ScheduleError",
    "Source",
    "SourceNotReady",
    "TerminalError",
    "Ticker",
    "annotations_changed",
    "cron",
    "current_reconcile",
    "enqueue_mapped",
    "enqueue_object",
    "enqueue_owner",
    "every",
    "find_condition",
    "generation_changed",
    "is_condition_true",
    "labels_changed",
    "matches_labels",
    "on_object",
    "remove_condition",
    "resource_version_changed",
    "set_condition",
]
