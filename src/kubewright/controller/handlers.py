"""Handlers: which requests an event leads to.

A handler is any function from an event to requests; a request is usually the key of the object to reconcile.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeAlias, TypeVar

from kubewright.cache.event import Event, Observed
from kubewright.objects.names import GroupKind, GroupVersion, ObjectKey

T = TypeVar("T")
R = TypeVar("R", bound=Hashable)

Handler: TypeAlias = Callable[[Event[T]], Iterable[R]]


def enqueue_object(event: Event[Any]) -> Iterable[ObjectKey]:
    """The object itself."""
    observed = event.new or event.old
    return (observed.key,) if observed is not None else ()


def enqueue_owner(
    owner: GroupKind, *, namespaced: bool = True, controller_only: bool = True
) -> Callable[[Event[Any]], Iterable[ObjectKey]]:
    """The owners of the object that are of kind ``owner``, whatever their version; after an update old and new ones.

    :param namespaced: whether the owner's kind lives in namespaces.
    :param controller_only: only the one owner that controls the object.
    """

    def owners(event: Event[Any]) -> Iterable[ObjectKey]:
        if event.old is None or event.new is None or event.old.owner_references == event.new.owner_references:
            observed = event.new or event.old
            return _owners(observed) if observed is not None else ()
        return dict.fromkeys((*_owners(event.old), *_owners(event.new)))

    def _owners(observed: Observed[Any]) -> list[ObjectKey]:
        return [
            ObjectKey(observed.key.namespace if namespaced else "", reference.name)
            for reference in observed.owner_references
            if (reference.controller or not controller_only)
            and reference.kind == owner.kind
            and GroupVersion.parse(reference.api_version).group == owner.group
        ]

    return owners


def enqueue_mapped(mapping: Callable[[T], Iterable[R]]) -> Callable[[Event[T]], Iterable[R]]:
    """Whatever ``mapping`` makes of the object; after an update of its old and its new state, each request once."""

    def mapped(event: Event[T]) -> Iterable[R]:
        states = (observed.decode() for observed in (event.old, event.new) if observed is not None)
        return dict.fromkeys(request for state in states for request in mapping(state))

    return mapped
