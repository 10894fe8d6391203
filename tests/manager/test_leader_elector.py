from __future__ import annotations

import asyncio

import pytest
from tests.virtual_time import run

from kubewright.manager.election import LeaseRecord, Timing
from kubewright.manager.leader_elector import LeaderElector, Superseded
from kubewright.objects.errors import AlreadyExists, Conflict, Forbidden


class Server:
    """Holds one record; ``failures`` are raised by the next calls, ``hang`` stalls all."""

    def __init__(self) -> None:
        self.record: LeaseRecord | None = None
        self.version = 0
        self.down = False
        self.hang = False
        self.calls: list[str] = []


class MemoryLock:
    description = "lease test/lock"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seen = 0

    async def read(self) -> LeaseRecord | None:
        await self._call("read")
        self.seen = self.server.version
        return self.server.record

    async def create(self, record: LeaseRecord) -> None:
        await self._call("create")
        if self.server.record is not None:
            raise AlreadyExists("exists")
        self._store(record)

    async def update(self, record: LeaseRecord) -> None:
        await self._call("update")
        if self.seen != self.server.version:
            raise Conflict("changed")
        self._store(record)

    async def _call(self, name: str) -> None:
        self.server.calls.append(name)
        if self.server.hang:
            await asyncio.sleep(1e6)
        if self.server.down:
            raise ConnectionError("connection refused")

    def _store(self, record: LeaseRecord) -> None:
        self.server.record = record
        self.server.version += 1
        self.seen = self.server.version


def candidate(server: Server, identity: str) -> LeaderElector:
    return LeaderElector(MemoryLock(server), identity)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_first_candidate_creates_the_lease_and_renews_it_without_reading() -> None:
    async def main() -> None:
        server = Server()
        elector = candidate(server, "a")
        await elector.acquire()
        holding = asyncio.ensure_future(elector.hold())
        await asyncio.sleep(20)
        assert server.calls == ["read", "create", *["update"] * 9]
        assert server.record is not None and server.record.transitions == 0
        assert not holding.done()
        holding.cancel()

    run(main)


def test_a_second_candidate_takes_over_when_the_first_is_gone() -> None:
    async def main() -> None:
        server = Server()
        await candidate(server, "a").acquire()
        start = now()
        second = candidate(server, "b")
        await second.acquire()
        assert 15.0 <= now() - start < 15.0 + 2.2 * 2.0
        assert server.record is not None and (server.record.holder, server.record.transitions) == ("b", 1)

    run(main)


def test_a_released_lease_is_taken_within_one_retry() -> None:
    async def main() -> None:
        server = Server()
        first = candidate(server, "a")
        await first.acquire()
        await first.release()
        assert server.record is not None and (server.record.holder, server.record.duration) == ("", 1.0)
        start = now()
        await candidate(server, "b").acquire()
        assert now() == start

    run(main)


@pytest.mark.parametrize("fault", ["down", "hang"])
def test_a_leader_that_cannot_renew_stops_within_the_deadline_and_before_the_lease_runs_out(fault: str) -> None:
    async def main() -> None:
        server = Server()
        elector = candidate(server, "a")
        await elector.acquire()
        acquired = now()
        setattr(server, fault, True)
        await elector.hold()
        assert now() - acquired == pytest.approx(2.0 + 10.0)
        assert now() - acquired < Timing().lease_duration

    run(main)


def test_a_short_outage_is_survived() -> None:
    async def main() -> None:
        server = Server()
        elector = candidate(server, "a")
        await elector.acquire()
        holding = asyncio.ensure_future(elector.hold())
        server.down = True
        await asyncio.sleep(9)
        server.down = False
        await asyncio.sleep(30)
        assert not holding.done() and elector.election.is_leader
        assert elector.slow_paths > 0
        holding.cancel()

    run(main)


def test_a_leader_that_finds_another_holder_stops() -> None:
    async def main() -> None:
        server = Server()
        elector = candidate(server, "a")
        await elector.acquire()
        thief = MemoryLock(server)
        await thief.read()
        assert server.record is not None
        await thief.update(server.record._replace(holder="b"))
        await elector.hold()
        assert elector.election.leader == "b"

    run(main)


def test_of_many_candidates_one_leads_and_all_hear_of_it() -> None:
    async def main() -> None:
        server, heard = Server(), dict[str, list[str]]()

        def hear(name: str) -> LeaderElector:
            heard[name] = []
            return LeaderElector(MemoryLock(server), name, on_new_leader=heard[name].append)

        tasks = [asyncio.ensure_future(hear(name).acquire()) for name in "abcde"]
        await asyncio.sleep(5)
        assert sum(task.done() for task in tasks) == 1
        assert server.record is not None
        assert all(leaders == [server.record.holder] for leaders in heard.values())
        for task in tasks:
            task.cancel()

    run(main)


def test_missing_permissions_are_retried_and_said(caplog: pytest.LogCaptureFixture) -> None:
    class ForbiddenLock(MemoryLock):
        async def read(self) -> LeaseRecord | None:
            raise Forbidden("leases.coordination.k8s.io is forbidden")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await LeaderElector(ForbiddenLock(Server()), "a").acquire()

    run(main)
    assert "could not read lease test/lock: leases.coordination.k8s.io is forbidden" in caplog.text


def test_a_leader_makes_way_within_a_renewal_and_leads_again_afterwards() -> None:
    async def main() -> None:
        server = Server()
        deployed = candidate(server, "deployed")
        standby = asyncio.ensure_future(candidate(server, "standby").acquire())
        dev = LeaderElector(MemoryLock(server), "dev", go_before=True)
        await deployed.acquire()
        start = now()
        taking = asyncio.ensure_future(dev.acquire())
        with pytest.raises(Superseded):
            await deployed.hold()
        assert now() - start <= 2.0
        await asyncio.sleep(5)  # its controllers end
        assert not taking.done()
        await deployed.release()
        await taking
        assert now() - start < 12.0 and not standby.done()
        await dev.release()
        await standby
        standby.cancel()

    run(main)


def test_who_asked_and_died_keeps_nobody_waiting_for_long() -> None:
    async def main() -> None:
        server = Server()
        deployed = candidate(server, "deployed")
        await deployed.acquire()
        dev = asyncio.ensure_future(LeaderElector(MemoryLock(server), "dev", go_before=True).acquire())
        with pytest.raises(Superseded):
            await deployed.hold()
        dev.cancel()
        await deployed.release()
        start = now()
        await candidate(server, "deployed-again").acquire()
        assert 15.0 <= now() - start < 15.0 + 2.2 * 2.0

    run(main)
