from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from kubewright.apiserver.registry import caches
from kubewright.apiserver.registry.caches import Caches
from kubewright.apiserver.storage.protocol import Entry
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.objects.errors import Timeout

PODS = "/registry/pods/"
POD = b'{"metadata":{"name":"a","namespace":"default"}}'


@pytest.fixture
async def storage() -> AsyncIterator[SqliteStorage]:
    storage = SqliteStorage()
    await storage.open()
    yield storage
    await storage.close()


@pytest.fixture
async def followed(storage: SqliteStorage) -> AsyncIterator[Caches]:
    followed = Caches(storage)
    await followed.open()
    yield followed
    followed.close()


def names(followed: Caches, prefix: str = PODS) -> list[str]:
    return [one.key.removeprefix(prefix) for one in followed.cache(prefix).range()]


async def test_what_was_stored_before_is_there_at_once(storage: SqliteStorage) -> None:
    await storage.create(f"{PODS}default/a", POD)
    followed = Caches(storage)
    await followed.open()
    assert names(followed) == ["default/a"]
    followed.close()


async def test_writes_are_seen_as_they_happen(storage: SqliteStorage, followed: Caches) -> None:
    revision = await storage.create(f"{PODS}default/a", POD)
    assert (names(followed), followed.revision) == (["default/a"], revision)
    await storage.delete(Entry(f"{PODS}default/a", POD, revision))
    assert names(followed) == []


async def test_a_logical_cluster_sees_its_own_keys_only(storage: SqliteStorage, followed: Caches) -> None:
    other = Caches(storage, "/clusters/x")
    await other.open()
    await storage.create(f"/clusters/x{PODS}default/a", POD)
    assert names(followed) == []
    assert names(other, f"/clusters/x{PODS}") == ["default/a"]
    assert followed.revision == other.revision
    other.close()


async def test_a_read_of_the_future_waits_until_it_has_come(storage: SqliteStorage, followed: Caches) -> None:
    waiting = asyncio.ensure_future(followed.fresh(followed.revision + 1))
    await asyncio.sleep(0)
    await storage.create(f"{PODS}default/a", POD)
    await asyncio.wait_for(waiting, 5)


async def test_a_future_that_does_not_come_is_an_error(followed: Caches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "FRESH_TIMEOUT", 0.01)
    with pytest.raises(Timeout, match=f"Too large resource version: {followed.revision + 7}"):
        await followed.fresh(followed.revision + 7)
