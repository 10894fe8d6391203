"""The values of CEL, in Python.

Ints, doubles, strings, bytes, booleans, null, lists and maps are Python's own; what Python lacks is here, with CEL's
equality, which compares numbers across types but never takes true for 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from kubewright.cel.errors import EvaluationError

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1
UINT_MAX = (1 << 64) - 1
_NANOS = 1_000_000_000
_DURATION_MAX = 315_576_000_000 * _NANOS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP_MIN, _TIMESTAMP_MAX = -62_135_596_800 * _NANOS, 253_402_300_800 * _NANOS - 1
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": _NANOS,
    "m": 60 * _NANOS,
    "h": 3600 * _NANOS,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})\Z")


class Uint(int):
    """An unsigned 64-bit integer."""

    __slots__ = ()


class Struct(dict[str, Any]):
    """What a literal like ``Object.spec{...}`` makes: an object that remembers its type's name."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        super().__init__()
        self.type_name = type_name


class TypeValue:
    """A type as a value: what ``type(x)`` gives and ``int`` names."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeValue) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be absent."""

    present: bool
    value: Any = None


NONE = Optional(False)


@dataclass(frozen=True, order=True, slots=True)
class Duration:
    """A span of time in nanoseconds."""

    nanos: int

    @classmethod
    def checked(cls, nanos: int) -> Duration:
        """:raises EvaluationError: the span is out of range."""
        if not -_DURATION_MAX <= nanos <= _DURATION_MAX:
            raise EvaluationError("range")
        return cls(nanos)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a duration as Go writes it: ``1h30m``, ``-1.5s``."""
        body = text[1:] if text[:1] in ("+", "-") else text
        if body == "0":
            return cls(0)
        total, position = 0, 0
        for part in _DURATION_PART.finditer(body):
            if part.start() != position:
                break
            whole, _, fraction = part[1].partition(".")
            unit = _UNITS[part[2]]
            total += int(whole or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
            position = part.end()
        if not body or position != len(body):
            raise EvaluationError(f'time: invalid duration "{text}"')
        return cls.checked(-total if text[0] == "-" else total)

    def __str__(self) -> str:
        sign, nanos = ("-", -self.nanos) if self.nanos < 0 else ("", self.nanos)
        whole, fraction = divmod(nanos, _NANOS)
        decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
        return f"{sign}{whole}{decimals}s"


@dataclass(frozen=True, order=True, slots=True)
class Timestamp:
    """A moment, in nanoseconds since 1970."""

    nanos: int

    @classmethod
    def checked(cls, nanos: int) -> Timestamp:
        """:raises EvaluationError: the moment is before year 1 or after year 9999."""
        if not _TIMESTAMP_MIN <= nanos <= _TIMESTAMP_MAX:
            raise EvaluationError("timestamp overflow")
        return cls(nanos)

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read an RFC 3339 date and time."""
        match = _RFC3339.match(text)
        if match is None:
            raise EvaluationError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse')
        zone = "+00:00" if match[4] in "Zz" else match[4]
        try:
            moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
        except ValueError as error:
            raise EvaluationError(f'parsing time "{text}": {error}') from error
        nanos = int((match[3] or "0")[:9].ljust(9, "0"))
        return cls.checked((moment - _EPOCH) // timedelta(seconds=1) * _NANOS + nanos)

    @classmethod
    def parse_date(cls, text: str) -> Timestamp:
        """Read a date, which stands for its first moment in UTC."""
        return cls.parse(f"{text}T00:00:00Z")

    def moment(self, zone: str = "") -> datetime:
        """The date and time (without nanoseconds) in a time zone, named or given as an offset."""
        utc = _EPOCH + timedelta(seconds=self.nanos // _NANOS)
        return utc.astimezone(_zone(zone)) if zone else utc

    def __str__(self) -> str:
        fraction = self.nanos % _NANOS
        decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
        return f"{self.moment():%Y-%m-%dT%H:%M:%S}{decimals}Z"


def _zone(name: str) -> tzinfo:
    match = re.fullmatch(r"([+-]?)(\d{2}):(\d{2})", name)
    try:
        if match is None:
            return ZoneInfo(name)
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    except (KeyError, ValueError, OSError) as error:
        raise EvaluationError(f"unknown time zone {name}") from error


_NUMBERS = frozenset((int, float, Uint))


def equal(a: Any, b: Any) -> bool:
    """CEL's ``==`` between values of any type."""
    kind, other = type(a), type(b)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and len(a) == len(b) and all(key in b and equal(a[key], b[key]) for key in a)
    if kind is Optional and other is Optional:
        return bool(a.present == b.present and (not a.present or equal(a.value, b.value)))
    if kind is other or (kind in _NUMBERS and other in _NUMBERS):
        return bool(a == b)
    return False


def contains(items: Iterable[Any], wanted: Any) -> bool:
    """Whether a list has an item equal to ``wanted``."""
    return any(equal(item, wanted) for item in items)


def format_number(number: float) -> str:
    """A number as Go's ``%v`` prints it: ``1``, ``0.5``, and ``1e+06`` from a million on if it is a float."""
    if isinstance(number, int):
        return str(number)
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    mantissa, exponent = _shortest(number)
    if -4 <= exponent < 6:
        return repr(number).removesuffix(".0")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _shortest(number: float) -> tuple[str, int]:
    """The shortest digits that name a float, as a mantissa with one digit before the point, and its power of ten."""
    text = next(
        text for precision in range(18) if float(text := f"{number:.{precision}e}") == number or precision == 17
    )
    mantissa, _, exponent = text.partition("e")
    return mantissa, int(exponent)


def checked_int(number: int) -> int:
    """:raises EvaluationError: the number does not fit 64 bits."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise EvaluationError("integer overflow")


def checked_uint(number: int) -> Uint:
    if 0 <= number <= UINT_MAX:
        return Uint(number)
    raise EvaluationError("unsigned integer overflow")
