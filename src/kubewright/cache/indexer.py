"""The local store: objects by key, indexes over them, and reads that decode only what matches.

Deltas change it, from one place (`deltas.py`); everyone else reads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeAlias, TypeVar

from kubewright.cache.stored import StoredObject
from kubewright.objects.names import ObjectKey
from kubewright.objects.selectors import FieldSelector, LabelSelector

T = TypeVar("T")

IndexFunction: TypeAlias = Callable[[StoredObject[Any]], Iterable[Hashable]]
"""The values under which an object is found; none, one or several."""


class Indexer(Generic[T]):
    """Objects of one kind, by key and by index."""

    def __init__(self) -> None:
        self._namespaces: dict[str, dict[str, StoredObject[T]]] = {}
        self._functions: dict[str, IndexFunction] = {}
        self._indexes: dict[str, dict[Hashable, dict[ObjectKey, StoredObject[T]]]] = {}
        self._count = 0

    # -- writing

    def put(self, obj: StoredObject[T]) -> None:
        """Store an object, in the place of the one of its key if there is one."""
        objects = self._namespaces.setdefault(obj.namespace, {})
        old = objects.get(obj.name)
        if old is None:
            self._count += 1
        objects[obj.name] = obj
        if self._functions:
            if old is not None:
                self._unindex(old)
            for name, function in self._functions.items():
                _enter(self._indexes[name], function, obj)

    def remove(self, key: ObjectKey) -> None:
        """Forget the object of that key, if there is one."""
        objects = self._namespaces.get(key.namespace)
        if objects is None or (old := objects.pop(key.name, None)) is None:
            return
        self._count -= 1
        if not objects:
            del self._namespaces[key.namespace]
        self._unindex(old)

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Index what is stored, and what will be, by the values that ``function`` gives.

        :raises ValueError: there is an index of that name with another function.
        """
        if name in self._functions:
            if self._functions[name] is function:
                return
            raise ValueError(f"there is an index {name!r} already")
        index: dict[Hashable, dict[ObjectKey, StoredObject[T]]] = {}
        for obj in self:
            _enter(index, function, obj)
        self._functions[name] = function
        self._indexes[name] = index

    def add_field_index(self, path: str) -> None:
        """Index by a field, ``spec.nodeName``, so that field selectors need not look at every object."""
        if path not in self._functions:
            self.add_index(path, lambda obj: (field_value(obj.plain(), path),))

    def remove_index(self, name: str) -> None:
        self._functions.pop(name, None)
        self._indexes.pop(name, None)

    # -- reading

    def get(self, key: ObjectKey) -> StoredObject[T] | None:
        objects = self._namespaces.get(key.namespace)
        return objects.get(key.name) if objects else None

    def __contains__(self, key: ObjectKey) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StoredObject[T]]:
        return iter([obj for objects in self._namespaces.values() for obj in objects.values()])

    @property
    def bytes(self) -> int:
        """How many bytes of memory the objects' JSON takes."""
        return sum(obj.size for obj in self)

    def by_index(self, name: str, value: Hashable) -> list[StoredObject[T]]:
        """The objects that an index has under a value.

        :raises KeyError: there is no such index.
        """
        return list(self._indexes[name].get(value, {}).values())

    def index_values(self, name: str) -> list[Hashable]:
        """The values that an index has objects under.

        :raises KeyError: there is no such index.
        """
        return list(self._indexes[name])

    def select(
        self,
        *,
        namespace: str | None = None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> list[StoredObject[T]]:
        """The objects that match all that is given; none is decoded unless a field without index is asked for."""
        candidates = self._candidates(namespace, fields)
        if labels:
            candidates = [obj for obj in candidates if labels.matches(obj.labels)]
        if fields:
            candidates = [obj for obj in candidates if matches_fields(obj, fields)]
        return candidates

    def _candidates(self, namespace: str | None, fields: FieldSelector | None) -> list[StoredObject[T]]:
        """The objects of the smallest index that applies; they still have to be matched."""
        for requirement in fields.requirements if fields else ():
            if requirement.equal and requirement.path in self._indexes:
                found = self.by_index(requirement.path, requirement.value)
                return [obj for obj in found if namespace in (None, obj.namespace)]
        return list(self) if namespace is None else list(self._namespaces.get(namespace, {}).values())

    def _unindex(self, obj: StoredObject[T]) -> None:
        for name, function in self._functions.items():
            index = self._indexes[name]
            for value in function(obj):
                if (found := index.get(value)) is not None:
                    found.pop(obj.key, None)
                    if not found:
                        del index[value]


def _enter(
    index: dict[Hashable, dict[ObjectKey, StoredObject[T]]], function: IndexFunction, obj: StoredObject[T]
) -> None:
    for value in function(obj):
        index.setdefault(value, {})[obj.key] = obj


def matches_fields(obj: StoredObject[Any], fields: FieldSelector) -> bool:
    """Whether an object matches a field selector; it is decoded only for fields other than its name and namespace."""
    values = {"metadata.name": obj.name, "metadata.namespace": obj.namespace}
    others = [requirement.path for requirement in fields.requirements if requirement.path not in values]
    if others:
        plain = obj.plain()
        values |= {path: field_value(plain, path) for path in others}
    return fields.matches(values)


def field_value(plain: dict[str, Any], path: str) -> str:
    """The text that a field selector compares: empty for a missing field, ``true`` or ``false`` for a truth value."""
    value: Any = plain
    for name in path.split("."):
        if not isinstance(value, dict):
            return ""
        value = value.get(name)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
