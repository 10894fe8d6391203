"""The rules by which replicas share keys, without I/O and without a clock: what one replica may work on, and when.

What the replicas have published (their Leases) goes in, with the local monotonic time; the claim to publish comes out,
and for each key whether work on it may begin.  Every replica publishes what it claims: a ring of members, which gives
it some of the keys, and the keys that it still works on though its ring gives them to others.

No key has two workers.  A replica begins work on a key only if everything it may have published since claims the key,
if it has *then* read what the others publish, and if nobody alive claims the key there: of two who claim, at least one
reads the other's claim (Dekker's rule; the API server orders the writes and reads).  Others count as alive until *this*
process has seen their Lease unchanged for its whole duration, and each stops earlier than that by its own clock, so
clocks of different machines are never compared.  As with leader election, this is no fencing against a process that is
paused in the middle of a write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kubewright.manager.election import Timing
from kubewright.manager.hash_ring import ring_of


class Claim(NamedTuple):
    """What a replica says that it may be working on."""

    ring: tuple[str, ...] = ()
    """The members among whom keys are shared; without members it claims nothing."""
    held: frozenset[str] = frozenset()
    """Keys that it has yet to finish although the ring gives them to others."""

    def gives(self, key: str, member: str) -> bool:
        """Whether the ring alone makes ``key`` the member's."""
        return ring_of(self.ring).owner(key) == member


class ShardRecord(NamedTuple):
    """What one replica has published: its Lease, as far as sharding reads it."""

    member: str
    version: str
    """Differs whenever the record was written."""
    duration: float
    """Seconds without a write after which others may take its keys."""
    claim: Claim

    @property
    def is_gone(self) -> bool:
        """Whether the replica has said farewell."""
        return not self.claim.ring


class _Seen(NamedTuple):
    record: ShardRecord
    since: float
    expired: bool = False

    @property
    def is_alive(self) -> bool:
        return not self.expired and not self.record.is_gone


class Shard:
    """What one replica knows and holds.

    Its driver takes turns: it reads all records (:meth:`observe`), writes what :meth:`propose` says, confirms that with
    :meth:`wrote`, and reads again.  ``now`` is always local monotonic time.
    """

    def __init__(self, identity: str, timing: Timing | None = None) -> None:
        """:raises ValueError: the identity is empty, or the timing contradicts itself."""
        if not identity:
            raise ValueError("sharding needs an identity")
        self.identity = identity
        self.timing = timing or Timing()
        self.timing.check()
        self.working: set[str] = set()
        """The keys that are worked on."""
        self._others: dict[str, _Seen] = {}
        # All that others may go by: from the claim that was published when they were last read to the newest one sent.
        self._claims: list[Claim] = []
        self._published = -1
        self._confirmed = False
        self._valid_until = float("-inf")
        self._rivals: list[tuple[str, Claim]] = []

    # -- the driver's turns

    def observe(self, records: Iterable[ShardRecord], *, asked: float, now: float) -> None:
        """All records were read.

        :param asked: when the request was sent, after the answer to the last write.
        """
        found = {record.member: record for record in records if record.member != self.identity}
        for record in found.values():
            known = self._others.get(record.member)
            if known is None or known.record.version != record.version:
                self._others[record.member] = _Seen(record, now)
        for member, known in list(self._others.items()):
            expired = known.expired or asked - known.since >= known.record.duration
            self._others[member] = known._replace(expired=expired)
            # One that is missing may have been deleted by somebody else while it works: it has its time like others.
            if member not in found and (expired or known.record.is_gone):
                del self._others[member]
        if self._published >= 0:
            del self._claims[: self._published]
            self._published = 0
            self._confirmed = True
        self._compare()

    def propose(self) -> Claim:
        """What to write now.  From here on no work begins that it does not claim."""
        claim = self._wanted()
        if not self._claims or claim != self._claims[-1]:
            self._claims.append(claim)
            self._compare()
        return claim

    def wrote(self, *, sent: float) -> None:
        """The last proposal was accepted by the server.

        :param sent: when the request was sent: what others see may be older than our answer.
        """
        self._published = len(self._claims) - 1
        self._valid_until = sent + self.timing.renew_deadline

    @property
    def is_stale(self) -> bool:
        """Whether there is something to publish before the next renewal."""
        return not self._claims or self._published < len(self._claims) - 1 or self._claims[-1] != self._wanted()

    def is_valid(self, now: float) -> bool:
        """Whether our record cannot have expired for anybody yet; when it may have, all work must end at once."""
        return now < self._valid_until

    @property
    def has_published(self) -> bool:
        """Whether others can know of us."""
        return self._valid_until != float("-inf")

    @property
    def valid_until(self) -> float:
        """When :meth:`is_valid` ends, unless the record is written again."""
        return self._valid_until

    def next_expiry(self) -> float:
        """When the next of the others expires if it stays silent; infinite without others."""
        return min(
            (seen.since + seen.record.duration for seen in self._others.values() if seen.is_alive),
            default=float("inf"),
        )

    def knows(self, record: ShardRecord) -> bool:
        """Whether the record says nothing new, apart from its owner being alive."""
        known = self._others.get(record.member)
        return record.member == self.identity or (known is not None and known.record.claim == record.claim)

    def litter(self, now: float) -> list[str]:
        """The members whose records can be deleted, if that is for us to do: all have had time to see their end."""
        if self.members[0] != self.identity:
            return []
        return [
            member
            for member, seen in self._others.items()
            if not seen.is_alive and now - seen.since >= 2 * max(seen.record.duration, self.timing.lease_duration)
        ]

    # -- work

    def owns(self, key: str) -> bool:
        """Whether the key is ours in the newest ring, though maybe not yet to work on."""
        return not self._claims or self._claims[-1].gives(key, self.identity)

    def begin(self, key: str, now: float) -> bool:
        """Whether work on ``key`` may begin; if so it has begun, until :meth:`end`."""
        if not self._confirmed or now >= self._valid_until or key in self.working:
            return False
        if not all(claim.gives(key, self.identity) for claim in self._claims):
            return False
        if any(key in claim.held or claim.gives(key, member) for member, claim in self._rivals):
            return False
        self.working.add(key)
        return True

    def end(self, key: str) -> None:
        """The work on ``key`` has ended."""
        self.working.discard(key)

    # -- looking inside

    @property
    def members(self) -> tuple[str, ...]:
        """The newest ring."""
        return self._claims[-1].ring if self._claims else (self.identity,)

    @property
    def others(self) -> dict[str, tuple[ShardRecord, bool]]:
        """What the others have published, and whether they count as alive."""
        return {member: (seen.record, seen.is_alive) for member, seen in self._others.items()}

    def _wanted(self) -> Claim:
        ring = tuple(sorted([self.identity, *(name for name, seen in self._others.items() if seen.is_alive)]))
        alone = Claim(ring)
        return Claim(ring, frozenset(key for key in self.working if not alone.gives(key, self.identity)))

    def _compare(self) -> None:
        """Keep those whose claims could meet ours; with the same ring and nothing held they cannot."""
        newest = self._claims[-1].ring if self._claims else ()
        self._rivals = [
            (member, seen.record.claim)
            for member, seen in self._others.items()
            if seen.is_alive and (seen.record.claim.ring != newest or seen.record.claim.held)
        ]
