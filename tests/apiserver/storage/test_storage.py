"""What every backend promises; see the Storage protocol."""

from collections.abc import Sequence

import pytest

from kubewright.apiserver.storage.protocol import (
    Change,
    Compacted,
    Entry,
    FutureRevision,
    KeyExists,
    RevisionMismatch,
    Storage,
)


async def test_a_created_value_is_read_back_with_its_revision(storage: Storage) -> None:
    revision = await storage.create("/a", b"1")
    assert await storage.get("/a") == Entry("/a", b"1", revision)
    assert await storage.get("/b") is None


async def test_every_write_gets_a_greater_revision(storage: Storage) -> None:
    first = await storage.create("/a", b"1")
    second = await storage.update(Entry("/a", b"1", first), b"2")
    third = await storage.delete(Entry("/a", b"2", second))
    fourth = await storage.create("/a", b"3")
    assert first < second < third < fourth == await storage.revision()


async def test_a_taken_key_is_not_created_again(storage: Storage) -> None:
    await storage.create("/a", b"1")
    with pytest.raises(KeyExists):
        await storage.create("/a", b"2")


async def test_a_conditional_write_tells_what_it_found(storage: Storage) -> None:
    first = Entry("/a", b"1", await storage.create("/a", b"1"))
    second = await storage.update(first, b"2")
    for write in (storage.update(first, b"3"), storage.delete(first)):
        with pytest.raises(RevisionMismatch) as mismatch:
            await write
        assert mismatch.value.current == Entry("/a", b"2", second)
    with pytest.raises(RevisionMismatch) as mismatch:
        await storage.update(Entry("/gone", b"", second), b"")
    assert mismatch.value.current is None


async def test_what_was_deleted_can_be_made_again_but_not_replaced(storage: Storage) -> None:
    first = Entry("/a", b"1", await storage.create("/a", b"1"))
    await storage.delete(first)
    for write in (storage.update(first, b"2"), storage.delete(first)):
        with pytest.raises(RevisionMismatch) as mismatch:
            await write
        assert mismatch.value.current is None
    again = await storage.create("/a", b"3")
    with pytest.raises(RevisionMismatch):
        await storage.update(first, b"4")
    assert await storage.get("/a") == Entry("/a", b"3", again)


async def test_a_range_is_sorted_and_bounded_by_its_prefix(storage: Storage) -> None:
    for key in ("/b/2", "/a/1", "/b/1", "/c", "/b/10"):
        await storage.create(key, key.encode())
    page = await storage.range("/b/")
    assert [entry.key for entry in page.entries] == ["/b/1", "/b/10", "/b/2"]
    assert page.revision == await storage.revision()


async def test_pages_continue_after_a_key_and_count_the_rest(storage: Storage) -> None:
    for number in range(5):
        await storage.create(f"/a/{number}", b"")
    first = await storage.range("/a/", limit=2)
    second = await storage.range("/a/", limit=2, after=first.entries[-1].key, revision=first.revision)
    last = await storage.range("/a/", limit=2, after=second.entries[-1].key, revision=first.revision)
    assert [[entry.key for entry in page.entries] for page in (first, second, last)] == [
        ["/a/0", "/a/1"], ["/a/2", "/a/3"], ["/a/4"],
    ]  # fmt: skip
    assert [page.remaining for page in (first, second, last)] == [3, 1, 0]


async def test_a_past_revision_can_still_be_read(storage: Storage) -> None:
    first = await storage.create("/a/1", b"old")
    second = await storage.create("/a/2", b"2")
    await storage.update(Entry("/a/1", b"old", first), b"new")
    await storage.delete(Entry("/a/2", b"2", second))
    page = await storage.range("/a/", revision=second)
    assert [(entry.key, entry.value) for entry in page.entries] == [("/a/1", b"old"), ("/a/2", b"2")]


async def test_the_future_cannot_be_read(storage: Storage) -> None:
    await storage.create("/a", b"")
    with pytest.raises(FutureRevision):
        await storage.range("/", revision=await storage.revision() + 1000)


async def test_compaction_forgets_the_past_and_keeps_the_present(storage: Storage) -> None:
    first = await storage.create("/a", b"1")
    second = await storage.update(Entry("/a", b"1", first), b"2")
    third = await storage.create("/b", b"3")
    await storage.compact(third)
    assert await storage.oldest() == third
    with pytest.raises(Compacted):
        await storage.range("/", revision=first)
    with pytest.raises(Compacted):
        await storage.watch("/", after=first, deliver=lambda changes: None)
    assert await storage.get("/a") == Entry("/a", b"2", second)
    assert [entry.key for entry in (await storage.range("/", revision=third)).entries] == ["/a", "/b"]


async def test_a_watch_gets_each_change_before_its_write_returns(storage: Storage) -> None:
    seen: list[Change] = []
    stop = await storage.watch("/a/", after=await storage.revision(), deliver=seen.extend)
    first = await storage.create("/a/1", b"1")
    assert seen == [Change(first, "/a/1", b"1", None)]
    second = await storage.update(Entry("/a/1", b"1", first), b"2")
    assert seen[1:] == [Change(second, "/a/1", b"2", Entry("/a/1", b"1", first))]
    third = await storage.delete(Entry("/a/1", b"2", second))
    assert seen[2:] == [Change(third, "/a/1", None, Entry("/a/1", b"2", second))]
    stop()
    await storage.create("/a/2", b"")
    assert len(seen) == 3


async def test_a_watch_sees_only_its_prefix(storage: Storage) -> None:
    seen: list[Change] = []
    await storage.watch("/a/", after=await storage.revision(), deliver=seen.extend)
    await storage.create("/b/1", b"")
    await storage.create("/ab", b"")
    assert seen == []


async def test_a_watch_from_the_past_delivers_what_happened_since(storage: Storage) -> None:
    start = await storage.create("/a/0", b"")
    first = await storage.create("/a/1", b"1")
    await storage.create("/b/1", b"")
    await storage.delete(Entry("/a/1", b"1", first))
    seen: list[Change] = []

    def deliver(changes: Sequence[Change]) -> None:
        seen.extend(changes)

    await storage.watch("/a/", after=start, deliver=deliver)
    assert [(change.key, change.value) for change in seen] == [("/a/1", b"1"), ("/a/1", None)]


async def test_keys_and_values_may_hold_any_text(storage: Storage) -> None:
    key, value = "/ä/€ \U0001f600", b'{"\xc3\xa4": "\\u0000"}'
    await storage.create(key, value)
    assert [(entry.key, entry.value) for entry in (await storage.range("/ä/")).entries] == [(key, value)]
