import pytest

from kubewright.cel.errors import EvaluationError
from kubewright.cel.values import Duration, Timestamp, Uint, equal, format_number


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1"), (1.0, "1"), (0.5, "0.5"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"), (1e-5, "1e-05")],
)
def test_numbers_print_as_in_go(number: float, text: str) -> None:
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("0", 0), ("1h30m", 5400 * 10**9), ("-1.5s", -1_500_000_000), ("1us2ns", 1002), (".5m", 30 * 10**9)],
)
def test_durations_are_read_as_go_writes_them(text: str, nanos: int) -> None:
    assert Duration.parse(text) == Duration(nanos)


@pytest.mark.parametrize("text", ["", "1", "1d", "1h 2m", "s", "--1s"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(EvaluationError):
        Duration.parse(text)


def test_timestamps_keep_nanoseconds() -> None:
    moment = Timestamp.parse("2024-01-02T03:04:05.123456789+01:00")
    assert str(moment) == "2024-01-02T02:04:05.123456789Z"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, Uint(1), True),
        (1, True, False),
        ([1, {"a": 2}], [1.0, {"a": 2}], True),
        ("1", 1, False),
        (None, False, False),
        (float("nan"), float("nan"), False),
    ],
)
def test_equality_crosses_number_types_only(one: object, other: object, same: bool) -> None:
    assert equal(one, other) is same
