"""How long a failed key has to wait: exponential per key, and optionally a bucket that all keys share.

Both are plain arithmetic over times that the caller passes in; the figures are client-go's
(``util/workqueue/default_rate_limiters.go``) as controller-runtime sets them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Self, TypeAlias, TypeVar

K = TypeVar("K", bound=Hashable)

Backoff: TypeAlias = float | tuple[float, float]
"""Seconds from a failure to the next try; or those after the first failure, and those up to which they double."""


class ExponentialBackoff(Generic[K]):
    """``base * 2**failures`` seconds, at most ``cap``, counted for each key until it is forgotten."""

    def __init__(self, base: float = 0.005, cap: float = 1000.0) -> None:
        self.base = base
        self.cap = cap
        self._failures: dict[K, int] = {}

    @classmethod
    def of(cls, backoff: Backoff) -> Self:
        """:raises ValueError: nobody can wait for so long, or so short."""
        base, cap = backoff if isinstance(backoff, tuple) else (backoff, backoff)
        if not 0 < base <= cap:
            raise ValueError(f"backoff={backoff!r}: say seconds, or seconds and those up to which they double")
        return cls(base, cap)

    def when(self, key: K) -> float:
        """Count one more failure and say how long to wait for it."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2.0 ** 1024 overflows a float; no cap is near 2 ** 64 times its base.
        return min(self.base * 2.0 ** min(failures, 64), self.cap)

    def failures(self, key: K) -> int:
        return self._failures.get(key, 0)

    def forget(self, key: K) -> None:
        if self._failures:
            self._failures.pop(key, None)


class TokenBucket:
    """``rate`` tokens a second, at most ``burst`` saved up; a token taken in advance is waited for."""

    def __init__(self, rate: float = 10.0, burst: int = 100) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = float(burst)
        self._filled_at: float | None = None

    def reserve(self, now: float) -> float:
        """Take one token and say how many seconds it takes until it is there."""
        if self._filled_at is not None:
            self._tokens = min(float(self.burst), self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        self._tokens -= 1.0
        return max(0.0, -self._tokens / self.rate)

    def allow(self, now: float) -> bool:
        """Take one token if there is one."""
        if self.reserve(now) == 0.0:
            return True
        self._tokens += 1.0
        return False
