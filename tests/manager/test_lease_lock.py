from __future__ import annotations

import datetime as dt

import pytest
from tests.serving import api_server

from kubewright.manager import LeaderElector, LeaseLock, LeaseRecord
from kubewright.objects.coordination_v1 import Lease
from kubewright.objects.errors import AlreadyExists, Conflict, NotFound
from kubewright.objects.meta import ObjectMeta

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


async def test_labels_of_others_stay_and_ones_own_are_put_back() -> None:
    async with api_server() as server:
        lock = LeaseLock(server.client(), "default", "op", labels={"app": "op"})
        await lock.create(RECORD)
        await server.client().patch(Lease, "op", "default", merge={"metadata": {"labels": {"app": "x", "team": "t"}}})
        await lock.read()
        await lock.update(RECORD)
        lease = await server.client().get(Lease, "op", "default")
        assert lease.metadata.labels == {"app": "op", "team": "t"}


async def test_a_renewal_is_one_request() -> None:
    requests: list[str] = []
    async with api_server() as server:
        client = server.client()
        client.rest.observe = lambda exchange: requests.append(exchange.method)
        lock = LeaseLock(client, "default", "op")
        await lock.create(RECORD)
        for transitions in range(3):
            await lock.update(RECORD._replace(transitions=transitions))
    assert requests == ["POST", "PUT", "PUT", "PUT"]


async def test_a_lease_that_says_nothing_is_held_by_nobody() -> None:
    async with api_server() as server:
        await server.client().create(Lease(metadata=ObjectMeta(name="op", namespace="default")))
        lock = LeaseLock(server.client(), "default", "op")
        assert await lock.read() == LeaseRecord("", 0.0, None, None, 0)
        await lock.update(RECORD)
        assert await lock.read() == RECORD


async def test_a_lease_that_is_not_there_cannot_be_renewed() -> None:
    async with api_server() as server:
        with pytest.raises(NotFound):
            await LeaseLock(server.client(), "default", "op").update(RECORD)
