"""When a timer is due: every so many seconds, or by a cron expression.

The rules are pure: a time goes in, the next one comes out; :func:`every` and :func:`cron` make of them what a
:class:`~kubewright.controller.sources.Ticker` asks for.  Cron expressions are those of Kubernetes' CronJob: five
fields, names of months and weekdays, ``@hourly`` and its like; where day of month and weekday are both restricted,
either will do.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import NamedTuple

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HORIZON = dt.timedelta(days=5 * 366)
"""How far to look: a 29th of February comes within these, what has not come then never will."""


class ScheduleError(ValueError):
    """What is wrong with a cron expression."""


class Schedule(NamedTuple):
    """The minutes that a cron expression names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, expression: str) -> Schedule:
        """:raises ScheduleError: it is no cron expression."""
        fields = _MACROS.get(expression.strip().lower(), expression).split()
        if len(fields) != 5:
            raise ScheduleError(f"{expression!r} has {len(fields)} fields, not minute, hour, day, month and weekday")
        minute, hour, day, month, weekday = fields
        return cls(
            _field(minute, 0, 59),
            _field(hour, 0, 23),
            _field(day, 1, 31),
            _field(month, 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
            frozenset(n % 7 for n in _field(weekday, 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)})),
            day[0] in "*?",
            weekday[0] in "*?",
        )

    def after(self, time: dt.datetime) -> dt.datetime:
        """The first named minute after ``time``, in the same time zone.

        :raises ScheduleError: there is none, as for a 30th of February.
        """
        found = time.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        horizon = found + _HORIZON
        while found <= horizon:
            if found.month not in self.months or not self._has_day(found):
                found = (found + dt.timedelta(days=1)).replace(hour=0, minute=0)
            elif found.hour not in self.hours:
                found = (found + dt.timedelta(hours=1)).replace(minute=0)
            elif found.minute not in self.minutes:
                found += dt.timedelta(minutes=1)
            else:
                return found
        raise ScheduleError("the schedule names no date that exists")

    def _has_day(self, time: dt.datetime) -> bool:
        day, weekday = time.day in self.days, time.isoweekday() % 7 in self.weekdays
        return day and weekday if self.any_day or self.any_weekday else day or weekday


def every(seconds: float, *, jitter: float = 0.0) -> Callable[[], float]:
    """Pauses of ``seconds``, each longer by a random part of up to ``jitter`` times as much."""
    return lambda: seconds * (1.0 + jitter * random.random())


def cron(
    expression: str, *, zone: dt.tzinfo = dt.UTC, now: Callable[[dt.tzinfo], dt.datetime] = dt.datetime.now
) -> Callable[[], float]:
    """Pauses that end at the minutes a cron expression names.

    :raises ScheduleError: it is no cron expression, or never due.
    """
    schedule = Schedule.parse(expression)
    schedule.after(now(zone))

    def pause() -> float:
        time = now(zone)
        return (schedule.after(time) - time).total_seconds()

    return pause


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, 1, high + 1, {}) if slash else 1
        if span in ("*", "?"):
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, low, high, names or {})
            last = _number(end, low, high, names or {}) if dash else high if slash else first
        if first > last:
            raise ScheduleError(f"{part!r} ends before it begins")
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _number(text: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if text.isascii() and text.isdigit() else -1)
    if not low <= number <= high:
        raise ScheduleError(f"{text!r} is not between {low} and {high}")
    return number
