"""``sets.contains``, ``sets.equivalent`` and ``sets.intersects``: lists taken as sets."""

from __future__ import annotations

from typing import Any

from kubewright.cel.functions import Overload
from kubewright.cel.types import BOOL, A, list_of
from kubewright.cel.values import contains


def _contains(items: list[Any], others: list[Any]) -> bool:
    return all(contains(items, other) for other in others)


def _equivalent(items: list[Any], others: list[Any]) -> bool:
    return _contains(items, others) and _contains(others, items)


def _intersects(items: list[Any], others: list[Any]) -> bool:
    return any(contains(items, other) for other in others)


OVERLOADS = [
    Overload("sets.contains", [list_of(A), list_of(A)], BOOL, _contains),
    Overload("sets.equivalent", [list_of(A), list_of(A)], BOOL, _equivalent),
    Overload("sets.intersects", [list_of(A), list_of(A)], BOOL, _intersects),
]
