"""What the API server asks of a store: a map from keys to bytes with one revision counter over all of it.

The shape is etcd's, reduced to what Kubernetes uses.  Keys follow Kubernetes' layout
(``/registry/[GROUP/]RESOURCE/[NAMESPACE/]NAME``, see `registry/storage_keys.py`; logical clusters other than the
default prefix it with ``/clusters/CLUSTER``); values are the encoded objects *without* a resource version, which is the
revision of the entry.  Every write has been committed before its method returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """One stored value; ``revision`` is that of its last write."""

    key: str
    value: bytes
    revision: int


class Change(NamedTuple):
    """One write: ``value`` is None for a deletion, ``previous`` is None for a creation."""

    revision: int
    key: str
    value: bytes | None
    previous: Entry | None


class Page(NamedTuple):
    """A part of a range, all as of ``revision``."""

    entries: list[Entry]
    revision: int
    remaining: int


Deliver = Callable[[Sequence[Change]], None]
Stop = Callable[[], None]


class KeyExists(Exception):
    """A create found the key taken."""


class RevisionMismatch(Exception):
    """A conditional write found another revision; ``current`` is the entry there, None when the key is gone."""

    def __init__(self, current: Entry | None) -> None:
        super().__init__(f"found {current.revision if current else 'no entry'}")
        self.current = current


class Compacted(Exception):
    """The revision is older than the store keeps; ``oldest`` is the first that it still has."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"revisions before {oldest} were compacted")
        self.oldest = oldest


class FutureRevision(Exception):
    """The revision lies ahead of the store's."""


class StorageError(OSError):
    """The store cannot answer: its disk is full, its servers are away; the text says what to look at."""


class Storage(Protocol):
    """A revisioned key-value store.

    :raises StorageError: any method may, when the store cannot do what is asked.
    """

    async def open(self) -> None:
        """Make ready; creates the store where there is none.

        :raises StorageError: the store cannot be read or written.
        """

    async def close(self) -> None: ...

    async def get(self, key: str) -> Entry | None: ...

    async def range(self, prefix: str, *, revision: int = 0, limit: int = 0, after: str = "") -> Page:
        """Entries whose key starts with ``prefix``, in key order, as of ``revision`` (0: now).

        :param after: only keys greater than this one.
        :raises Compacted: the revision is no longer kept.
        :raises FutureRevision: the revision has not happened yet.
        """

    async def create(self, key: str, value: bytes) -> int:
        """Write a new key and return the revision.

        :raises KeyExists: the key is taken.
        """

    async def update(self, current: Entry, value: bytes) -> int:
        """Replace a value and return the new revision.

        :param current: what is replaced, as it was read: it is not read again, and watches are given it as it is.
        :raises RevisionMismatch: another value has taken its place, or none.
        """

    async def delete(self, current: Entry) -> int:
        """Remove a key and return the revision of the removal.

        :param current: what is removed, as it was read.
        :raises RevisionMismatch: another value has taken its place, or none.
        """

    async def revision(self) -> int:
        """The revision of the last write, read consistently; every watch has been given what happened up to it."""

    @property
    def delivered(self) -> int:
        """The revision up to which every watch has been given what happened."""

    async def watch(self, prefix: str, *, after: int, deliver: Deliver) -> Stop:
        """Hand on all changes below ``prefix`` with a revision greater than ``after``, in order.

        What is past is delivered before this returns.  Later changes follow as they happen: a store that lives in
        this process delivers a write before the method that made it returns, so whoever listens is never behind.

        :param prefix: ends with a slash; empty for all keys.
        :param deliver: called with one or more changes; it must not block nor raise.
        :returns: a function that ends the watch.
        :raises Compacted: ``after`` lies before what the store keeps.
        """

    async def compact(self, revision: int) -> None:
        """Forget what was overwritten or deleted before ``revision``: it becomes the oldest that can be read."""

    async def oldest(self) -> int:
        """The oldest revision that ``range`` and ``watch`` can start from."""
