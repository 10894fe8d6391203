"""Copies of a store: all that it holds as of one revision goes into a file, and comes back from it.

The file is an SQLite database like the embedded store's, whatever store it was made of.  Watch history, certificates
and keys are not part of it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from kubewright.apiserver.storage.protocol import Entry, Page, Storage, StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage

REVISIONS_AHEAD = 1_000_000
"""How far a restored store's revisions begin after the copy's: what clients saw written since must not come again."""


async def snapshot(storage: Storage) -> bytes:
    """A copy of an open store, which may be in use, as the contents of a file.

    :raises StorageError: the store cannot be read.
    """
    page = await storage.range("")
    with tempfile.TemporaryDirectory(prefix="kubewright-") as directory:
        file = Path(directory) / "backup.db"
        copy = SqliteStorage(file)
        await copy.open()
        await copy.load(page.entries, page.revision)
        await copy.close()
        return file.read_bytes()


async def restore(source: Path, storage: Storage) -> int:
    """Write a copy into an open store, which has to be empty; gives the number of objects.

    :raises StorageError: the copy cannot be read, or the store holds something.
    """
    page = _read(source)
    if (await storage.range("", limit=1)).entries:
        raise StorageError("only an empty store can be restored into: move what is there away first")
    if isinstance(storage, SqliteStorage):
        await storage.load(page.entries, page.revision + REVISIONS_AHEAD)
    else:
        for entry in page.entries:
            await storage.create(entry.key, entry.value)
    return len(page.entries)


def _read(source: Path) -> Page:
    """:raises StorageError: the file is not there, or is no copy."""
    try:
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT key, value, revision FROM log ORDER BY key").fetchall()
            (revision,) = db.execute("SELECT revision FROM compaction").fetchone()
        db.close()
    except (sqlite3.Error, TypeError) as error:
        raise StorageError(f"{source} is not a backup that can be read: {error}") from error
    return Page([Entry(*row) for row in rows], revision, 0)
