from __future__ import annotations

import datetime as dt

import pytest
from tests.serving import api_server

from kubewright.manager import LeaderElector, LeaseLock, LeaseRecord
from kubewright.objects.coordination_v1 import Lease
from kubewright.objects.errors import AlreadyExists, Conflict

T0 = dt.datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=dt.UTC)
RECORD = LeaseRecord("me", 15.0, T0, T0 + dt.timedelta(seconds=2), 3)


async def test_a_record_is_a_lease_and_comes_back_as_it_was() -> None:
    async with api_server() as server:
        lock = LeaseLock(server.client(), "default", "op", labels={"app": "op"})
        assert await lock.read() is None
        await lock.create(RECORD)
        assert await lock.read() == RECORD
        await lock.update(RECORD._replace(holder="", duration=1.0))
        lease = await server.client().get(Lease, "op", "default")
        assert (lease.spec.holder_identity, lease.spec.lease_duration_seconds, lease.metadata.labels) == (
            "",
            1,
            {"app": "op"},
        )


async def test_only_one_of_two_writers_wins() -> None:
    async with api_server() as server:
        first, second = (LeaseLock(server.client(), "default", "op") for _ in range(2))
        await first.create(RECORD)
        with pytest.raises(AlreadyExists):
            await second.create(RECORD)
        await second.read()
        await first.update(RECORD._replace(transitions=4))
        with pytest.raises(Conflict):
            await second.update(RECORD)


async def test_candidates_take_turns_on_a_real_server() -> None:
    async with api_server() as server:
        first, second = (LeaderElector(LeaseLock(server.client(), "default", "op"), name) for name in ("a", "b"))
        await first.acquire()
        await first.release()
        await second.acquire()
        lease = await server.client().get(Lease, "op", "default")
        assert (lease.spec.holder_identity, lease.spec.lease_transitions) == ("b", 1)
