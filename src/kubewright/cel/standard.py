"""The operators and functions of standard CEL; logic, conditions and indexing are only typed here, not run.

The semantics are those of the CEL language definition; the texts of errors are cel-go's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.regex import RegexError, compile_regex
from kubewright.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from kubewright.cel.values import (
    INT_MAX,
    INT_MIN,
    Duration,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    checked_int,
    checked_uint,
    contains,
    equal,
    format_number,
)

_LIST_A, _MAP_AB = list_of(A), map_of(A, B)
_ORDERED = (BOOL, INT, UINT, DOUBLE, STRING, BYTES, DURATION, TIMESTAMP)
_NUMERIC = (INT, UINT, DOUBLE)

TYPES: dict[str, Type] = {
    "bool": BOOL, "int": INT, "uint": UINT, "double": DOUBLE, "string": STRING, "bytes": BYTES, "null_type": NULL,
    "dyn": DYN, "list": list_of(DYN), "map": map_of(DYN, DYN), "type": type_of(DYN), "optional_type": optional_of(DYN),
    "google.protobuf.Duration": DURATION, "google.protobuf.Timestamp": TIMESTAMP,
}  # fmt: skip
"""The types that expressions may name."""


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return checked_int(quotient if (left < 0) == (right < 0) else -quotient)


def _modulo(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("modulus by zero")
    return (
        int(math.fmod(left, right))
        if abs(left) < 1 << 53 and abs(right) < 1 << 53
        else left - right * _divide(left, right)
    )


def _divide_double(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or left != left else math.copysign(math.inf, left) * math.copysign(1, right)


def _uint(operation: Callable[[int, int], int]) -> Callable[[int, int], Uint]:
    return lambda left, right: checked_uint(operation(left, right))


def _arithmetic() -> list[Overload]:
    return [
        Overload("_+_", [INT, INT], INT, lambda a, b: checked_int(a + b)),
        Overload("_+_", [UINT, UINT], UINT, _uint(lambda a, b: a + b)),
        Overload("_+_", [DOUBLE, DOUBLE], DOUBLE, lambda a, b: a + b),
        Overload("_+_", [STRING, STRING], STRING, lambda a, b: a + b),
        Overload("_+_", [BYTES, BYTES], BYTES, lambda a, b: a + b),
        Overload("_+_", [_LIST_A, _LIST_A], _LIST_A, lambda a, b: a + b),
        Overload("_+_", [DURATION, DURATION], DURATION, lambda a, b: Duration.checked(a.nanos + b.nanos)),
        Overload("_+_", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp.checked(a.nanos + b.nanos)),
        Overload("_+_", [DURATION, TIMESTAMP], TIMESTAMP, lambda a, b: Timestamp.checked(a.nanos + b.nanos)),
        Overload("_-_", [INT, INT], INT, lambda a, b: checked_int(a - b)),
        Overload("_-_", [UINT, UINT], UINT, _uint(lambda a, b: a - b)),
        Overload("_-_", [DOUBLE, DOUBLE], DOUBLE, lambda a, b: a - b),
        Overload("_-_", [DURATION, DURATION], DURATION, lambda a, b: Duration.checked(a.nanos - b.nanos)),
        Overload("_-_", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp.checked(a.nanos - b.nanos)),
        Overload("_-_", [TIMESTAMP, TIMESTAMP], DURATION, lambda a, b: Duration.checked(a.nanos - b.nanos)),
        Overload("_*_", [INT, INT], INT, lambda a, b: checked_int(a * b)),
        Overload("_*_", [UINT, UINT], UINT, _uint(lambda a, b: a * b)),
        Overload("_*_", [DOUBLE, DOUBLE], DOUBLE, lambda a, b: a * b),
        Overload("_/_", [INT, INT], INT, _divide),
        Overload("_/_", [UINT, UINT], UINT, _uint(_divide)),
        Overload("_/_", [DOUBLE, DOUBLE], DOUBLE, _divide_double),
        Overload("_%_", [INT, INT], INT, _modulo),
        Overload("_%_", [UINT, UINT], UINT, _uint(_modulo)),
        Overload("-_", [INT], INT, lambda a: checked_int(-a)),
        Overload("-_", [DOUBLE], DOUBLE, lambda a: -a),
        Overload("!_", [BOOL], BOOL, lambda a: not a),
    ]


def _comparisons() -> list[Overload]:
    orders: dict[str, Callable[[Any, Any], bool]] = {
        "_<_": lambda a, b: a < b,
        "_<=_": lambda a, b: a <= b,
        "_>_": lambda a, b: a > b,
        "_>=_": lambda a, b: a >= b,
    }
    pairs = [(one, one) for one in _ORDERED]
    pairs += [(one, other) for one in _NUMERIC for other in _NUMERIC if one is not other]
    overloads = [Overload(name, pair, BOOL, run) for name, run in orders.items() for pair in pairs]
    return [
        *overloads,
        Overload("_==_", [A, A], BOOL, equal),
        Overload("_!=_", [A, A], BOOL, lambda a, b: not equal(a, b)),
        Overload("@in", [A, _LIST_A], BOOL, lambda item, items: contains(items, item)),
        Overload("@in", [A, _MAP_AB], BOOL, lambda key, entries: isinstance(key, str | int | float) and key in entries),
    ]


def _special_forms() -> list[Overload]:
    """What the compiler implements: only the types matter here."""

    def never(*values: Any) -> Any:
        raise AssertionError("compiled specially")

    return [
        Overload("_&&_", [BOOL, BOOL], BOOL, never),
        Overload("_||_", [BOOL, BOOL], BOOL, never),
        Overload("_?_:_", [BOOL, A, A], A, never),
        Overload("_[_]", [_LIST_A, INT], A, never),
        Overload("_[_]", [_MAP_AB, A], B, never),
        Overload("_[_]", [optional_of(_LIST_A), INT], optional_of(A), never),
        Overload("_[_]", [optional_of(_MAP_AB), A], optional_of(B), never),
        Overload("_[?_]", [_LIST_A, INT], optional_of(A), never),
        Overload("_[?_]", [_MAP_AB, A], optional_of(B), never),
        Overload("_[?_]", [optional_of(_LIST_A), INT], optional_of(A), never),
        Overload("_[?_]", [optional_of(_MAP_AB), A], optional_of(B), never),
    ]


def _size() -> list[Overload]:
    return [
        overload
        for one in (STRING, BYTES, _LIST_A, _MAP_AB)
        for overload in (Overload("size", [one], INT, len), member("size", [one], INT, len))
    ]


def _parse_int(text: str) -> int:
    try:
        digits = text[1:] if text[:1] in ("+", "-") else text
        if not digits.isascii() or not digits.isdecimal():
            raise ValueError
        number = int(text)
    except ValueError:
        raise EvaluationError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if not INT_MIN <= number <= INT_MAX:
        raise EvaluationError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def _parse_uint(text: str) -> Uint:
    if not text.isascii() or not text.isdecimal():
        raise EvaluationError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return checked_uint(int(text))


def _parse_double(text: str) -> float:
    try:
        if text != text.strip() or "_" in text:
            raise ValueError
        return float(text)
    except ValueError:
        raise EvaluationError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None


_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def _parse_bool(text: str) -> bool:
    if text not in _BOOLS:
        raise EvaluationError(f'strconv.ParseBool: parsing "{text}": invalid syntax')
    return _BOOLS[text]


def _double_to_int(number: float) -> int:
    if not -(2.0**63) < number < 2.0**63:
        raise EvaluationError("integer overflow")
    return int(number)


def _double_to_uint(number: float) -> Uint:
    if not 0 <= number < 2.0**64:
        raise EvaluationError("unsigned integer overflow")
    return Uint(number)


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None


def _conversions() -> list[Overload]:
    return [
        Overload("int", [INT], INT, lambda a: a),
        Overload("int", [UINT], INT, lambda a: checked_int(int(a))),
        Overload("int", [DOUBLE], INT, _double_to_int),
        Overload("int", [STRING], INT, _parse_int),
        Overload("int", [TIMESTAMP], INT, lambda a: a.nanos // 1_000_000_000),
        Overload("uint", [UINT], UINT, lambda a: a),
        Overload("uint", [INT], UINT, checked_uint),
        Overload("uint", [DOUBLE], UINT, _double_to_uint),
        Overload("uint", [STRING], UINT, _parse_uint),
        Overload("double", [DOUBLE], DOUBLE, lambda a: a),
        Overload("double", [INT], DOUBLE, float),
        Overload("double", [UINT], DOUBLE, float),
        Overload("double", [STRING], DOUBLE, _parse_double),
        Overload("string", [STRING], STRING, lambda a: a),
        Overload("string", [BOOL], STRING, lambda a: "true" if a else "false"),
        Overload("string", [INT], STRING, str),
        Overload("string", [UINT], STRING, lambda a: str(int(a))),
        Overload("string", [DOUBLE], STRING, format_number),
        Overload("string", [BYTES], STRING, _decode),
        Overload("string", [TIMESTAMP], STRING, str),
        Overload("string", [DURATION], STRING, str),
        Overload("bytes", [BYTES], BYTES, lambda a: a),
        Overload("bytes", [STRING], BYTES, str.encode),
        Overload("bool", [BOOL], BOOL, lambda a: a),
        Overload("bool", [STRING], BOOL, _parse_bool),
        Overload("duration", [DURATION], DURATION, lambda a: a),
        Overload("duration", [STRING], DURATION, Duration.parse),
        Overload("timestamp", [TIMESTAMP], TIMESTAMP, lambda a: a),
        Overload("timestamp", [STRING], TIMESTAMP, Timestamp.parse),
        Overload("timestamp", [INT], TIMESTAMP, lambda a: Timestamp.checked(a * 1_000_000_000)),
        Overload("dyn", [A], DYN, lambda a: a),
        Overload("type", [A], type_of(A), type_value),
    ]


_TYPE_NAMES: dict[type, str] = {
    bool: "bool", int: "int", Uint: "uint", float: "double", str: "string", bytes: "bytes", type(None): NULL.name,
    Duration: DURATION.name, Timestamp: TIMESTAMP.name, TypeValue: "type", Optional: "optional_type", list: "list",
    dict: "map",
}  # fmt: skip


def type_value(value: Any) -> TypeValue:
    """The type of a value, as ``type(x)`` gives it."""
    return TypeValue(_TYPE_NAMES.get(type(value), type(value).__name__))


def matches(text: str, pattern: str) -> bool:
    try:
        return compile_regex(pattern)(text)
    except RegexError as error:
        raise EvaluationError(str(error)) from error


def _strings() -> list[Overload]:
    return [
        Overload("matches", [STRING, STRING], BOOL, matches),
        member("matches", [STRING, STRING], BOOL, matches),
        member("contains", [STRING, STRING], BOOL, lambda text, part: part in text),
        member("startsWith", [STRING, STRING], BOOL, str.startswith),
        member("endsWith", [STRING, STRING], BOOL, str.endswith),
    ]


def _times() -> list[Overload]:
    parts: dict[str, Callable[[datetime], int]] = {
        "getFullYear": lambda moment: moment.year,
        "getMonth": lambda moment: moment.month - 1,
        "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
        "getDayOfMonth": lambda moment: moment.day - 1,
        "getDate": lambda moment: moment.day,
        "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
        "getHours": lambda moment: moment.hour,
        "getMinutes": lambda moment: moment.minute,
        "getSeconds": lambda moment: moment.second,
    }
    overloads: list[Overload] = []
    for name, part in parts.items():
        overloads += [
            member(name, [TIMESTAMP], INT, lambda at, part=part: part(at.moment())),
            member(name, [TIMESTAMP, STRING], INT, lambda at, zone, part=part: part(at.moment(zone))),
        ]
    milliseconds = "getMilliseconds"
    return [
        *overloads,
        member(milliseconds, [TIMESTAMP], INT, lambda at: at.nanos % 1_000_000_000 // 1_000_000),
        member(milliseconds, [TIMESTAMP, STRING], INT, lambda at, zone: at.nanos % 1_000_000_000 // 1_000_000),
        member("getHours", [DURATION], INT, lambda span: _divide(span.nanos, 3_600_000_000_000)),
        member("getMinutes", [DURATION], INT, lambda span: _divide(span.nanos, 60_000_000_000)),
        member("getSeconds", [DURATION], INT, lambda span: _divide(span.nanos, 1_000_000_000)),
        member(milliseconds, [DURATION], INT, lambda span: _divide(span.nanos, 1_000_000)),
    ]


OVERLOADS: list[Overload] = [
    *_arithmetic(), *_comparisons(), *_special_forms(), *_size(), *_conversions(), *_strings(), *_times(),
]  # fmt: skip
