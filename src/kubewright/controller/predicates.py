"""Predicates: which events are worth a reconcile.

A predicate is any function from an event to a bool; those made here combine with ``&``, ``|`` and ``~``.  They see the
events before the handler does, so a predicate on an owned kind looks at the child, not at its owner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from kubewright.cache.event import Event, Observed
from kubewright.objects.selectors import LabelSelector

Filter: TypeAlias = Callable[[Event[Any]], bool]


class Predicate:
    """A filter that combines with others."""

    __slots__ = ("_filter",)

    def __init__(self, test: Filter) -> None:
        self._filter = test

    def __call__(self, event: Event[Any]) -> bool:
        return self._filter(event)

    def __and__(self, other: Filter) -> Predicate:
        return Predicate(lambda event: self(event) and other(event))

    def __or__(self, other: Filter) -> Predicate:
        return Predicate(lambda event: self(event) or other(event))

    def __invert__(self) -> Predicate:
        return Predicate(lambda event: not self(event))


def _changed(read: Callable[[Observed[Any]], object]) -> Predicate:
    """Lets updates through that change what ``read`` returns, and everything that is no update."""

    def changed(event: Event[Any]) -> bool:
        return event.old is None or event.new is None or read(event.old) != read(event.new)

    return Predicate(changed)


generation_changed = _changed(lambda observed: observed.generation)
"""Not for updates of status or metadata alone: ``metadata.generation`` counts changes of the spec."""

resource_version_changed = _changed(lambda observed: observed.resource_version)
"""Not for resyncs."""

labels_changed = _changed(lambda observed: observed.labels)

annotations_changed = _changed(lambda observed: observed.annotations)


def matches_labels(selector: str | LabelSelector) -> Predicate:
    """Objects that match a label selector, before or after the change: those that cease to match are told too.

    :raises SelectorError: the selector does not follow the grammar.
    """
    parsed = LabelSelector.parse(selector) if isinstance(selector, str) else selector

    def matches(event: Event[Any]) -> bool:
        return any(parsed.matches(observed.labels) for observed in (event.new, event.old) if observed is not None)

    return Predicate(matches)


def on_object(test: Callable[[Any], bool]) -> Predicate:
    """Objects for which ``test`` holds after the change (for a deletion: before it); they are decoded for it."""

    def holds(event: Event[Any]) -> bool:
        observed = event.new or event.old
        return observed is not None and test(observed.decode())

    return Predicate(holds)
