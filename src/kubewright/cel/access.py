"""Members of objects, items of lists and entries of maps, plain and optional."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.frame import Frame, Run
from kubewright.cel.types import Type, is_optional
from kubewright.cel.values import NONE, Optional, Uint


def has_member(value: Any, key: str) -> bool:
    """``has(value.key)``; what is no map, like null, has no members."""
    if isinstance(value, list):
        raise missing_member(value, key)
    return isinstance(value, dict) and key in value


def missing_member(value: Any, key: Any) -> EvaluationError:
    """Why there is no ``value.key`` (``refQualify`` of cel-go's interpreter)."""
    if isinstance(value, list):
        return EvaluationError(f"unsupported index type '{type_name(key)}' in list")
    return EvaluationError(f"no such key: {key}")


def type_name(index: Any) -> str:
    """What CEL calls the type of an index."""
    return {str: "string", bool: "bool", float: "double", Uint: "uint"}.get(type(index), "int")


def field_decode(operand: Type, field: str) -> Callable[[Any], Any] | None:
    inner = operand.params[0] if is_optional(operand) else operand
    found = (inner.fields or {}).get(field)
    return None if found is None else found.decode


def select_optional(operand: Run, key: str, *, test: bool, decode: Callable[[Any], Any] | None) -> Run:
    def run(frame: Frame) -> Any:
        value = operand(frame)
        if isinstance(value, Optional):
            if not value.present:
                return False if test else NONE
            value = value.value
        if test:
            return has_member(value, key)
        if isinstance(value, list):
            raise missing_member(value, key)
        if not isinstance(value, dict) or key not in value:
            return NONE
        found = value[key] if decode is None else decode(value[key])
        return found if isinstance(found, Optional) else Optional(True, found)

    return run


def as_key(key: Any) -> Any:
    """A map key; a double with an integral value finds the integer key."""
    if isinstance(key, float) and key.is_integer():
        return int(key)
    if isinstance(key, str | int):
        return key
    raise EvaluationError(f"unsupported key type: {type(key).__name__}")


def index_value(container: Any, index: Any) -> Any:
    """``container[index]``.

    :raises EvaluationError: there is no such key or item.
    """
    if isinstance(container, dict):
        key = as_key(index)
        if key not in container or (isinstance(key, bool) and not any(one is key for one in container)):
            raise EvaluationError(f"no such key: {index}")
        return container[key]
    if not isinstance(container, list):
        raise missing_member(container, index)
    position = as_key(index)
    if not isinstance(position, int) or isinstance(position, bool):
        raise missing_member(container, index)
    if not 0 <= position < len(container):
        raise EvaluationError(f"index out of bounds: {position}")
    return container[position]


def index_optional(container: Any, index: Any, decode: Callable[[Any], Any] | None) -> Optional:
    if isinstance(container, Optional):
        if not container.present:
            return NONE
        container = container.value
    if isinstance(container, dict) and as_key(index) not in container:
        return NONE
    if isinstance(container, list) and isinstance(index, int | Uint) and not 0 <= index < len(container):
        return NONE
    found = index_value(container, index)
    return Optional(True, found if decode is None else decode(found))


def item_decode(over: Type) -> Callable[[Any], Any] | None:
    """How items of a list, or values of a map, become CEL values."""
    if over.kind == "list":
        return over.params[0].decode
    return over.params[1].decode if over.kind == "map" else None
