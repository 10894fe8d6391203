"""What a watch and the client's own writes do to the store, and which events that makes: the core of an informer.

client-go queues deltas in a FIFO because its reflector, store and handlers run in threads of their own.  Here all three
share one event loop, so a delta is applied and handed on at once: strict arrival order, atomic replacement and
"store first, then handlers" hold without a queue (the rules are those of its ``RealFIFO``).

**Read your writes**: what the server answered to a write of this client goes into the store at once.  `_seen` then
remembers what the watch had shown last, so that handlers still get every event, with the old object that they know,
when the watch catches up; a state older than the own write never gets into the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from kubewright.cache.event import Event
from kubewright.cache.indexer import Indexer
from kubewright.cache.stored import StoredObject
from kubewright.objects.names import ObjectKey

T = TypeVar("T")


class Delta(NamedTuple, Generic[T]):
    """One event of a watch; the object of ``DELETED`` is its last state."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: StoredObject[T]


class Changes(Generic[T]):
    """What a list changed: an event for each change, made when it is read.

    The events of a long list made at once would scatter over the memory that its objects come to lie in, and leave
    holes there when they are gone.

    :param initial: the creates are those of a first list.
    """

    def __init__(self, initial: bool) -> None:
        self._initial = initial
        self._old: list[StoredObject[T] | None] = []
        self._new: list[StoredObject[T] | None] = []

    def add(self, old: StoredObject[T] | None, new: StoredObject[T] | None) -> None:
        self._old.append(old)
        self._new.append(new)

    def __len__(self) -> int:
        return len(self._old)

    def __iter__(self) -> Iterator[Event[T]]:
        for old, new in zip(self._old, self._new, strict=True):
            if old is None:
                yield Event("create", None, new, self._initial)
            else:
                yield Event("delete" if new is None else "update", old, new)


class _Write(NamedTuple):
    """An own write that the watch has not shown yet."""

    resource_version: str
    """Of the object that was written; of a deletion, whose answer doesn't say, the last one before it."""
    deleted: tuple[str, ...] = ()
    """Of a deletion: the uid of the object, and of those deleted before it."""


class Deltas(Generic[T]):
    """Applies deltas to an indexer and returns the events for handlers."""

    def __init__(self, indexer: Indexer[T]) -> None:
        self._indexer = indexer
        self._writes: dict[ObjectKey, _Write] = {}
        self._seen: dict[ObjectKey, StoredObject[T] | None] = {}

    # -- from the watch

    def apply(self, deltas: Iterable[Delta[T]]) -> list[Event[T]]:
        """Apply events of a watch in their order.

        An object that is ADDED though it is known is an update; one that is DELETED though it is not known is still
        told, as client-go does.
        """
        events: list[Event[T]] = []
        indexer, writes = self._indexer, self._writes
        for delta in deltas:
            obj = delta.object
            old = self._known(obj.key) if writes else indexer.get(obj.key)
            if delta.type == "DELETED":
                events.append(Event("delete", obj, None))
                self._settle(obj.key, None, obj.resource_version)
            elif old is None:
                events.append(Event("create", None, obj))
                self._settle(obj.key, obj, obj.resource_version)
            else:
                events.append(Event("update", old, obj))
                self._settle(obj.key, obj, obj.resource_version)
        return events

    def replace(
        self,
        objects: Indexer[T],
        resource_version: str,
        *,
        namespace: str | None,
        initial: bool,
    ) -> Changes[T]:
        """Take the result of a list: what is not in it is gone.

        Deletions come first and carry the last state that was known, which may be stale; then creates and updates in
        the order of the list.  An object whose resource version has not changed makes no event.

        :param namespace: the namespace that the list was about; None means all.
        :param initial: it is the first list, with which handlers start.
        """
        changes: Changes[T] = Changes(initial)
        for key in self._missing(objects, namespace):
            if (old := self._known(key)) is not None:
                changes.add(old, None)
            self._settle(key, None, resource_version)
        for obj in objects:
            key = obj.key
            old = self._known(key)
            if old is None or old.resource_version != obj.resource_version:
                changes.add(old, obj)
            self._settle(key, obj, resource_version)
        return changes

    def reached(self, resource_version: str) -> None:
        """A bookmark: everything up to this resource version has been shown."""
        for key, write in list(self._writes.items()):
            if not write.deleted or self._seen[key] is None:
                self._settle(key, self._seen[key], resource_version)

    # -- from the client's own writes

    def wrote(self, obj: StoredObject[T], *, matches: bool, reached: str) -> None:
        """The server answered a write with this object.

        :param matches: whether the store is about the object; if not, it leaves the store.
        :param reached: how far the watch has come.
        """
        if reached and not is_newer(obj.resource_version, reached):
            return
        current = self._indexer.get(obj.key)
        if current is None and not matches:
            return
        if current is not None and not is_newer(obj.resource_version, current.resource_version):
            return
        self._remember(obj.key, _Write(obj.resource_version))
        if matches:
            self._indexer.put(obj)
        else:
            self._indexer.remove(obj.key)

    def deleted(self, key: ObjectKey, uid: str) -> None:
        """The server answered that the object is gone.

        :param uid: of the object that was deleted, where the answer told.
        """
        current = self._indexer.get(key)
        earlier = self._writes.get(key, _Write("0"))
        if current is not None and uid in ("", current.uid):
            self._remember(key, _Write(current.resource_version, (*earlier.deleted, current.uid)))
            self._indexer.remove(key)
        elif current is None and uid:  # the watch may still show that it was made
            self._remember(key, _Write(earlier.resource_version, (*earlier.deleted, uid)))

    # -- the two states of an object: stored, and seen in the watch

    def _remember(self, key: ObjectKey, write: _Write) -> None:
        self._seen.setdefault(key, self._indexer.get(key))
        self._writes[key] = write

    def _known(self, key: ObjectKey) -> StoredObject[T] | None:
        """What the watch has shown last."""
        return self._seen[key] if key in self._writes else self._indexer.get(key)

    def _missing(self, objects: Indexer[T], namespace: str | None) -> Iterable[ObjectKey]:
        """Of the objects of a namespace that are stored or were seen, but are not among these."""
        stored = (obj.key for obj in self._indexer.select(namespace=namespace))
        seen = (key for key in self._seen if namespace in (None, key.namespace))
        return dict.fromkeys(key for key in chain(stored, seen) if key not in objects)

    def _settle(self, key: ObjectKey, obj: StoredObject[T] | None, resource_version: str) -> None:
        """The watch shows this state, as of ``resource_version``: store it unless an own write is newer."""
        write = self._writes.get(key)
        if write is not None:
            if _outruns(write, obj, resource_version):
                self._seen[key] = obj
                return
            del self._writes[key], self._seen[key]
        if obj is None:
            self._indexer.remove(key)
        else:
            self._indexer.put(obj)


def _outruns(write: _Write, obj: StoredObject[Any] | None, resource_version: str) -> bool:
    """Whether an own write is newer than what the watch shows."""
    if is_newer(write.resource_version, resource_version):
        return True
    return bool(write.deleted) and obj is not None and obj.uid in write.deleted


def is_newer(one: str, other: str) -> bool:
    """Whether a resource version is newer than another of the same resource (``apimachinery/util/resourceversion``)."""
    return (len(one), one) > (len(other), other)
