"""Objects to JSON and back.

Typed objects are written without None, empty lists and maps, and without structs of the spine that nobody touched
(see `base`), sets and maps in sorted order, so equal objects give equal text; reading fills what is missing with the
struct's defaults and, as Go's decoder does, takes null for absent.
"""

from __future__ import annotations

import copy
import typing
from functools import cache
from types import UnionType
from typing import Any, TypeVar

import msgspec

from kubewright.objects.unstructured import Unstructured

T = TypeVar("T")


def to_json(obj: msgspec.Struct | Unstructured) -> bytes:
    """The object as JSON text."""
    return _ENCODER.encode(_writable(obj))


def to_json_in_full(obj: msgspec.Struct | Unstructured) -> bytes:
    """As `to_json`, with the parts of the spine that nobody touched: what `changes.carry_over` compares.

    So a part that has lost the last field that its class knows differs from one that was taken away as a whole.
    """
    return _ENCODER.encode(obj)


def to_dict(obj: msgspec.Struct | Unstructured) -> dict[str, Any]:
    """The object as plain JSON values; shares nothing with a typed object."""
    plain: dict[str, Any] = to_plain(obj)
    return plain


def to_plain(value: object) -> Any:
    """Any value that may stand in a typed object (a quantity, a list of structs, ...) as plain JSON values.

    :raises TypeError: it has no JSON form.
    """
    return msgspec.to_builtins(_writable(value), enc_hook=_encode_plain, order="deterministic")


def from_json(cls: type[T], data: bytes | str) -> T:
    """Read JSON text as an object of a class.

    :raises ValueError: it is no JSON, or a value has not the type that the class says; the message gives the path.
    """
    if issubclass(cls, Unstructured):
        return cls(msgspec.json.decode(data))
    try:
        return _decoder(cls).decode(data)
    except msgspec.ValidationError:
        return from_dict(cls, msgspec.json.decode(data))


def from_dict(cls: type[T], plain: dict[str, Any]) -> T:
    """Read plain JSON values as an object of a class.

    :raises ValueError: as `from_json`.
    """
    if issubclass(cls, Unstructured):
        return cls(dict(plain))
    return from_plain(cls, plain)


def from_plain(cls: type[T], value: object) -> T:
    """Read any plain JSON value as a class: a quantity, a struct, ...

    :raises ValueError: as `from_json`.
    """
    try:
        return msgspec.convert(value, cls, dec_hook=_decode_plain)
    except msgspec.ValidationError:
        return msgspec.convert(without_nulls(value), cls, dec_hook=_decode_plain)


def copy_of(obj: T) -> T:
    """A deep copy of a typed or an unstructured object."""
    return copy.deepcopy(obj)


def _encode_plain(value: Any) -> Any:
    if hasattr(value, "to_plain"):
        return value.to_plain()
    if hasattr(value, "model_dump"):  # a pydantic model, as a custom resource's spec may be
        return value.model_dump(mode="json", by_alias=True, exclude_none=True, round_trip=True)
    raise TypeError(f"{type(value).__name__} has no JSON form: give it from_plain() and to_plain()")


def _decode_plain(cls: Any, value: object) -> Any:
    if hasattr(cls, "from_plain"):
        return cls.from_plain(value)
    if hasattr(cls, "model_validate_json"):  # what is strict of Python values reads JSON all the same
        return cls.model_validate_json(msgspec.json.encode(value))
    raise TypeError(f"{cls.__name__} has no JSON form: give it from_plain() and to_plain()")


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_plain, order="deterministic")


_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}


def _decoder(cls: type[T]) -> msgspec.json.Decoder[T]:
    decoder = _DECODERS.get(cls)
    if decoder is None:
        decoder = _DECODERS[cls] = msgspec.json.Decoder(cls, dec_hook=_decode_plain)
    return decoder


def without_nulls(value: Any) -> Any:
    """Plain JSON values as Go's decoder sees them: a null member is an absent one."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _writable(value: object) -> Any:
    if isinstance(value, msgspec.Struct):
        return _trimmed(value)
    if isinstance(value, list):
        return [_writable(item) for item in value]
    if isinstance(value, dict):
        return {key: _writable(item) for key, item in value.items()}
    return value.to_plain() if isinstance(value, Unstructured) else value


def _trimmed(struct: msgspec.Struct) -> msgspec.Struct:
    """The struct itself, or a shallow copy in which untouched parts of the spine are marked as unset."""
    replaced: dict[str, Any] = {}
    for field, untouched in _spine(type(struct)):
        value = getattr(struct, field)
        if not value:
            continue
        if untouched is not None and value == untouched:
            replaced[field] = msgspec.UNSET
        elif (replacement := _writable(value)) is not value:
            replaced[field] = replacement
    return msgspec.structs.replace(struct, **replaced) if replaced else struct


@cache
def _spine(cls: type[msgspec.Struct]) -> tuple[tuple[str, msgspec.Struct | None], ...]:
    """The fields below which untouched structs may stand, each with its untouched value if it is one itself."""
    found: list[tuple[str, msgspec.Struct | None]] = []
    for field in msgspec.structs.fields(cls):
        factory = field.default_factory
        if isinstance(factory, type) and issubclass(factory, msgspec.Struct):
            found.append((field.name, factory()))
        elif any(_leads_to_spine(struct, frozenset()) for struct in _structs_in(field.type)):
            found.append((field.name, None))
    return tuple(found)


def _leads_to_spine(cls: type[msgspec.Struct], above: frozenset[type]) -> bool:
    if cls in above:
        return False
    for field in msgspec.structs.fields(cls):
        factory = field.default_factory
        if isinstance(factory, type) and issubclass(factory, msgspec.Struct):
            return True
        if any(_leads_to_spine(struct, above | {cls}) for struct in _structs_in(field.type)):
            return True
    return False


def _structs_in(annotation: Any) -> list[type[msgspec.Struct]]:
    """The struct classes that a field's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    if isinstance(annotation, UnionType) or typing.get_origin(annotation) is not None:
        return [struct for part in typing.get_args(annotation) for struct in _structs_in(part)]
    return []
