"""Controllers of what was declared: of a reconciled kind, and of what goes on along an object's life.

A declaration goes in, with the home that the controller gets its client, cache and events from (a manager,
or a further cluster of one); out comes a controller that watches the kind, what it owns and whatever else there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

import msgspec

from kubewright.cache import Cache, Transform
from kubewright.client import Fields, Labels
from kubewright.controller import (
    Controller,
    Filter,
    Handler,
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
from kubewright.workqueue import Backoff, ExponentialBackoff, WorkQueue

MapFunction: TypeAlias = Callable[[Any], Iterable[ObjectKey]]


class Following(TypedDict, total=False):
    """Which objects of a kind the cache follows, and what it keeps of each."""

    label_selector: Labels
    field_selector: Fields
    namespaces: Sequence[str] | None
    """By default those that the operator watches."""
    transform: Transform | None
    """Cuts out of an object's JSON what nobody here reads, before it is stored."""
    optional: bool
    """The server may not serve it, or not yet."""


class Reconciliation(msgspec.Struct, kw_only=True):
    """How one kind is reconciled: what ``@op.reconcile`` was told."""

    cls: type[Object]
    function: Callable[..., Any]
    name: str
    owns: Sequence[type[Object]] = ()
    watches: Mapping[type[Object], MapFunction] = {}
    sources: Sequence[Source[ObjectKey]] = ()
    when: Mapping[type[Object], Filter] = {}
    """By kind: which of its events count."""
    workers: int = 1
    timeout: float | None = None
    backoff: Backoff | None = None
    needs_leader: bool = True


def reconciling(
    one: Reconciliation,
    finalize: Callable[..., Any] | None,
    home: Manager | Cluster,
    *,
    operator: str,
    name: str,
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
    controller = Controller(
        name,
        reconciler,
        workers=one.workers,
        timeout=one.timeout,
        needs_leader=one.needs_leader,
        queue=_queue(name, one.backoff),
        on_move=reconciler.keep,
    )
    mapped = [(other, enqueue_mapped(keys)) for other, keys in one.watches.items()]
    _watch(controller, cache, [*_handlers(cls, one.owns), *mapped], one.sources, one.when)
    return controller


def behaving(
    declared: Declaration,
    behaviour: Behaviour,
    home: Manager | Cluster,
    *,
    operator: str,
    name: str,
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
        owns=declared.owns if declared.prunes else (),
    )
    controller = Controller(
        name,
        reconciler,
        workers=declared.workers,
        timeout=declared.timeout,
        queue=_queue(name, declared.backoff),
        on_move=reconciler.keep,
    )
    _watch(controller, home.cache, _handlers(cls, declared.owns), behaviour.sources)
    return controller


def _queue(name: str, backoff: Backoff | None) -> WorkQueue[ObjectKey]:
    return WorkQueue(name, backoff=ExponentialBackoff.of(backoff) if backoff is not None else None)


def _handlers(cls: type[Object], owns: Sequence[type[Object]]) -> list[tuple[type[Object], Handler[Any, ObjectKey]]]:
    """What an event of the kind itself, or of one that it owns, leads to."""
    to_owner = enqueue_owner(cls.gvk.group_kind, namespaced=cls.namespaced)
    return [(cls, enqueue_object), *((child, to_owner) for child in owns)]


def _watch(
    controller: Controller[ObjectKey],
    cache: Cache,
    handlers: Iterable[tuple[type[Object], Handler[Any, ObjectKey]]],
    sources: Sequence[Source[ObjectKey]],
    filters: Mapping[type[Object], Filter] = {},
) -> None:
    """Let a controller hear of the objects of several kinds, and of whatever else there is."""
    for cls, handler in handlers:
        informer = cache.informer(cls)
        controller.watch(KindSource(cls.__name__, informer, handler, [filters[cls]] if cls in filters else []))
    for source in sources:
        controller.watch(source)
