from __future__ import annotations

from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.storage.protocol import Entry
from kubewright.apiserver.storage.sqlite import SqliteStorage


def account(n: int) -> bytes:
    return b'{"metadata":{"name":"a","namespace":"team","n":%d}}' % n


async def test_a_view_is_shared_and_follows_what_is_stored() -> None:
    storage = SqliteStorage()
    await storage.open()
    cluster = LogicalCluster(storage)
    await cluster.open()
    reader, key = cluster.reader, "/registry/serviceaccounts/team/a"
    stored = Entry(key, account(1), await storage.create(key, account(1)))

    first = reader.view("", "serviceaccounts", "team", "a")
    assert first is not None and first["metadata"]["n"] == 1
    assert reader.view("", "serviceaccounts", "team", "a") is first
    assert reader.get("", "serviceaccounts", "team", "a") == first

    await storage.update(stored, account(2))
    second = reader.view("", "serviceaccounts", "team", "a")
    assert second is not None and second["metadata"]["n"] == 2
    assert reader.view("", "serviceaccounts", "team", "b") is None
    cluster.close()
    await storage.close()
