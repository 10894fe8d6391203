"""Times and durations as Kubernetes writes them in JSON.

``Time`` is a plain, zone-aware ``datetime`` (RFC 3339, whole seconds by custom: see `now`); ``MicroTime`` keeps
exactly six digits after the second, which leases and events require; ``Duration`` is a ``timedelta`` in Go's notation,
``1h2m3s``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Self, TypeAlias

from kubewright.objects.in_models import InModels

Time: TypeAlias = datetime

_TERM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MICROSECONDS = {
    "ns": 0.001,
    "us": 1,
    "µs": 1,
    "μs": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
}


def now() -> Time:
    """The current time in UTC, cut to whole seconds as the API server cuts every ``Time``."""
    return datetime.now(UTC).replace(microsecond=0)


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC, whole seconds: ``2026-01-02T03:04:05Z``."""
    return (
        f"{time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"  # pads years, as strftime does not
    )


def parse_time(text: str) -> datetime:
    """Read RFC 3339 with any number of fractional digits (Python keeps six).

    :raises ValueError: the text is no RFC 3339 time with a zone.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"{text!r} is no RFC 3339 time such as 2026-01-02T03:04:05Z")
    return time


class MicroTime(datetime, InModels):
    """A time that JSON shows with six fractional digits, even where they are zeros."""

    @classmethod
    def from_plain(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError(f"a time is a string, not {type(value).__name__}")
        return cls.of(parse_time(value))

    @classmethod
    def of(cls, time: datetime) -> Self:
        return cls.fromtimestamp(time.timestamp(), UTC) if time.tzinfo is not UTC else cls.combine(time, time.timetz())

    def to_plain(self) -> str:
        return self.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Duration(timedelta, InModels):
    """A span of time, in JSON as Go's ``time.Duration`` writes it.

    ``Duration("1h30m")``, or as ``timedelta``: ``Duration(minutes=90)``; ``str()`` gives ``1h30m0s``.

    :raises ValueError: the text is no Go duration; worded as Go words it.
    """

    def __new__(cls, text: str = "", /, **parts: float) -> Self:
        if text:
            parts["microseconds"] = parts.get("microseconds", 0) + _parse_duration(text)
        return super().__new__(cls, **parts)

    @classmethod
    def from_plain(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError(f'a duration is a string such as "1h30m", not {type(value).__name__}')
        if not value:
            raise ValueError('time: invalid duration ""')
        return cls(value)

    def to_plain(self) -> str:
        return str(self)

    def __str__(self) -> str:
        micros = self // timedelta(microseconds=1)
        sign, micros = ("-", -micros) if micros < 0 else ("", micros)
        if not micros:
            return "0s"
        if micros < 1_000:
            return f"{sign}{micros}µs"
        if micros < 1_000_000:
            return f"{sign}{_decimal(micros, 1_000)}ms"
        minutes, micros = divmod(micros, 60_000_000)
        hours, minutes = divmod(minutes, 60)
        head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
        return f"{sign}{head}{_decimal(micros, 1_000_000)}s"

    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"

    def __reduce__(self) -> tuple[type[Duration], tuple[str]]:
        return type(self), (str(self),)


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = str(rest).zfill(len(str(unit)) - 1).rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def _parse_duration(text: str) -> float:
    body = text.removeprefix("-").removeprefix("+") if text[:2] not in ("-+", "+-") else text
    if body == "0":
        return 0
    total, position = 0.0, 0
    while position < len(body):
        term = _TERM.match(body, position)
        if term is None:
            raise ValueError(f'time: invalid duration "{text}"')
        number, unit = term.groups()
        total += int(number) * _MICROSECONDS[unit] if number.isdigit() else float(number) * _MICROSECONDS[unit]
        position = term.end()
    if not body:
        raise ValueError(f'time: invalid duration "{text}"')
    return -total if text.startswith("-") else total
