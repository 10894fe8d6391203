"""What every typed Kubernetes object is made of: msgspec structs with snake_case attributes and camelCase JSON.

The rules are Go's zero values, made comfortable for an editor.  Whatever the API requires, and the spine of an object
(``metadata``, ``spec``, ``status``, ``template``), is always there, so ``deployment.spec.template.spec.containers[0]``
needs no check; lists and maps are empty where absent; any other field may be None.  In JSON, None, empty lists and
maps and a spine that nobody touched are left out, while zeros and empty strings of required fields stay.  Unknown
fields are ignored on reading.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, dataclass_transform

import msgspec

from kubewright.objects.in_models import in_models

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

M = TypeVar("M", bound="StructMeta")

_FIELD = type(msgspec.field())


class StructMeta(msgspec.StructMeta):
    """Makes ``omit_defaults`` mean "leave out None and empties", as Go's ``omitempty`` on pointers and lists does.

    msgspec leaves out a field that equals its default, but doesn't look through a default factory: so every default
    that says something (``0``, ``""``, ``"nginx"``) is turned into a factory here.
    """

    def __new__(mcls: type[M], name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **config: Any) -> M:
        config.setdefault("kw_only", True)  # msgspec doesn't inherit it
        for field, annotation in own_annotations(namespace).items():
            if field in namespace and "ClassVar" not in str(annotation):
                namespace[field] = _written_even_if_default(namespace[field])
        return super().__new__(mcls, name, bases, namespace, **config)


def own_annotations(namespace: dict[str, Any]) -> dict[str, Any]:
    """The annotations of a class that is being made, which may be added to."""
    if sys.version_info >= (3, 14) and "__annotations__" not in namespace:
        # They are a function now, run when somebody asks: we do, and leave what it gave in its place.
        from annotationlib import Format, call_annotate_function, get_annotate_from_class_namespace

        annotate = get_annotate_from_class_namespace(namespace)
        namespace["__annotations__"] = call_annotate_function(annotate, Format.FORWARDREF) if annotate else {}
        namespace.pop("__annotate__", None)
        namespace.pop("__annotate_func__", None)
    annotations: dict[str, Any] = namespace.setdefault("__annotations__", {})
    return annotations


def _written_even_if_default(default: Any) -> Any:
    name = None
    if isinstance(default, _FIELD):
        if default.default is msgspec.NODEFAULT:
            return default
        name, default = default.name, default.default
    if default is None or (isinstance(default, list | dict | set) and not default):
        return msgspec.field(default=default, name=name)
    if isinstance(default, msgspec.Struct) and _is_untouched(default):
        return msgspec.field(default_factory=type(default), name=name)
    if isinstance(default, str | int | float):  # can't be changed, and stands in nearly every object that is read
        return msgspec.field(default_factory=lambda: default, name=name)
    return msgspec.field(default_factory=lambda: copy.deepcopy(default), name=name)


def _is_untouched(struct: msgspec.Struct) -> bool:
    try:
        return bool(struct == type(struct)())
    except TypeError:  # it has fields that must be given
        return False


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Struct(msgspec.Struct, metaclass=StructMeta, omit_defaults=True, rename="camel"):
    """A part of a Kubernetes object."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object, /) -> CoreSchema:
        """Such a part may stand in a pydantic model."""
        return in_models(cls)


class PlainValue(Protocol):
    """A value with a type of its own that has a plain JSON form: a quantity, a duration, a precise time, ..."""

    @classmethod
    def from_plain(cls, value: Any) -> Self:
        """Make it from the decoded JSON value.

        :raises ValueError: the value is none; the message says why.
        """
        ...

    def to_plain(self) -> Any:
        """The value that JSON shows: text, a number, a list or a dictionary."""
        ...
