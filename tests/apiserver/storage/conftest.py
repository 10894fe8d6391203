"""Every behaviour of a store is tested on each backend; etcd's only where its binary is installed (make test-etcd)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubewright.apiserver.storage.etcd import EtcdStorage
from kubewright.apiserver.storage.protocol import Storage
from kubewright.apiserver.storage.sqlite import SqliteStorage


@pytest.fixture(params=["memory", "file", pytest.param("etcd", marks=pytest.mark.etcd)])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    store: Storage
    match request.param:
        case "memory":
            store = SqliteStorage()
        case "file":
            store = SqliteStorage(tmp_path / "store.db")
        case _:
            prefix = request.getfixturevalue("etcd_prefix")
            store = EtcdStorage([request.getfixturevalue("etcd")], prefix=prefix)
    await store.open()
    yield store
    await store.close()
