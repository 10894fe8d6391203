"""Optional values: ``optional.of``, ``optional.none``, ``hasValue``, ``value``, ``or``, ``orValue``."""

from __future__ import annotations

from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, A, optional_of
from kubewright.cel.values import NONE, Duration, Optional, Timestamp

_OPTIONAL_A = optional_of(A)


def _is_zero(value: Any) -> bool:
    if isinstance(value, Duration | Timestamp):
        return value.nanos == 0
    return not value


def _of_non_zero(value: Any) -> Optional:
    return NONE if _is_zero(value) else Optional(True, value)


def _value(optional: Optional) -> Any:
    if not optional.present:
        raise EvaluationError("optional.none() dereference")
    return optional.value


def _or(optional: Optional, other: Optional) -> Optional:
    return optional if optional.present else other


def _or_value(optional: Optional, other: Any) -> Any:
    return optional.value if optional.present else other


OVERLOADS: list[Overload] = [
    Overload("optional.of", [A], _OPTIONAL_A, lambda value: Optional(True, value)),
    Overload("optional.ofNonZeroValue", [A], _OPTIONAL_A, _of_non_zero),
    Overload("optional.none", [], _OPTIONAL_A, lambda: NONE),
    member("hasValue", [_OPTIONAL_A], BOOL, lambda optional: optional.present),
    member("value", [_OPTIONAL_A], A, _value),
    member("or", [_OPTIONAL_A, _OPTIONAL_A], _OPTIONAL_A, _or),
    member("orValue", [_OPTIONAL_A, A], A, _or_value),
]
