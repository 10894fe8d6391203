"""The embedded store: one SQLite file holding a log of every write, keyed by revision.

The newest row of a key is its current value (or its deletion); older rows are the history that watches and reads of
past revisions are answered from, until they are compacted.  Each write is one committed transaction in WAL mode: a
process that is killed loses nothing that it acknowledged.  Calls take some tens of microseconds and are made on the
event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from kubewright.apiserver.storage.listeners import Listeners
from kubewright.apiserver.storage.protocol import (
    Change,
    Compacted,
    Deliver,
    Entry,
    FutureRevision,
    KeyExists,
    Page,
    RevisionMismatch,
    Stop,
    StorageError,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value BLOB,                 -- NULL where the key was deleted
    previous INTEGER NOT NULL   -- the revision of the value that this one replaced, 0 for a creation
);
CREATE INDEX IF NOT EXISTS log_by_key ON log (key, revision);
CREATE TABLE IF NOT EXISTS compaction (revision INTEGER NOT NULL);
"""

_NEWEST = """
SELECT key, value, MAX(revision) FROM log
WHERE key >= :first AND key < :end AND revision <= :revision
GROUP BY key HAVING value IS NOT NULL ORDER BY key LIMIT :limit
"""

_HISTORY = """
SELECT log.revision, log.key, log.value, log.previous, old.value
FROM log LEFT JOIN log AS old ON old.revision = log.previous
WHERE log.revision > :after AND log.key >= :first AND log.key < :end ORDER BY log.revision
"""

_LIVE = """
SELECT key, revision FROM log AS one
WHERE value IS NOT NULL AND revision = (SELECT MAX(revision) FROM log WHERE key = one.key)
"""

_SUPERSEDED = """
DELETE FROM log WHERE revision IN (
    SELECT revision FROM log AS old WHERE revision < :before AND (value IS NULL OR EXISTS (
        SELECT 1 FROM log WHERE key = old.key AND revision > old.revision AND revision <= :before
    )) ORDER BY revision LIMIT :batch  -- oldest first: a deletion must not go before what it deleted
)
"""

_BATCH = 2000
"""Rows that a compaction removes at a time, between which requests are served."""

_ALL = -1
"""SQLite's LIMIT for no limit."""


class SqliteStorage:
    """The `Storage` protocol on a file, or in memory.

    :param path: the database file, whose directory is made when missing; ``:memory:`` keeps nothing.
    :param lock_timeout: seconds to wait for another process to let go of the file.
    :param synchronous: ``NORMAL`` survives the death of the process, ``FULL`` that of the machine too.
    """

    def __init__(
        self, path: Path | str = ":memory:", *, synchronous: str = "NORMAL", lock_timeout: float = 2.0
    ) -> None:
        self.path = path
        self._lock_timeout = lock_timeout
        self._synchronous = synchronous
        self._listeners = Listeners()
        self._newest: dict[str, int] = {}
        """The revision of each key's value.  Writes need not ask the file, which is this process's own: that
        would take a sixth of their time."""
        self._revision = 0
        self._oldest = 0

    async def open(self) -> None:
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(
                self.path, isolation_level=None, cached_statements=32, timeout=self._lock_timeout
            )
            # One process owns the file: without shared memory a commit is cheaper, and a second server is refused.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA synchronous = {self._synchronous}")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StorageError(f"cannot open the store {self.path}: {error}; is another server using it?") from error
        (written,) = self._db.execute("SELECT coalesce(MAX(revision), 0) FROM log").fetchone()
        self._newest = dict(self._db.execute(_LIVE))
        (self._oldest,) = self._db.execute("SELECT coalesce(MAX(revision), 0) FROM compaction").fetchone()
        self._revision = max(written, self._oldest)

    async def close(self) -> None:
        self._listeners.clear()
        self._db.close()

    async def load(self, entries: Sequence[Entry], revision: int) -> None:
        """Fill an empty store with what another held, which now goes on after ``revision``; all or nothing.

        :raises StorageError: the store is not empty, or cannot be written.
        """
        if self._revision:
            raise StorageError(f"{self.path} is not empty: only an empty store can be filled")
        rows = [(entry.revision, entry.key, entry.value, 0) for entry in entries]
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
            self._db.execute("INSERT INTO compaction VALUES (?)", (revision,))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StorageError(f"cannot write to the store {self.path}: {error}") from error
        self._newest = {entry.key: entry.revision for entry in entries}
        self._revision = self._oldest = revision

    async def get(self, key: str) -> Entry | None:
        return self._current(key)

    async def range(self, prefix: str, *, revision: int = 0, limit: int = 0, after: str = "") -> Page:
        if revision > self._revision:
            raise FutureRevision
        if revision and revision < self._oldest:
            raise Compacted(self._oldest)
        revision = revision or self._revision
        bounds = {
            "first": max(prefix, after + "\0") if after else prefix,
            "end": _end(prefix),
            "revision": revision,
            "limit": limit or _ALL,
        }
        entries = [Entry(key, value, changed) for key, value, changed in self._db.execute(_NEWEST, bounds)]
        remaining = 0
        if limit and len(entries) == limit:
            rest = {**bounds, "first": entries[-1].key + "\0", "limit": _ALL}
            (remaining,) = self._db.execute(f"SELECT COUNT(*) FROM ({_NEWEST})", rest).fetchone()
        return Page(entries, revision, remaining)

    async def create(self, key: str, value: bytes) -> int:
        if key in self._newest:
            raise KeyExists(key)
        return self._append(key, value, None)

    async def update(self, current: Entry, value: bytes) -> int:
        return self._replace(current, value)

    async def delete(self, current: Entry) -> int:
        return self._replace(current, None)

    async def revision(self) -> int:
        return self._revision

    @property
    def delivered(self) -> int:
        return self._revision

    async def oldest(self) -> int:
        return self._oldest

    async def watch(self, prefix: str, *, after: int, deliver: Deliver) -> Stop:
        if after < self._oldest:
            raise Compacted(self._oldest)
        rows = self._db.execute(_HISTORY, {"after": after, "first": prefix, "end": _end(prefix)})
        if past := [
            Change(rev, key, value, Entry(key, was, old) if old else None) for rev, key, value, old, was in rows
        ]:
            deliver(past)
        return self._listeners.add(prefix, deliver)

    async def compact(self, revision: int) -> None:
        revision = min(revision, self._revision)
        if revision <= self._oldest:
            return
        self._oldest = revision
        self._db.execute("DELETE FROM compaction")
        self._db.execute("INSERT INTO compaction VALUES (?)", (revision,))
        removed = _BATCH
        while removed == _BATCH:
            removed = self._db.execute(_SUPERSEDED, {"before": revision, "batch": _BATCH}).rowcount
            await asyncio.sleep(0)

    def _current(self, key: str) -> Entry | None:
        row = self._db.execute(
            "SELECT key, value, revision FROM log WHERE key = ? ORDER BY revision DESC LIMIT 1", (key,)
        ).fetchone()
        return None if row is None or row[1] is None else Entry(*row)

    def _replace(self, current: Entry, value: bytes | None) -> int:
        if self._newest.get(current.key) != current.revision:
            raise RevisionMismatch(self._current(current.key))
        return self._append(current.key, value, current)

    def _append(self, key: str, value: bytes | None, previous: Entry | None) -> int:
        revision = self._revision + 1
        row = (revision, key, value, previous.revision if previous else 0)
        try:
            self._db.execute("INSERT INTO log VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise StorageError(f"cannot write to the store {self.path}: {error}") from error
        self._revision = revision
        if value is None:
            self._newest.pop(key, None)
        else:
            self._newest[key] = revision
        self._listeners.tell((Change(revision, key, value, previous),))
        return revision


def _end(prefix: str) -> str:
    """The first text after all that start with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else "\U0010ffff"
