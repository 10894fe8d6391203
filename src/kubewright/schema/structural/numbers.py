"""Bounds of numbers: range of the type, ``multipleOf``, ``maximum``, ``minimum``.

Kubernetes checks them once more as "is this value, and each bound, of the declared type", which is where its
errors without a field come from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubewright.cel.values import format_number
from kubewright.objects.errors import Cause
from kubewright.schema.node import Node
from kubewright.schema.structural.formats import supported_format
from kubewright.schema.structural.problems import NO_FIELD, Problem, Problems

_RANGES = {"": (-(1 << 63), (1 << 63) - 1), "int64": (-(1 << 63), (1 << 63) - 1), "int32": (-(1 << 31), (1 << 31) - 1)}
_FLOAT32_MAX = 3.4028235677973366e38

Number = int | float


def number_rule(node: Node, kind: type) -> Callable[[Any, Any], Problems] | None:
    """The check of ints or floats (``kind``) against ``node``; None where any will do."""
    raw = node.raw
    type_name = node.type or ""
    format_name = supported_format(node.type, raw.get("format") or "")
    rules = [_kept_by_type(type_name, format_name)]
    if raw.get("multipleOf") is not None:
        rules.append(_multiple_of(raw["multipleOf"], kind))
    if raw.get("maximum") is not None:
        rules.append(_maximum(raw["maximum"], bool(raw.get("exclusiveMaximum")), kind))
    if raw.get("minimum") is not None:
        rules.append(_minimum(raw["minimum"], bool(raw.get("exclusiveMinimum")), kind))
    active = [rule for rule in rules if rule is not None]
    if not active:
        return None

    def check(value: Number, old: Any) -> Problems:
        problems = [problem for rule in active if (problem := rule(value)) is not None]
        return problems or None

    return check


def _kept_by_type(type_name: str, format_name: str) -> Callable[[Number], Problem | None] | None:
    """Whether the declared type and format can hold a value without loss."""
    if type_name == "integer":
        low, high = _RANGES[format_name]

        def fits(value: Number) -> bool:
            return value == int(value) and low <= value <= high
    elif format_name == "float":

        def fits(value: Number) -> bool:
            return abs(value) <= _FLOAT32_MAX
    else:
        return None
    suffix = f"with format {format_name}" if format_name else "(default format)"

    def rule(value: Number) -> Problem | None:
        if fits(value):
            return None
        return _without_field(lambda path: f"Checked value must be of type {type_name} {suffix} in {path}")

    return rule


def _without_field(text: Callable[[str], str]) -> Problem:
    return Problem(lambda path: Cause("FieldValueInvalid", f'Invalid value: "": {text(path)}', NO_FIELD))


def _bound(number: Number, kind: type) -> Number:
    """Bounds are compared as integers with integers, as floats with floats."""
    return int(number) if kind is int else float(number)


def _maximum(raw: Number, exclusive: bool, kind: type) -> Callable[[Number], Problem | None]:
    bound = _bound(raw, kind)
    text = f"in body should be less than {'' if exclusive else 'or equal to '}{format_number(bound)}"

    def rule(value: Number) -> Problem | None:
        return None if (value < bound if exclusive else value <= bound) else _out_of_bounds(value, text)

    return rule


def _minimum(raw: Number, exclusive: bool, kind: type) -> Callable[[Number], Problem | None]:
    bound = _bound(raw, kind)
    text = f"in body should be greater than {'' if exclusive else 'or equal to '}{format_number(bound)}"

    def rule(value: Number) -> Problem | None:
        return None if (value > bound if exclusive else value >= bound) else _out_of_bounds(value, text)

    return rule


def _multiple_of(raw: Number, kind: type) -> Callable[[Number], Problem | None]:
    factor = _bound(raw, kind)
    text = f"in body should be a multiple of {format_number(factor)}"

    def rule(value: Number) -> Problem | None:
        if factor == 0:
            return None
        held = value % factor == 0 if kind is int else _is_integral(value / factor)
        return None if held else _out_of_bounds(value, text)

    return rule


def _is_integral(quotient: float) -> bool:
    """Whether a quotient is whole, up to the rounding of the division."""
    nearest = round(quotient)
    return abs(quotient - nearest) <= 1e-9 * max(1.0, abs(quotient))


def _out_of_bounds(value: Number, text: str) -> Problem:
    return Problem(
        lambda path: Cause("FieldValueInvalid", f"Invalid value: {format_number(value)}: {path} {text}", path)
    )
