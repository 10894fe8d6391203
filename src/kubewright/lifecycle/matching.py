"""Which objects a behaviour is for: by labels, annotations, fields, or any function of the object.

The object's present state is asked, not an event: an object that begins to match is taken up, one that ceases to is
let go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from kubewright.lifecycle.arguments import Arguments
from kubewright.objects import Object, to_dict
from kubewright.objects.selectors import LabelSelector

FieldPath: TypeAlias = str | tuple[str, ...]
"""``spec.host`` as in JSON, or its parts where one of them contains a dot."""

Expected: TypeAlias = str | int | float | bool | Callable[[Any], object]
"""A value to be equal to, or a test of the value; what is absent is None."""


def present(value: object) -> bool:
    """For ``annotations`` and ``fields``: it is there, whatever it says."""
    return value is not None


def absent(value: object) -> bool:
    """For ``annotations`` and ``fields``: it is not there."""
    return value is None


class Matching:
    """All that is given must hold.

    :param labels: a label selector.
    :raises SelectorError: it is none.
    :raises ValueError: the kind has no such field.
    """

    def __init__(
        self,
        cls: type[Object],
        *,
        labels: str = "",
        annotations: Mapping[str, Expected] | None = None,
        fields: Mapping[FieldPath, Expected] | None = None,
        when: Callable[..., object] | None = None,
    ) -> None:
        self._labels = LabelSelector.parse(labels) if labels else None
        self._annotations = dict(annotations or {})
        self._fields = {parts_of(cls, path): expected for path, expected in (fields or {}).items()}
        self._when = when
        self._arguments = Arguments(when, cls) if when is not None else None

    def __call__(self, obj: Object) -> bool:
        if self._labels is not None and not self._labels.matches(obj.metadata.labels):
            return False
        found = obj.metadata.annotations
        if not all(_is(found.get(name), expected) for name, expected in self._annotations.items()):
            return False
        if self._fields:
            plain = to_dict(obj)
            if not all(_is(field_at(plain, parts), expected) for parts, expected in self._fields.items()):
                return False
        if self._when is None or self._arguments is None:
            return True
        return bool(self._when(**self._arguments.of(obj)))


def parts_of(cls: type[Object], path: FieldPath) -> tuple[str, ...]:
    """The parts of a path.

    :raises ValueError: the kind has no such field.
    """
    parts = tuple(path.split(".")) if isinstance(path, str) else path
    within: Any = cls
    for part in parts:
        if not (isinstance(within, type) and issubclass(within, msgspec.Struct)):
            break
        types = {field.encode_name: field.type for field in msgspec.structs.fields(within)}
        if part not in types:
            raise ValueError(f"{cls.__name__} has no field {'.'.join(parts)}: {within.__name__} has {', '.join(types)}")
        within = types[part]
    return parts


def field_at(plain: Mapping[str, Any], parts: tuple[str, ...]) -> Any:
    """The value of a field in an object's JSON; None where there is none."""
    value: Any = plain
    for part in parts:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _is(value: object, expected: Expected) -> bool:
    return bool(expected(value)) if callable(expected) else value == expected
