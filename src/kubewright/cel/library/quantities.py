"""Kubernetes quantities: ``quantity('1Gi').isGreaterThan(quantity('1M'))``."""

from __future__ import annotations

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, DOUBLE, INT, STRING, opaque
from kubewright.cel.values import INT_MAX, INT_MIN
from kubewright.objects.quantity import Quantity

QUANTITY = opaque("kubernetes.Quantity", Quantity)


def _parse(text: str) -> Quantity:
    try:
        return Quantity(text)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _is_quantity(text: str) -> bool:
    try:
        Quantity(text)
    except ValueError:
        return False
    return True


def _is_integer(quantity: Quantity) -> bool:
    exact = quantity.exact
    return exact.denominator == 1 and INT_MIN <= exact.numerator <= INT_MAX


def _as_integer(quantity: Quantity) -> int:
    if not _is_integer(quantity):
        raise EvaluationError("cannot convert value to integer")
    return quantity.exact.numerator


def _compare(one: Quantity, other: Quantity) -> int:
    return (one > other) - (one < other)


def _whole(number: int) -> Quantity:
    return Quantity(number)


OVERLOADS: list[Overload] = [
    Overload("quantity", [STRING], QUANTITY, _parse),
    Overload("isQuantity", [STRING], BOOL, _is_quantity),
    member("sign", [QUANTITY], INT, lambda one: (one.exact > 0) - (one.exact < 0)),
    member("isInteger", [QUANTITY], BOOL, _is_integer),
    member("asInteger", [QUANTITY], INT, _as_integer),
    member("asApproximateFloat", [QUANTITY], DOUBLE, lambda one: float(one.exact)),
    member("isGreaterThan", [QUANTITY, QUANTITY], BOOL, lambda one, other: one > other),
    member("isLessThan", [QUANTITY, QUANTITY], BOOL, lambda one, other: one < other),
    member("compareTo", [QUANTITY, QUANTITY], INT, _compare),
    member("add", [QUANTITY, QUANTITY], QUANTITY, lambda one, other: one + other),
    member("add", [QUANTITY, INT], QUANTITY, lambda one, other: one + _whole(other)),
    member("sub", [QUANTITY, QUANTITY], QUANTITY, lambda one, other: one - other),
    member("sub", [QUANTITY, INT], QUANTITY, lambda one, other: one - _whole(other)),
]
