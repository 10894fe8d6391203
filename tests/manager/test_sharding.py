"""The sharing of keys under everything that can happen: no key ever has two workers, and each finds one in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kubewright.manager.election import Timing
from kubewright.manager.sharding import Claim, Shard, ShardRecord

KEYS = [f"default/site-{number}" for number in range(8)]
TIMING = Timing()


class Server:
    """Keeps one record a member; a write must name the version that it replaces."""

    def __init__(self) -> None:
        self.records: dict[str, ShardRecord] = {}
        self.versions = itertools.count(1)

    def list(self) -> list[ShardRecord]:
        return list(self.records.values())

    def write(self, member: str, claim: Claim, expected: str) -> str | None:
        current = self.records.get(member)
        if (current.version if current else "") != expected:
            return None
        version = str(next(self.versions))
        self.records[member] = ShardRecord(member, version, TIMING.lease_duration, claim)
        return version


class Replica:
    """A process with a clock of its own.  Its driver takes one step at a time, so anything can happen in between."""

    def __init__(self, server: Server, name: str, *, offset: float, rate: float) -> None:
        self.server, self.name, self.offset, self.rate = server, name, offset, rate
        self.shard = Shard(name)
        self.version = ""
        self.paused = self.dead = False
        self.started = False
        self.local = offset
        self.next: Callable[[], None] = self.ask

    def tick(self, seconds: float) -> None:
        self.local += seconds * self.rate

    @property
    def runs(self) -> bool:
        """Whether it can act: one whose lease may have expired ends as soon as it looks at its clock."""
        if self.started and not self.paused and not self.shard.is_valid(self.local):
            self.dead = True
        return not (self.paused or self.dead)

    def step(self) -> None:
        if self.runs:
            self.next()

    def ask(self) -> None:
        asked, answer = self.local, self.server.list()
        self.next = lambda: self.hear(answer, asked)

    def hear(self, records: list[ShardRecord], asked: float) -> None:
        self.shard.observe(records, asked=asked, now=self.local)
        self.version = next((record.version for record in records if record.member == self.name), "")
        self.next = self.send

    def send(self) -> None:
        claim, sent, expected = self.shard.propose(), self.local, self.version
        self.next = lambda: self.arrive(claim, sent, expected)

    def arrive(self, claim: Claim, sent: float, expected: str) -> None:
        version = self.server.write(self.name, claim, expected)
        self.next = self.ask if version is None else lambda: self.confirm(sent)

    def confirm(self, sent: float) -> None:
        self.shard.wrote(sent=sent)
        self.started = True
        self.next = self.ask

    def lose(self) -> None:
        """Whatever is under way, no answer to it comes."""
        self.next = self.ask

    def turn(self) -> None:
        """One whole turn of the driver and the beginning of the next."""
        for _ in range(8):
            self.step()


class Sharing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.replicas: list[Replica] = []
        self.late: list[Callable[[], None]] = []

    @initialize(clocks=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.9, 1.1)), min_size=2, max_size=3))
    def start(self, clocks: list[tuple[float, float]]) -> None:
        for offset, rate in clocks:
            self.join(offset, rate)

    @rule(offset=st.floats(-1e6, 1e6), rate=st.floats(0.9, 1.1))
    def join(self, offset: float, rate: float) -> None:
        if sum(not replica.dead for replica in self.replicas) < 4:
            self.replicas.append(Replica(self.server, f"r{len(self.replicas)}", offset=offset, rate=rate))

    @rule(which=st.integers(0, 9), steps=st.integers(1, 6))
    def step(self, which: int, steps: int) -> None:
        for _ in range(steps):
            self._pick(which).step()

    @rule(seconds=st.sampled_from([0.1, 2.0, 4.0, 9.0, 16.0]))
    def pass_time(self, seconds: float) -> None:
        for replica in self.replicas:
            replica.tick(seconds)

    @rule(rounds=st.integers(1, 10))
    def run_normally(self, rounds: int) -> None:
        for _ in range(rounds):
            for replica in self.replicas:
                replica.turn()
                replica.tick(TIMING.retry_period)
            self.work()

    @rule()
    def work(self) -> None:
        for replica in self.replicas:
            for key in KEYS:
                if replica.runs:
                    replica.shard.begin(key, replica.local)

    @rule(which=st.integers(0, 9), key=st.sampled_from(KEYS))
    def finish(self, which: int, key: str) -> None:
        self._pick(which).shard.end(key)

    @rule(which=st.integers(0, 9))
    def finish_all(self, which: int) -> None:
        for key in KEYS:
            self._pick(which).shard.end(key)

    @rule(which=st.integers(0, 9))
    def lose_answer(self, which: int) -> None:
        self._pick(which).lose()

    @rule(which=st.integers(0, 9))
    def delay_request(self, which: int) -> None:
        """A write is on its way for so long that its sender goes on without an answer."""
        replica = self._pick(which)
        if replica.runs and replica.next == replica.send:
            claim, expected = replica.shard.propose(), replica.version
            self.late.append(lambda: void(self.server.write(replica.name, claim, expected)))
            replica.lose()

    @rule()
    def late_requests_arrive(self) -> None:
        for request in self.late:
            request()
        self.late.clear()

    @rule(which=st.integers(0, 9))
    def kill(self, which: int) -> None:
        self._pick(which).dead = True

    @rule(which=st.integers(0, 9))
    def pause(self, which: int) -> None:
        self._pick(which).paused = True

    @rule(which=st.integers(0, 9))
    def resume(self, which: int) -> None:
        self._pick(which).paused = False

    @rule(which=st.integers(0, 9), rounds=st.integers(1, 20))
    def pause_while_others_run(self, which: int, rounds: int) -> None:
        self.run_normally(2)
        self.pause(which)
        self.run_normally(rounds)
        self.resume(which)

    @rule(which=st.integers(0, 9))
    def leave(self, which: int) -> None:
        replica = self._pick(which)
        if replica.runs and not replica.shard.working:
            self.server.write(replica.name, Claim(), replica.version)
            replica.dead = True

    @invariant()
    def no_key_has_two_workers(self) -> None:
        for key in KEYS:
            workers = [replica.name for replica in self.replicas if replica.runs and key in replica.shard.working]
            assert len(workers) <= 1, f"{key}: {workers}"

    def teardown(self) -> None:
        """Without further faults every key finds its one worker within the lease and a few turns."""
        for replica in self.replicas:
            replica.paused = False
        self.late_requests_arrive()
        for _ in range(60):
            # One that was paused for too long ends when it looks at its clock, which may leave nobody.
            if not any(replica.runs for replica in self.replicas):
                self.join(0.0, 1.0)
            for replica in self.replicas:
                replica.tick(1.0)
                replica.turn()
                replica.shard.working.clear()
        self.work()
        worked = [key for replica in self.replicas if replica.runs for key in replica.shard.working]
        assert sorted(worked) == sorted(KEYS)

    def _pick(self, which: int) -> Replica:
        return self.replicas[which % len(self.replicas)]


def record(member: str, version: str, *ring: str, held: frozenset[str] = frozenset()) -> ShardRecord:
    return ShardRecord(member, version, 15.0, Claim(ring, held))


def joined(*others: ShardRecord, now: float = 0.0) -> Shard:
    """The shard `a`, which has published its claim and then read the others'."""
    shard = Shard("a")
    shard.observe(others, asked=now, now=now)
    shard.propose()
    shard.wrote(sent=now)
    shard.observe(others, asked=now, now=now)
    return shard


def theirs(member: str, *ring: str) -> str:
    return next(key for key in map(str, itertools.count()) if Claim(ring).gives(key, member))


def test_alone_it_works_on_everything_once_its_claim_is_published_and_the_others_were_read() -> None:
    shard = Shard("a")
    assert not shard.begin("key", 0.0)
    shard.observe([], asked=0.0, now=0.0)
    shard.propose()
    shard.wrote(sent=0.0)
    assert not shard.begin("key", 0.0)
    shard.observe([], asked=0.1, now=0.1)
    assert shard.begin("key", 0.1)


def test_it_begins_nothing_once_others_may_take_its_lease_to_have_expired() -> None:
    shard = joined()
    assert shard.begin("one", 9.9)
    assert not shard.begin("another", 10.0)


def test_a_key_that_a_newcomer_gets_is_held_until_it_is_finished() -> None:
    shard, key = joined(), theirs("b", "a", "b")
    assert shard.begin(key, 1.0)
    shard.observe([record("b", "1", "a", "b")], asked=2.0, now=2.0)
    assert shard.propose() == Claim(("a", "b"), frozenset([key]))
    shard.end(key)
    assert shard.is_stale
    assert not shard.begin(key, 2.0)
    assert shard.propose() == Claim(("a", "b"))


def test_a_newcomer_waits_for_what_the_old_holder_still_claims() -> None:
    key = theirs("a", "a", "b")
    shard = joined(record("b", "1", "b"))
    assert shard.owns(key) and not shard.begin(key, 0.0)
    shard.observe([record("b", "2", "a", "b", held=frozenset([key]))], asked=1.0, now=1.0)
    assert not shard.begin(key, 1.0)
    shard.observe([record("b", "3", "a", "b")], asked=2.0, now=2.0)
    assert shard.begin(key, 2.0)


def test_a_claim_that_is_on_its_way_allows_nothing_yet() -> None:
    shard, key = joined(record("b", "1", "a", "b")), theirs("b", "a", "b")
    shard.observe([record("b", "2")], asked=1.0, now=1.0)
    assert shard.propose() == Claim(("a",))
    assert shard.owns(key) and not shard.begin(key, 1.0)
    shard.wrote(sent=1.0)
    assert not shard.begin(key, 1.0)
    shard.observe([record("b", "2")], asked=1.1, now=1.1)
    assert shard.begin(key, 1.1)


def test_a_silent_replica_is_taken_over_from_after_its_lease_not_before() -> None:
    silent, key = record("b", "1", "a", "b"), theirs("b", "a", "b")
    shard = joined(silent)
    shard.observe([silent], asked=14.9, now=14.9)
    assert shard.propose() == Claim(("a", "b"))
    shard.observe([silent], asked=15.0, now=15.0)
    assert shard.propose() == Claim(("a",))
    shard.wrote(sent=15.0)
    shard.observe([silent], asked=15.0, now=15.0)
    assert shard.begin(key, 15.0)


def test_a_list_that_was_asked_for_while_a_lease_held_does_not_end_it() -> None:
    silent = record("b", "1", "a", "b")
    shard = joined(silent)
    shard.observe([silent], asked=14.9, now=15.1)
    assert shard.propose() == Claim(("a", "b"))


def test_a_deleted_lease_does_not_mean_that_its_owner_is_gone() -> None:
    shard = joined(record("b", "1", "a", "b"))
    shard.observe([], asked=5.0, now=5.0)
    assert shard.propose() == Claim(("a", "b"))
    shard.observe([], asked=15.0, now=15.0)
    assert shard.propose() == Claim(("a",))


def test_the_first_member_sweeps_away_what_the_dead_have_left() -> None:
    shard = joined(record("b", "1"))
    assert shard.litter(29.0) == []
    assert shard.litter(30.0) == ["b"]


def void(_: object) -> None: ...


Sharing.TestCase.settings = settings(max_examples=150, stateful_step_count=50, suppress_health_check=list(HealthCheck))
TestSharing = Sharing.TestCase
