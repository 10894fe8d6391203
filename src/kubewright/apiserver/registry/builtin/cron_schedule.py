"""The schedules and time zones of CronJobs.

A text goes in, what is wrong with it comes out; after ``robfig/cron``'s standard parser, which Kubernetes uses, and
``validateTimeZone`` of ``pkg/apis/batch/validation``.
"""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_ZONE_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S*)\s+")
_ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}\Z")


def cron_problem(schedule: str) -> str | None:
    """Why a text is no standard cron schedule (five fields, or a descriptor such as ``@hourly``), or None."""
    if match := _ZONE_PREFIX.match(schedule):
        if problem := time_zone_problem(match[1]):
            return f"provided bad location {match[1]}: {problem}"
        schedule = schedule[match.end() :]
    if schedule.startswith("@"):
        known = schedule in _MACROS or re.fullmatch(r"@every ([0-9.]+(ns|us|µs|ms|s|m|h))+", schedule)
        return None if known else f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for index, (field, (low, high)) in enumerate(zip(fields, _RANGES, strict=True)):
        names = {3: _MONTHS, 4: _DAYS}.get(index, ())
        for part in filter(None, field.split(",")):
            if problem := _cron_part(part, low, high, names):
                return problem
    return None


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> str | None:
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return (
            f"failed to parse int from {step}"
            if not step.isdigit()
            else f"step of range should be a positive number: {part}"
        )
    if span in ("*", "?"):
        return None
    numbers = []
    for text in span.split("-", 1):
        if text.lower() in names:
            numbers.append(names.index(text.lower()) + low)
        elif text.isascii() and text.isdigit():
            numbers.append(int(text))
        else:
            return f"failed to parse int from {text}"
    start, end = numbers[0], numbers[-1]
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {part}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    return None


def time_zone_problem(name: str) -> str | None:
    """Why a text names no time zone, or None."""
    if not name:
        return "timeZone must be nil or non-empty string"
    for part in name.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.match(part):
            return f"unknown time zone {name}"
    if name.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"unknown time zone {name}"
    return None
