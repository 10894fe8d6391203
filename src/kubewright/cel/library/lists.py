"""``isSorted``, ``sum``, ``min``, ``max``, ``indexOf`` and ``lastIndexOf`` of lists."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT, A, Type, list_of
from kubewright.cel.values import Duration, Uint, checked_int, checked_uint, equal

_COMPARABLE = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)


def _is_sorted(items: list[Any]) -> bool:
    return all(not later < earlier for earlier, later in pairwise(items))


def _smallest(items: list[Any]) -> Any:
    if not items:
        raise EvaluationError("min called on empty list")
    return min(items)


def _largest(items: list[Any]) -> Any:
    if not items:
        raise EvaluationError("max called on empty list")
    return max(items)


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if equal(item, wanted)), -1)


def _last_index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index in range(len(items) - 1, -1, -1) if equal(items[index], wanted)), -1)


def _sums() -> list[Overload]:
    def total(one: Type) -> Any:
        match one.kind:
            case "int":
                return lambda items: checked_int(sum(items))
            case "uint":
                return lambda items: checked_uint(sum(items)) if items else Uint(0)
            case "double":
                return lambda items: float(sum(items))
        return lambda items: Duration.checked(sum(item.nanos for item in items))

    return [member("sum", [list_of(one)], one, total(one)) for one in (INT, UINT, DOUBLE, DURATION)]


OVERLOADS: list[Overload] = [
    *(member("isSorted", [list_of(one)], BOOL, _is_sorted) for one in _COMPARABLE),
    *(member("min", [list_of(one)], one, _smallest) for one in _COMPARABLE),
    *(member("max", [list_of(one)], one, _largest) for one in _COMPARABLE),
    *_sums(),
    member("indexOf", [list_of(A), A], INT, _index_of),
    member("lastIndexOf", [list_of(A), A], INT, _last_index_of),
]
