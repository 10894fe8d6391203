"""The objects that plays have made: their kinds are watched from the moment one is seen, so that a change to one wakes
the object that it was made for.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from kubewright.ansible.ownership import Owner, enqueue_owners
from kubewright.ansible.watches import Watch
from kubewright.cache import Cache, Event
from kubewright.client import Untyped
from kubewright.controller import Controller, KindSource
from kubewright.objects.names import GroupVersionKind, ObjectKey

_log = logging.getLogger("kubewright.ansible")


class Dependents:
    """The kinds that a controller watches besides its own."""

    def __init__(self, watch: Watch, controller: Controller[ObjectKey], cache: Cache) -> None:
        self._watch = watch
        self._controller = controller
        self._cache = cache
        self._followed: set[GroupVersionKind] = set()

    def follow(self, kind: GroupVersionKind, owner: Owner, *, namespaced: bool, by_reference: bool) -> None:
        """Watch a kind of which ``owner`` has an object, if it is not watched yet and the watch wants it.

        :param by_reference: whether the object that was seen has an owner reference; those that have annotations are
            watched only in namespaces, unless the watch asks for more.
        """
        watch = self._watch
        if kind in self._followed or kind == watch.kind or not watch.watch_dependents or kind in watch.blacklist:
            return
        if not by_reference and not namespaced and not watch.watch_cluster_scoped:
            return
        self._followed.add(kind)
        _log.info("watching %s for %s", kind.kind, watch.kind.kind)
        handler = enqueue_owners(watch.kind.group_kind, namespaced=bool(owner.key.namespace))
        events = self._cache.informer(Untyped(kind))
        self._controller.watch(KindSource(kind.kind, events, handler, [changed_by_others]))


def changed_by_others(event: Event[Any]) -> bool:
    """Deletions, and updates of more than the status: what a play has made just now is no news."""
    if event.type == "create" or event.resync or event.new is None or event.old is None:
        return event.type == "delete"
    return _without_status(event.old) != _without_status(event.new)


def _without_status(observed: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(observed.raw)
    plain.pop("status", None)
    for field in ("resourceVersion", "managedFields"):
        plain.get("metadata", {}).pop(field, None)
    return plain
