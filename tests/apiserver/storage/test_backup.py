"""A copy holds all that a store does, and nothing that was written since; it fills an empty store of any kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubewright.apiserver.storage.backup import REVISIONS_AHEAD, restore, snapshot
from kubewright.apiserver.storage.etcd import EtcdStorage
from kubewright.apiserver.storage.protocol import Compacted, Entry, Storage, StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage


@pytest.fixture
async def copy(storage: Storage, tmp_path: Path) -> Path:
    """A copy of a store with a past."""
    first = await storage.create("/registry/a", b"1")
    await storage.update(Entry("/registry/a", b"1", first), b"2")
    await storage.create("/clusters/x/registry/b", b"3")
    await storage.delete(Entry("/registry/c", b"4", await storage.create("/registry/c", b"4")))
    file = tmp_path / "backup.db"
    file.write_bytes(await snapshot(storage))
    await storage.create("/registry/late", b"5")
    return file


async def test_a_copy_is_restored_into_an_empty_store(copy: Path, tmp_path: Path) -> None:
    restored = SqliteStorage(tmp_path / "new" / "store.db")
    await restored.open()
    assert await restore(copy, restored) == 2
    found = {entry.key: entry.value for entry in (await restored.range("")).entries}
    assert found == {"/registry/a": b"2", "/clusters/x/registry/b": b"3"}
    await restored.close()


async def test_revisions_go_on_far_after_those_of_the_copy(copy: Path, storage: Storage, tmp_path: Path) -> None:
    seen = await storage.revision()
    restored = SqliteStorage(tmp_path / "new.db")
    await restored.open()
    await restore(copy, restored)
    assert await restored.revision() > seen + REVISIONS_AHEAD // 2
    with pytest.raises(Compacted):
        await restored.watch("", after=seen, deliver=lambda changes: None)
    await restored.close()
    await restored.open()
    assert await restored.create("/registry/new", b"") > seen + REVISIONS_AHEAD // 2
    await restored.close()


@pytest.mark.etcd
async def test_a_copy_moves_a_store_into_etcd(etcd: str, etcd_prefix: str, copy: Path) -> None:
    restored = EtcdStorage([etcd], prefix=f"{etcd_prefix}-restored")
    await restored.open()
    assert await restore(copy, restored) == 2
    assert [entry.value for entry in (await restored.range("/registry/")).entries] == [b"2"]
    await restored.close()


async def test_a_store_that_holds_something_is_left_alone(copy: Path, storage: Storage) -> None:
    with pytest.raises(StorageError, match="only an empty store"):
        await restore(copy, storage)


@pytest.mark.parametrize("contents", [None, b"", b"no database at all, by far"])
async def test_what_is_no_copy_is_refused(contents: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    if contents is not None:
        file.write_bytes(contents)
    store = SqliteStorage()
    await store.open()
    with pytest.raises(StorageError, match="is not a backup that can be read"):
        await restore(file, store)
    await store.close()
