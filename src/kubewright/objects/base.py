"""What every typed Kubernetes object is made of: msgspec structs with snake_case attributes and camelCase JSON.

The rules are Go's zero values, made comfortable for an editor.  Whatever the API requires, and the spine of an object
(``metadata``, ``spec``, ``status``, ``template``), is always there, so ``deployment.spec.template.spec.containers[0]``
needs no check; lists and maps are empty where absent; any other field may be None.  In JSON, None, empty lists and
maps and a spine that nobody touched are left out, while zeros and empty strings of required fields stay.  Unknown
fields are ignored on reading.
"""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import msgspec

_FIELD = type(msgspec.field())


class StructMeta(msgspec.StructMeta):
    """Makes ``omit_defaults`` mean "leave out None and empties", as Go's ``omitempty`` on pointers and lists does.

    msgspec leaves out a field that equals its default, but doesn't look through a default factory: so every default
    that says something (``0``, ``""``, ``"nginx"``) is turned into a factory here.
    """

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **config: Any) -> StructMeta:
        for field, annotation in namespace.get("__annotations__", {}).items():
            if field in namespace and "ClassVar" not in str(annotation):
                namespace[field] = _always_written(namespace[field])
        return super().__new__(mcls, name, bases, namespace, **config)


def _always_written(default: Any) -> Any:
    name = None
    if isinstance(default, _FIELD):
        name, default = default.name, (default if default.default is msgspec.NODEFAULT else default.default)
    if default is None or default is msgspec.UNSET or isinstance(default, list | dict | set | _FIELD):
        return default if name is None or isinstance(default, _FIELD) else msgspec.field(default=default, name=name)
    return msgspec.field(default_factory=lambda: default, name=name)


class Struct(msgspec.Struct, metaclass=StructMeta, kw_only=True, omit_defaults=True, rename="camel"):
    """A part of a Kubernetes object."""


@runtime_checkable
class Scalar(Protocol):
    """A value with a type of its own that JSON shows as a plain string: a quantity, a duration, a precise time."""

    @classmethod
    def from_scalar(cls, value: object) -> Self:
        """Make it from the decoded JSON value.

        :raises ValueError: the value is none; the message says why.
        """
        ...

    def to_scalar(self) -> str: ...
