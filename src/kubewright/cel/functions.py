"""Functions as the checker and the compiler see them: overloads with types, and the Python function behind each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kubewright.cel.types import Type
from kubewright.cel.values import Duration, Optional, Timestamp, TypeValue, Uint


class Overload(NamedTuple):
    """One signature of a function; of a member function, the first parameter is the target.

    ``run`` takes the values; it raises `EvaluationError` where there is no result.
    """

    function: str
    params: Sequence[Type]
    result: Type
    run: Callable[..., Any]
    member: bool = False


Functions = Mapping[tuple[str, bool], Sequence[Overload]]
"""Overloads by name and whether they are called on a target."""


def member(function: str, params: Sequence[Type], result: Type, run: Callable[..., Any]) -> Overload:
    return Overload(function, params, result, run, member=True)


def table(overloads: Iterable[Overload]) -> Functions:
    by_name: defaultdict[tuple[str, bool], list[Overload]] = defaultdict(list)
    for overload in overloads:
        by_name[overload.function, overload.member].append(overload)
    return dict(by_name)


_CLASSES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,), "int": (int,), "uint": (Uint,), "double": (float,), "string": (str,), "bytes": (bytes,),
    "null_type": (type(None),), "duration": (Duration,), "timestamp": (Timestamp,), "type": (TypeValue,),
}  # fmt: skip


def holds(wanted: Type, value: Any) -> bool:
    """Whether a value is of a type, at run time, where the checker could not tell."""
    classes = _CLASSES.get(wanted.kind)
    if classes is not None:
        return type(value) in classes
    match wanted.kind:
        case "list":
            return isinstance(value, list)
        case "map" | "object":
            return isinstance(value, dict)
        case "opaque" if wanted.name == "optional_type":
            return isinstance(value, Optional)
        case "opaque" if wanted.python is not None:
            return isinstance(value, wanted.python)
    return True
