"""The embedded store keeps what it acknowledged, whatever happens to its process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from kubewright.apiserver.storage.protocol import Entry, KeyExists, RevisionMismatch
from kubewright.apiserver.storage.sqlite import SqliteStorage

WRITER = """
import asyncio, sys
from kubewright.apiserver.storage.sqlite import SqliteStorage

async def main():
    storage = SqliteStorage(sys.argv[1])
    await storage.open()
    for number in range(100_000):
        await storage.create(f"/k/{await storage.revision()}-{number}", b"x" * 200)
        print(number, flush=True)

asyncio.run(main())
"""


async def test_revisions_go_on_after_a_restart_even_when_all_was_compacted(tmp_path: Path) -> None:
    store = SqliteStorage(tmp_path / "store.db")
    await store.open()
    last = await store.delete(Entry("/k/a", b"1", await store.create("/k/a", b"1")))
    await store.compact(last)
    await store.close()
    again = SqliteStorage(tmp_path / "store.db")
    await again.open()
    assert (await again.revision(), await again.oldest()) == (last, last)
    assert await again.create("/k/a", b"2") == last + 1
    await again.close()


async def test_a_restarted_store_knows_what_each_key_holds(tmp_path: Path) -> None:
    store = SqliteStorage(tmp_path / "store.db")
    await store.open()
    first = Entry("/k/kept", b"1", await store.create("/k/kept", b"1"))
    kept = Entry("/k/kept", b"2", await store.update(first, b"2"))
    await store.delete(Entry("/k/gone", b"1", await store.create("/k/gone", b"1")))
    await store.close()
    again = SqliteStorage(tmp_path / "store.db")
    await again.open()
    with pytest.raises(KeyExists):
        await again.create("/k/kept", b"3")
    with pytest.raises(RevisionMismatch):
        await again.update(first, b"3")
    await again.update(kept, b"3")
    await again.create("/k/gone", b"2")
    await again.close()


async def test_a_second_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SqliteStorage(tmp_path / "store.db")
    await first.open()
    with pytest.raises(OSError, match="another server"):
        await SqliteStorage(tmp_path / "store.db", lock_timeout=0.05).open()
    await first.close()


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged = 0
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged += len([writer.stdout.readline() for _ in range(50)])
            writer.kill()
            acknowledged += len(writer.stdout.read().splitlines())
    assert acknowledged <= asyncio.run(count(path)) <= acknowledged + 5


async def count(path: Path) -> int:
    """How many keys the store holds."""
    store = SqliteStorage(path)
    await store.open()
    entries = (await store.range("/k/")).entries
    await store.close()
    return len(entries)
