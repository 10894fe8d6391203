"""Lists and watches are answered from the cache with what was stored, in order, and no further back than it knows."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.apiserver.storage.protocol import Change, Entry
from kubewright.apiserver.watch_cache import Selection, WatchCache, Watcher
from kubewright.objects.errors import Gone
from kubewright.objects.selectors import FieldSelector, LabelSelector

PREFIX = "/registry/widgets/"


def value(**labels: str) -> bytes:
    return msgspec.json.encode({"metadata": {"labels": labels}})


class Writer:
    """Makes the changes that a store would hand on."""

    def __init__(self, cache: WatchCache) -> None:
        self.cache = cache
        self.revision = 0
        self.entries: dict[str, Entry] = {}

    def write(self, key: str, content: bytes | None) -> int:
        self.revision += 1
        full = PREFIX + key
        previous = self.entries.pop(full, None)
        if content is not None:
            self.entries[full] = Entry(full, content, self.revision)
        self.cache.apply(Change(self.revision, full, content, previous))
        return self.revision


@pytest.fixture
def cache() -> WatchCache:
    return WatchCache(PREFIX, window=5, backlog=10)


@pytest.fixture
def writer(cache: WatchCache) -> Writer:
    return Writer(cache)


def watch(cache: WatchCache, selection: Selection | None = None, *, after: int | None = None) -> Watcher:
    return cache.watch(selection or Selection(), after=after, wake=lambda: None)


def seen(watcher: Watcher) -> list[tuple[str, str]]:
    return [(kind, obj.name) for kind, obj, _ in watcher.pending]


def test_objects_are_listed_in_key_order_by_namespace(cache: WatchCache, writer: Writer) -> None:
    for key in ("b/1", "a/2", "a-x/1", "a/1"):
        writer.write(key, value())
    assert [f"{obj.namespace}/{obj.name}" for obj in cache.range()] == ["a-x/1", "a/1", "a/2", "b/1"]
    assert [obj.name for obj in cache.range("a")] == ["1", "2"]
    assert [obj.name for obj in cache.range("a", after=f"{PREFIX}a/1")] == ["2"]
    assert cache.count("a") == 2


def test_a_watch_without_a_version_begins_with_what_there_is(cache: WatchCache, writer: Writer) -> None:
    writer.write("a/1", value())
    watcher = watch(cache)
    writer.write("a/2", value())
    assert seen(watcher) == [("ADDED", "1"), ("ADDED", "2")]


def test_a_watch_from_a_version_gives_only_what_came_later(cache: WatchCache, writer: Writer) -> None:
    start = writer.write("a/1", value())
    writer.write("a/1", value(x="y"))
    writer.write("a/1", None)
    assert seen(watch(cache, after=start)) == [("MODIFIED", "1"), ("DELETED", "1")]


def test_a_watch_from_a_version_that_is_still_to_come_waits_for_it(cache: WatchCache, writer: Writer) -> None:
    watcher = watch(cache, after=2)
    for key in ("a", "b", "c"):
        writer.write(key, value())
    assert seen(watcher) == [("ADDED", "c")]


def test_a_deleted_object_is_as_it_last_was_under_the_version_of_its_deletion(
    cache: WatchCache, writer: Writer
) -> None:
    start = writer.write("a/1", value(x="last"))
    gone = writer.write("a/1", None)
    [(_, obj, _)] = watch(cache, after=start).pending
    assert (obj.labels, obj.revision) == ({"x": "last"}, gone)


def test_a_version_before_the_window_is_gone(cache: WatchCache, writer: Writer) -> None:
    for number in range(7):
        writer.write("a/1", value(n=str(number)))
    assert len(watch(cache, after=2).pending) == 5
    with pytest.raises(Gone, match="too old resource version: 1"):
        watch(cache, after=1)


def test_changes_of_what_a_selector_sees_come_as_additions_and_deletions(cache: WatchCache, writer: Writer) -> None:
    watcher = watch(cache, Selection(label_selector=LabelSelector.parse("on=yes")), after=0)
    writer.write("a/1", value(on="no"))
    writer.write("a/1", value(on="yes"))
    writer.write("a/1", value(on="yes", more="x"))
    writer.write("a/1", value(on="no"))
    assert [kind for kind, _, _ in watcher.pending] == ["ADDED", "MODIFIED", "DELETED"]
    assert watcher.pending[-1][1].labels == {"on": "yes", "more": "x"}


def test_a_field_selector_reads_fields_through_its_own_reader(cache: WatchCache, writer: Writer) -> None:
    writer.write("a/1", msgspec.json.encode({"metadata": {}, "size": "big"}))
    [obj] = cache.range()
    by_size = Selection(field_selector=FieldSelector.parse("size=big"), read_fields=lambda obj: {"size": obj["size"]})
    by_nothing = Selection(field_selector=FieldSelector.parse("size=big"))
    assert by_size.matches(obj)
    assert not by_nothing.matches(obj)


def test_a_slow_watcher_is_cut_off(cache: WatchCache, writer: Writer) -> None:
    watcher = watch(cache, after=0)
    for number in range(11):
        writer.write(f"a/{number}", value())
    assert watcher.ended
    assert not watcher.pending


def test_an_event_is_shared_by_all_watchers(cache: WatchCache, writer: Writer) -> None:
    first, second = watch(cache, after=0), watch(cache, after=0)
    writer.write("a/1", value())
    assert first.pending[0][2] is second.pending[0][2]


def test_remembered_changes_can_be_watched_after_a_restart() -> None:
    entry = Entry(f"{PREFIX}a/1", value(n="2"), 4)
    cache = WatchCache(PREFIX)
    cache.load([entry], 4)
    cache.remember([Change(4, entry.key, entry.value, Entry(entry.key, value(n="1"), 3))], oldest=3)
    assert seen(watch(cache, after=3)) == [("MODIFIED", "1")]
    with pytest.raises(Gone):
        watch(cache, after=2)


@given(st.lists(st.tuples(st.sampled_from(["a/1", "a/2", "b/1"]), st.sampled_from(["", "x", "y"]))))
def test_a_watcher_that_replays_events_arrives_at_the_list(steps: list[tuple[str, str]]) -> None:
    cache = WatchCache(PREFIX, window=1000, backlog=1000)
    writer = Writer(cache)
    selection = Selection(label_selector=LabelSelector.parse("l=x"))
    watcher = watch(cache, selection, after=0)
    for key, label in steps:
        if label or PREFIX + key in writer.entries:
            writer.write(key, value(l=label) if label else None)
    replayed: dict[str, int] = {}
    for kind, obj, _ in watcher.pending:
        assert (kind == "ADDED") is (obj.key not in replayed)
        if kind == "DELETED":
            del replayed[obj.key]
        else:
            replayed[obj.key] = obj.revision
    assert replayed == {obj.key: obj.revision for obj in cache.range() if selection.matches(obj)}
