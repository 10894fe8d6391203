"""What is stored of one resource, kept in memory in key order, with the latest changes to it.

The store's changes come in; lists, single objects and watch events go out, as the very bytes that were stored.  There
is no I/O in here: the owner feeds `apply`, and a watcher tells its owner through a callback that events wait for it.
The rules for versions (what a window holds, when a watch has come too late) are those of
``k8s.io/apiserver/pkg/storage/cacher``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from kubewright.apiserver.storage.protocol import Change, Entry
from kubewright.objects.errors import Gone
from kubewright.objects.selectors import FieldSelector, LabelSelector

ReadFields = Callable[[dict[str, Any]], Mapping[str, str]]
"""Gives the fields of an object that selectors may name, beside its name and namespace."""

WINDOW = 4096
"""Events that are kept for watches that start in the past."""

BACKLOG = 1000
"""Events that may wait for one slow watcher before it is cut off."""


class _Labels(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labelled(msgspec.Struct):
    metadata: _Labels


class _UID(msgspec.Struct):
    uid: str = ""


class _Identified(msgspec.Struct):
    metadata: _UID


_NO_FIELDS: Mapping[ReadFields, Mapping[str, str]] = {}
_read_labels = msgspec.json.Decoder(_Labelled).decode
_read_uid = msgspec.json.Decoder(_Identified).decode


class CachedObject:
    """One version of an object: its stored bytes, and what selectors ask of it, decoded when first asked for."""

    __slots__ = ("_fields", "_labels", "key", "name", "namespace", "revision", "shapes", "value")

    def __init__(self, key: str, namespace: str, name: str, value: bytes, revision: int) -> None:
        self.key = key
        self.namespace = namespace
        self.name = name
        self.value = value
        self.revision = revision
        self.shapes: dict[str, bytes] = {}
        self._labels: Mapping[str, str] | None = None
        self._fields: Mapping[ReadFields, Mapping[str, str]] = _NO_FIELDS

    @property
    def uid(self) -> str:
        return _read_uid(self.value).metadata.uid

    @property
    def entry(self) -> Entry:
        """What the store holds of it."""
        return Entry(self.key, self.value, self.revision)

    @property
    def labels(self) -> Mapping[str, str]:
        if self._labels is None:
            self._labels = _read_labels(self.value).metadata.labels or {}
        return self._labels

    def fields(self, read: ReadFields) -> Mapping[str, str]:
        # Versions of a resource that share the store may name different fields.
        fields = self._fields.get(read)
        if fields is None:
            found = dict(read(msgspec.json.decode(self.value)))
            fields = {**found, "metadata.name": self.name, "metadata.namespace": self.namespace}
            self._fields = {**self._fields, read: fields}
        return fields

    def at(self, revision: int) -> CachedObject:
        """The same content under another version: a deleted object carries the version of its deletion."""
        return CachedObject(self.key, self.namespace, self.name, self.value, revision)


class Event:
    """One change; ``lines`` holds its encodings, made once for all watchers that want the same one."""

    __slots__ = ("lines", "new", "old", "revision")

    def __init__(self, revision: int, old: CachedObject | None, new: CachedObject | None) -> None:
        self.revision = revision
        self.old = old
        self.new = new
        self.lines: dict[tuple[str, str], bytes] = {}


class Selection:
    """Which objects of a resource a list or watch is about."""

    __slots__ = ("_everything", "_read_fields", "field_selector", "label_selector", "namespace")

    def __init__(
        self,
        namespace: str = "",
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        read_fields: ReadFields = lambda obj: {},
    ) -> None:
        self.namespace = namespace
        self.label_selector = label_selector or LabelSelector()
        self.field_selector = field_selector or FieldSelector()
        self._read_fields = read_fields
        self._everything = not namespace and not self.selective

    @property
    def selective(self) -> bool:
        return bool(self.label_selector) or bool(self.field_selector)

    def matches(self, obj: CachedObject | None) -> bool:
        if obj is None:
            return False
        if self._everything:
            return True
        if self.namespace and obj.namespace != self.namespace:
            return False
        if self.label_selector and not self.label_selector.matches(obj.labels):
            return False
        return not self.field_selector or self.field_selector.matches(obj.fields(self._read_fields))


class Watcher:
    """One watch: the events that wait to be sent, as ``(type, object, event)``.

    :param after: the version from which on events are wanted, which may be one that is still to come.
    """

    __slots__ = ("_after", "_backlog", "_wake", "ended", "pending", "selection")

    def __init__(self, selection: Selection, wake: Callable[[], None], backlog: int, after: int = 0) -> None:
        self.selection = selection
        self._after = after
        self.pending: deque[tuple[str, CachedObject, Event | None]] = deque()
        self.ended = False
        self._wake = wake
        self._backlog = backlog

    def offer(self, event: Event) -> None:
        """Take an event in, as the selection sees it: an object that starts or stops matching comes or goes."""
        if event.revision <= self._after:
            return
        was, is_now = self.selection.matches(event.old), self.selection.matches(event.new)
        if is_now and event.new is not None:
            self.pending.append(("MODIFIED" if was else "ADDED", event.new, event))
        elif was and event.old is not None:
            self.pending.append(("DELETED", event.old.at(event.revision), event))
        else:
            return
        if len(self.pending) > self._backlog:
            # The client reads too slowly: it is cut off, and lists again, rather than fill the memory.
            self.pending.clear()
            self.ended = True
        self._wake()

    def end(self) -> None:
        """Finish the stream after what is pending: the resource is no longer served."""
        self.ended = True
        self._wake()


class WatchCache:
    """The objects of one resource in one logical cluster.

    :param prefix: what the keys start with; after it comes ``[NAMESPACE/]NAME``.
    :param window: events kept for watches from the past.
    """

    def __init__(self, prefix: str, *, window: int = WINDOW, backlog: int = BACKLOG) -> None:
        self.prefix = prefix
        self.oldest = 0
        self.changed = 0
        """The revision of the last change."""
        self.bytes = 0
        self._objects: dict[str, CachedObject] = {}
        self._keys: list[str] = []
        self._events: deque[Event] = deque(maxlen=window)
        self._watchers: set[Watcher] = set()
        self._backlog = backlog

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    def load(self, entries: Iterable[Entry], revision: int) -> None:
        """Begin with what is stored as of ``revision``; entries come in key order."""
        self._objects = {entry.key: self.object_of(entry) for entry in entries}
        self._keys = list(self._objects)
        self.bytes = sum(len(obj.value) for obj in self._objects.values())
        self._events.clear()
        self.oldest = self.changed = revision

    def remember(self, changes: Sequence[Change], oldest: int) -> None:
        """Fill the window with changes that `load` already includes, the first of which came after ``oldest``."""
        self.oldest = oldest
        for change in changes:
            self._keep(self._event(change))

    def apply(self, change: Change) -> None:
        """Take in a change and hand it to the watchers."""
        self.changed = change.revision
        event = self._event(change)
        if event.new is not None:
            if change.key not in self._objects:
                insort(self._keys, change.key)
            self._objects[change.key] = event.new
            self.bytes += len(event.new.value)
        elif change.key in self._objects:
            del self._objects[change.key]
            del self._keys[bisect_left(self._keys, change.key)]
        if event.old is not None:
            self.bytes -= len(event.old.value)
        self._keep(event)
        for watcher in tuple(self._watchers):
            watcher.offer(event)

    def get(self, namespace: str, name: str) -> CachedObject | None:
        return self._objects.get(f"{self.prefix}{namespace}/{name}" if namespace else f"{self.prefix}{name}")

    def range(self, namespace: str = "", after: str = "") -> Iterator[CachedObject]:
        """Objects in key order, of one namespace or of all; only keys greater than ``after``."""
        if not self._keys:
            return iter(())
        start = f"{self.prefix}{namespace}/" if namespace else self.prefix
        first = bisect_right(self._keys, after) if after >= start else bisect_left(self._keys, start)
        last = bisect_left(self._keys, start[:-1] + "0")  # "0" is the character after "/"
        objects = self._objects
        return iter([objects[key] for key in self._keys[first:last]])

    def count(self, namespace: str = "", after: str = "") -> int:
        """How many objects `range` would give."""
        start = f"{self.prefix}{namespace}/" if namespace else self.prefix
        first = bisect_right(self._keys, after) if after >= start else bisect_left(self._keys, start)
        return bisect_left(self._keys, start[:-1] + "0") - first

    def watch(
        self, selection: Selection, *, after: int | None, wake: Callable[[], None], initial: bool = False
    ) -> Watcher:
        """Begin a watch; what it sees at once is pending when this returns.

        :param after: only changes later than this version; None begins with what there is now.
        :param initial: begin with what there is now although ``after`` is given.
        :raises Gone: changes after that version are no longer kept.
        """
        watcher = Watcher(selection, wake, self._backlog, 0 if initial else after or 0)
        if after is None or initial:
            for obj in self.range(selection.namespace):
                if selection.matches(obj):
                    watcher.pending.append(("ADDED", obj, None))
        else:
            if after < self.oldest:
                raise Gone(f"too old resource version: {after} ({self.oldest})")
            for event in self._events:
                watcher.offer(event)
        self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def end_watches(self) -> None:
        """Finish all streams: the resource is no longer served."""
        for watcher in self._watchers:
            watcher.end()
        self._watchers.clear()

    def _keep(self, event: Event) -> None:
        if len(self._events) == self._events.maxlen:
            self.oldest = self._events[0].revision
        self._events.append(event)

    def _event(self, change: Change) -> Event:
        old = self._objects.get(change.key)
        if change.previous is None:
            old = None
        elif old is None or old.revision != change.previous.revision:
            old = self.object_of(change.previous)
        new = None if change.value is None else self.object_of(Entry(change.key, change.value, change.revision))
        return Event(change.revision, old, new)

    def object_of(self, entry: Entry) -> CachedObject:
        """The object that a stored entry is."""
        namespace, _, name = entry.key[len(self.prefix) :].rpartition("/")
        return CachedObject(entry.key, namespace, name, entry.value, entry.revision)
