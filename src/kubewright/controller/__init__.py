"""Controllers: sources fill a queue, workers reconcile, one key at a time."""

from kubewright.controller.controller import Controller, SourceNotReady
from kubewright.controller.handlers import Handler, enqueue_mapped, enqueue_object, enqueue_owner
from kubewright.controller.outcome import Requeue, TerminalError
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
from kubewright.controller.scope import ReconcileScope, current_reconcile
from kubewright.controller.sources import LOW_PRIORITY, Channel, IteratorSource, KindSource, Source, Ticker

__all__ = [
    "LOW_PRIORITY",
    "Channel",
    "Controller",
    "Filter",
    "Handler",
    "IteratorSource",
    "KindSource",
    "Predicate",
    "ReconcileScope",
    "Requeue",
    "Source",
    "SourceNotReady",
    "TerminalError",
    "Ticker",
    "annotations_changed",
    "current_reconcile",
    "enqueue_mapped",
    "enqueue_object",
    "enqueue_owner",
    "generation_changed",
    "labels_changed",
    "matches_labels",
    "on_object",
    "resource_version_changed",
]
