"""Controllers of what was declared: of a reconciled kind, and of what goes on along an object's life.

A declaration goes in, with the home that the controller gets its client, cache and events from (a manager,
or a further cluster of one); out comes a controller that watches the kind, what it owns and whatever else there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from kubewright.cache import Cache
from kubewright.controller import (
    Controller,
    Filter,
    KindSource,
    Reconciler,
    Source,
    enqueue_mapped,
    enqueue_object,
    enqueue_owner,
)
from kubewright.lifecycle import Behaviour, Declaration
from kubewright.manager import Cluster, Manager
from kubewright.objects import Object, ObjectKey

MapFunction: TypeAlias = Callable[[Any], Iterable[ObjectKey]]


class Reconciliation(msgspec.Struct, kw_only=True):
    """How one kind is reconciled: what ``@op.reconcile`` was told."""

    cls: type[Object]
    function: Callable[..., Any]
    name: str
    owns: Sequence[type[Object]] = ()
    watches: Mapping[type[Object], MapFunction] = {}
    sources: Sequence[Source[ObjectKey]] = ()
    when: Filter | None = None
    workers: int = 1
    timeout: float | None = None


def reconciling(
    one: Reconciliation, finalize: Callable[..., Any] | None, home: Manager | Cluster, *, operator: str, name: str
) -> Controller[ObjectKey]:
    """The controller that reconciles a kind.

    :param finalize: cleans up before an object may go.
    :param operator: who owns the fields that it applies, and the finalizer.
    """
    cls, cache = one.cls, home.cache
    reconciler = Reconciler(
        cls,
        one.function,
        client=home.client,
        cache=cache,
        events=home.events,
        field_manager=operator,
        finalize=finalize,
        finalizer=f"{cls.gvk.group or 'kubewright.dev'}/{operator}",
        owns=one.owns,
        threads=one.workers,
    )
    controller = Controller(name, reconciler, workers=one.workers, timeout=one.timeout, on_move=reconciler.keep)
    _watch(controller, cache, cls, one.owns, one.sources, [one.when] if one.when is not None else [])
    for other, keys in one.watches.items():
        controller.watch(KindSource(other.__name__, cache.informer(other), enqueue_mapped(keys)))
    return controller


def behaving(
    declared: Declaration, behaviour: Behaviour, home: Manager | Cluster, *, operator: str, name: str
) -> Controller[ObjectKey]:
    """The controller of a kind's handlers, of a timer, or of a daemon."""
    cls = declared.cls
    reconciler = Reconciler(
        cls,
        behaviour.reconcile,
        client=home.client,
        cache=home.cache,
        events=home.events,
        field_manager=operator,
        finalize=behaviour.finalize if declared.finalizes else None,
        finalizer=f"{cls.gvk.group or 'kubewright.dev'}/{operator}.{declared.name}",
        needs_finalizer=behaviour.needs_finalizer,
        on_leave=behaviour.leave,
        owns=declared.owns,
    )
    controller = Controller(
        name, reconciler, workers=declared.workers, timeout=declared.timeout, on_move=reconciler.keep
    )
    _watch(controller, home.cache, cls, declared.owns, behaviour.sources)
    return controller


def _watch(
    controller: Controller[ObjectKey],
    cache: Cache,
    cls: type[Object],
    owns: Sequence[type[Object]],
    sources: Sequence[Source[ObjectKey]],
    filters: Sequence[Filter] = (),
) -> None:
    """Let a controller hear of the objects of ``cls``, of what they own, and of whatever else there is."""
    controller.watch(KindSource(cls.__name__, cache.informer(cls), enqueue_object, filters))
    to_owner = enqueue_owner(cls.gvk.group_kind, namespaced=cls.namespaced)
    for child in owns:
        controller.watch(KindSource(child.__name__, cache.informer(child), to_owner))
    for source in sources:
        controller.watch(source)
