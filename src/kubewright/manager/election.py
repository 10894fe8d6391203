"""The rules of leader election, without I/O and without a clock: what one candidate may write into the Lease, and when.

Records that were read go in, with the local monotonic time; the record to write comes out, or nothing while somebody
else holds the lease.  The rules are those of client-go's ``tools/leaderelection``: a lease has expired when *this*
process has seen it unchanged for its whole duration, so clocks of different machines are never compared.  It is no
fencing: a leader that was paused for long may write for a moment beside its successor.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

_JITTER = 1.2
"""Acquiring is tried every ``retry_period * [1, 1 + _JITTER)``, so that candidates do not march in step."""


class LeaseRecord(NamedTuple):
    """The ``spec`` of the Lease as far as the election reads and writes it.  An empty holder means: free."""

    holder: str
    duration: float
    """Seconds without a renewal after which others may take it."""
    acquired: dt.datetime | None
    renewed: dt.datetime | None
    transitions: int = 0
    preferred: str = ""
    """Who asks the holder to make way; the next holder clears it."""


class Timing(NamedTuple):
    """How long a lease lasts, how long its holder tries to renew it, and how often anybody tries; all in seconds."""

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def check(self) -> None:
        """:raises ValueError: a holder could not be sure to stop before its lease is taken."""
        if self.retry_period <= 0 or self.renew_deadline <= 0 or self.lease_duration < 1:
            raise ValueError("leader election needs positive times and a lease of at least one second")
        if self.lease_duration <= self.renew_deadline:
            raise ValueError(
                f"the lease duration ({self.lease_duration} s) must be longer than the renew deadline "
                f"({self.renew_deadline} s): a leader must stop before another one can start"
            )
        if self.renew_deadline <= _JITTER * self.retry_period:
            raise ValueError(
                f"the renew deadline ({self.renew_deadline} s) must be longer than {_JITTER} times the retry period "
                f"({self.retry_period} s): a leader needs more than one try"
            )

    @property
    def request_timeout(self) -> float:
        """Seconds for one request: a hanging one must leave time for another before the deadline."""
        return max(1.0, self.renew_deadline / 2)

    def acquire_delay(self, random: float) -> float:
        """Seconds until the next try to acquire; ``random`` is uniform in [0, 1)."""
        return self.retry_period * (1.0 + _JITTER * random)


class Election:
    """What one candidate knows about the lease.  ``now`` is local monotonic time, ``wall`` the time for the record."""

    def __init__(self, identity: str, timing: Timing | None = None) -> None:
        """
        :raises ValueError: the identity is empty, or the timing contradicts itself.
        """
        if not identity:
            raise ValueError("leader election needs an identity")
        self.identity = identity
        self.timing = timing or Timing()
        self.timing.check()
        self._observed: LeaseRecord | None = None
        self._observed_at = 0.0

    @property
    def leader(self) -> str:
        """Who held the lease when it was last seen; empty while nobody did."""
        return self._observed.holder if self._observed else ""

    @property
    def is_leader(self) -> bool:
        return self.leader == self.identity

    def is_valid(self, now: float) -> bool:
        """Whether the lease, as last seen, has not run out yet."""
        return self._observed is not None and now < self._observed_at + self._observed.duration

    @property
    def is_superseded(self) -> bool:
        """Whether we hold the lease and somebody who goes before asks for it."""
        return self.is_leader and self._goes_before

    def overdue(self, now: float) -> float:
        """For how many seconds our own lease has been expired: above zero, somebody else may be leading."""
        if not self.is_leader or self._observed is None:
            return 0.0
        return max(0.0, now - (self._observed_at + self._observed.duration))

    def observe(self, record: LeaseRecord, now: float) -> None:
        """The lease was read: a record that has not changed keeps the time since which it is known."""
        if record != self._observed:
            self._saw(record, now)

    def wrote(self, record: LeaseRecord, now: float) -> None:
        """The record that :meth:`renewal`, :meth:`bid` or :meth:`release` proposed was accepted by the server.

        :param now: when the request was *sent*: the lease others see may be older than our answer.
        """
        self._saw(record, now)

    def renewal(self, now: float, wall: dt.datetime) -> LeaseRecord | None:
        """What the holder of a lease that is still valid may write without reading it again."""
        if not self.is_leader or self.is_superseded or not self.is_valid(now):
            return None
        return self._next(wall)

    def bid(self, now: float, wall: dt.datetime) -> LeaseRecord | None:
        """What to write, having just read the lease (or found none); None while another one holds it or goes before.

        Who goes before has a lease's duration to take it: one that has died meanwhile keeps nobody waiting for longer.
        """
        if self.leader and not self.is_leader and self.is_valid(now):
            return None
        if self._goes_before and now < self._observed_at + self.timing.lease_duration:
            return None
        return self._next(wall)

    def claim(self, now: float) -> LeaseRecord | None:
        """What to write to ask the holder to make way, having just read the lease; None if that is not needed."""
        if self._observed is None or self.is_leader or not self.is_valid(now) or not self.leader:
            return None
        return self._observed._replace(preferred=self.identity) if self._observed.preferred != self.identity else None

    def release(self, wall: dt.datetime) -> LeaseRecord | None:
        """What to write to let the lease go at once, having just read it; None if it is not ours."""
        if not self.is_leader or self._observed is None:
            return None
        return LeaseRecord("", 1.0, wall, wall, self._observed.transitions, self._observed.preferred)

    @property
    def _goes_before(self) -> bool:
        return self._observed is not None and self._observed.preferred not in ("", self.identity)

    def _next(self, wall: dt.datetime) -> LeaseRecord:
        duration, old = self.timing.lease_duration, self._observed
        if old is None:
            return LeaseRecord(self.identity, duration, wall, wall)
        if self.is_leader:
            return LeaseRecord(self.identity, duration, old.acquired, wall, old.transitions)
        return LeaseRecord(self.identity, duration, wall, wall, old.transitions + 1)

    def _saw(self, record: LeaseRecord, now: float) -> None:
        self._observed = record
        self._observed_at = now
