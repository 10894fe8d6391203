from __future__ import annotations

import pytest

from kubewright.workqueue import ExponentialBackoff, TokenBucket


def test_backoff_doubles_per_key_up_to_its_cap_and_never_overflows() -> None:
    backoff = ExponentialBackoff[str](1.0, 100.0)
    assert [backoff.when("a") for _ in range(8)] == [1, 2, 4, 8, 16, 32, 64, 100]
    assert backoff.when("b") == 1
    for _ in range(2000):
        backoff.when("a")
    assert backoff.when("a") == 100
    assert backoff.failures("a") == 2009


def test_forgetting_starts_over() -> None:
    backoff = ExponentialBackoff[str](1.0)
    backoff.when("a")
    backoff.forget("a")
    backoff.forget("unknown")
    assert (backoff.failures("a"), backoff.when("a")) == (0, 1.0)


def test_a_bucket_lets_a_burst_through_then_one_at_a_time() -> None:
    bucket = TokenBucket(rate=2.0, burst=2)
    assert [bucket.reserve(10.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]
    assert bucket.reserve(12.0) == 0.0
    assert bucket.reserve(100.0) == 0.0
    assert bucket.reserve(100.0) == 0.0
    assert bucket.reserve(100.0) == pytest.approx(0.5)


def test_asking_for_leave_takes_no_token_when_there_is_none() -> None:
    bucket = TokenBucket(rate=1.0, burst=1)
    assert [bucket.allow(0.0), bucket.allow(0.0), bucket.allow(0.5), bucket.allow(1.0)] == [True, False, False, True]


def test_a_backoff_is_told_by_one_number_or_by_two() -> None:
    steady: ExponentialBackoff[str] = ExponentialBackoff.of(60)
    assert [steady.when("a") for _ in range(3)] == [60, 60, 60]
    growing: ExponentialBackoff[str] = ExponentialBackoff.of((1, 3))
    assert [growing.when("a") for _ in range(3)] == [1, 2, 3]
    for wrong in (0, -1, (2, 1)):
        with pytest.raises(ValueError, match="say seconds"):
            ExponentialBackoff.of(wrong)
