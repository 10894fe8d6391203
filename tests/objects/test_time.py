from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.objects import Duration, MicroTime, format_time, now, parse_time

GO_DURATIONS = [
    ("0", "0s"),
    ("0s", "0s"),
    ("90s", "1m30s"),
    ("1h", "1h0m0s"),
    ("1.5h", "1h30m0s"),
    ("100ms", "100ms"),
    ("1500ms", "1.5s"),
    ("1us", "1µs"),
    ("1.5ms", "1.5ms"),
    ("-5m", "-5m0s"),
    ("+5m", "5m0s"),
    ("48h1m0.25s", "48h1m0.25s"),
]


@pytest.mark.parametrize(("text", "canonical"), GO_DURATIONS)
def test_durations_read_and_write_as_go_does(text: str, canonical: str) -> None:
    assert str(Duration(text)) == canonical


@pytest.mark.parametrize("text", ["1", "1d", "h", "1h-1m", "PT1H", "-", ".s", "1h 2m"])
def test_refuses_what_is_no_go_duration(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        Duration.from_plain(text)


def test_a_duration_is_a_timedelta() -> None:
    assert Duration("1m") == timedelta(seconds=60)
    assert Duration(minutes=1, seconds=1) == Duration("1m1s")


@given(st.integers(-(10**15), 10**15))
def test_durations_round_trip(micros: int) -> None:
    duration = Duration(microseconds=micros)
    assert Duration.from_plain(str(duration)) == duration


def test_micro_time_always_has_six_digits() -> None:
    assert MicroTime.of(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).to_plain() == "2026-01-02T03:04:05.000000Z"
    assert MicroTime.from_plain("2026-01-02T05:04:05.5+02:00").to_plain() == "2026-01-02T03:04:05.500000Z"


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    east = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=east)) == "2026-01-02T01:04:05Z"
    assert parse_time("2026-01-02T01:04:05Z") == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert now().microsecond == 0


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01-02T01:04:05", "yesterday"])
def test_refuses_what_is_no_rfc3339_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|isoformat"):
        parse_time(text)
