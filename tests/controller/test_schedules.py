from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.controller.schedules import Schedule, ScheduleError, cron, every

NOON = dt.datetime(2026, 11, 22, 12, 0, 30, tzinfo=dt.UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("* * * * *", "2026-11-22 12:01"),
        ("0 * * * *", "2026-11-22 13:00"),
        ("*/15 * * * *", "2026-11-22 12:15"),
        ("7-59/20 * * * *", "2026-11-22 12:07"),
        ("5/20 * * * *", "2026-11-22 12:05"),
        ("0 9 * * mon-fri", "2026-11-23 09:00"),
        ("0 0 * * 7", "2026-11-29 00:00"),
        ("30 3 1 jan,JUL *", "2027-01-01 03:30"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 1 * 2", "2026-11-24 00:00"),
        ("0 0 */10 * 2", "2026-12-01 00:00"),
        ("@daily", "2026-11-23 00:00"),
        ("@yearly", "2027-01-01 00:00"),
    ],
)
def test_when_an_expression_is_due_next(expression: str, due: str) -> None:
    assert f"{Schedule.parse(expression).after(NOON):%Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "60 * * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule.parse(expression)


def test_a_date_that_never_comes_is_refused_at_once() -> None:
    with pytest.raises(ScheduleError, match="no date that exists"):
        cron("0 0 30 2 *")


def test_pauses_end_at_the_named_minute_of_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert cron("0 14 * * *", zone=berlin, now=NOON.astimezone)() == 3600 - 30
    assert cron("1 * * * *", now=lambda zone: NOON)() == 30


def test_regular_pauses_with_jitter() -> None:
    assert every(10)() == 10
    assert all(10 <= every(10, jitter=0.5)() < 15 for _ in range(100))


@given(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)), st.sampled_from(["*/7 3 * * *", "1 1 1 * 1"]))
def test_it_is_always_later_and_nothing_is_skipped(time: dt.datetime, expression: str) -> None:
    schedule = Schedule.parse(expression)
    due = schedule.after(time)
    assert due > time
    assert schedule.after(due - dt.timedelta(minutes=1)) == due
