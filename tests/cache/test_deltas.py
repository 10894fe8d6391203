from __future__ import annotations

from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from tests.cache.objects import key, stored

from kubewright.cache import Event, Indexer, StoredObject
from kubewright.cache.deltas import Delta, Deltas, is_newer
from kubewright.objects.core_v1 import Pod


class Store:
    """An indexer with its deltas, and events as short texts."""

    def __init__(self, *objects: StoredObject[Pod]) -> None:
        self.indexer: Indexer[Pod] = Indexer()
        self.deltas = Deltas(self.indexer)
        self.replace(*objects, version="0")

    def __getitem__(self, name: str) -> str | None:
        obj = self.indexer.get(key(name))
        return obj.resource_version if obj else None

    def see(self, kind: Literal["ADDED", "MODIFIED", "DELETED"], obj: StoredObject[Pod]) -> list[str]:
        return [told(event) for event in self.deltas.apply([Delta(kind, obj)])]

    def replace(self, *objects: StoredObject[Pod], version: str, initial: bool = False, **scope: Any) -> list[str]:
        listed: Indexer[Pod] = Indexer()
        for obj in objects:
            listed.put(obj)
        namespace = scope.get("namespace")
        return [told(e) for e in self.deltas.replace(listed, version, namespace=namespace, initial=initial)]

    def wrote(self, obj: StoredObject[Pod], *, matches: bool = True, reached: str = "") -> None:
        self.deltas.wrote(obj, matches=matches, reached=reached)


def told(event: Event[Pod]) -> str:
    """``update a 1-2``, ``create a 1``, ``delete a 2``."""
    versions = "-".join(obj.resource_version for obj in (event.old, event.new) if obj is not None)
    observed = event.new or event.old
    assert observed is not None
    return f"{event.type} {observed.key.name} {versions}" + " initial" * event.initial


def test_events_tell_what_was_before_and_after() -> None:
    store = Store()
    assert store.see("ADDED", stored("a", 1)) == ["create a 1"]
    assert store.see("MODIFIED", stored("a", 2)) == ["update a 1-2"]
    assert store.see("DELETED", stored("a", 3)) == ["delete a 3"]
    assert len(store.indexer) == 0


def test_events_do_not_trust_the_type_but_the_store() -> None:
    store = Store(stored("a", 1))
    assert store.see("ADDED", stored("a", 2)) == ["update a 1-2"]
    assert store.see("MODIFIED", stored("b", 3)) == ["create b 3"]
    assert store.see("DELETED", stored("unknown", 4)) == ["delete unknown 4"]


def test_a_list_tells_deletions_first_then_the_rest_in_its_order() -> None:
    store = Store(stored("a", 1), stored("b", 2), stored("c", 3))
    assert store.replace(stored("d", 9), stored("b", 8), stored("c", 3), version="9") == [
        "delete a 1",
        "create d 9",
        "update b 2-8",
    ]
    assert sorted(obj.key.name for obj in store.indexer) == ["b", "c", "d"]


def test_the_first_list_is_marked() -> None:
    assert Store().replace(stored("a", 1), version="1", initial=True) == ["create a 1 initial"]


def test_what_a_list_changed_can_be_read_by_many() -> None:
    listed: Indexer[Pod] = Indexer()
    listed.put(stored("a", 1))
    changes = Deltas(Indexer[Pod]()).replace(listed, "1", namespace=None, initial=False)
    assert [told(event) for event in changes] == [told(event) for event in changes] == ["create a 1"]
    assert len(changes) == 1


def test_an_object_made_again_between_two_lists_is_one_update() -> None:
    store = Store(stored("a", 1, uid="old"))
    assert store.replace(stored("a", 5, uid="new"), version="5") == ["update a 1-5"]


def test_a_list_of_one_namespace_leaves_the_others_alone() -> None:
    store = Store(stored("a", 1), stored("a", 1, namespace="other"))
    assert store.replace(version="5", namespace="default") == ["delete a 1"]
    assert [obj.key.namespace for obj in store.indexer] == ["other"]


# Read your writes


def test_an_own_write_is_stored_at_once_and_told_when_the_watch_shows_it() -> None:
    store = Store(stored("a", 1))
    store.wrote(stored("a", 5))
    assert store["a"] == "5"
    assert store.see("MODIFIED", stored("a", 5)) == ["update a 1-5"]
    assert store["a"] == "5"


def test_a_state_older_than_the_own_write_is_told_but_not_stored() -> None:
    store = Store(stored("a", 1))
    store.wrote(stored("a", 5))
    assert store.see("MODIFIED", stored("a", 3)) == ["update a 1-3"]
    assert store["a"] == "5"
    assert store.see("MODIFIED", stored("a", 7)) == ["update a 3-7"]
    assert store["a"] == "7"


def test_an_own_creation_is_visible_and_still_told_as_a_create() -> None:
    store = Store()
    store.wrote(stored("a", 5))
    assert store["a"] == "5"
    assert store.see("ADDED", stored("a", 5)) == ["create a 5"]


def test_an_own_deletion_hides_the_object_until_the_watch_shows_it_gone() -> None:
    store = Store(stored("a", 1))
    store.deltas.deleted(key("a"), "u")
    assert store["a"] is None
    assert store.see("MODIFIED", stored("a", 2)) == ["update a 1-2"]
    assert store["a"] is None
    assert store.see("DELETED", stored("a", 3)) == ["delete a 3"]
    assert store.see("ADDED", stored("a", 4, uid="v")) == ["create a 4"]
    assert store["a"] == "4"


def test_an_own_deletion_of_an_object_that_was_not_seen_yet_keeps_it_hidden() -> None:
    store = Store()
    store.deltas.deleted(key("a"), "u")
    assert store.see("ADDED", stored("a", 2)) == ["create a 2"]
    assert store["a"] is None
    assert store.see("DELETED", stored("a", 3)) == ["delete a 3"]


def test_a_deletion_of_another_uid_changes_nothing() -> None:
    store = Store(stored("a", 1))
    store.deltas.deleted(key("a"), "someone-else")
    assert store["a"] == "1"


def test_an_object_deleted_and_made_again_by_oneself_stays_the_new_one() -> None:
    store = Store(stored("a", 1, uid="old"))
    store.deltas.deleted(key("a"), "old")
    store.wrote(stored("a", 9, uid="new"))
    assert store.see("DELETED", stored("a", 8, uid="old")) == ["delete a 8"]
    assert store["a"] == "9"
    assert store.see("ADDED", stored("a", 9, uid="new")) == ["create a 9"]


def test_a_late_answer_does_not_bring_an_old_state_back() -> None:
    store = Store(stored("a", 7))
    store.wrote(stored("a", 5))
    assert store["a"] == "7"
    store.see("DELETED", stored("a", 8))
    store.wrote(stored("a", 7), reached="8")
    assert store["a"] is None


def test_a_list_older_than_the_own_write_does_not_undo_it() -> None:
    store = Store(stored("a", 1))
    store.wrote(stored("a", 9))
    store.wrote(stored("b", 10))
    assert store.replace(stored("a", 3), version="5") == ["update a 1-3"]
    assert (store["a"], store["b"]) == ("9", "10")
    assert store.replace(stored("a", 11), version="12") == ["update a 3-11"]
    assert (store["a"], store["b"]) == ("11", None)


def test_a_write_that_leaves_the_selection_hides_the_object() -> None:
    store = Store(stored("a", 1))
    store.wrote(stored("a", 5), matches=False)
    store.wrote(stored("never-selected", 6), matches=False)
    assert (store["a"], store["never-selected"]) == (None, None)
    assert store.see("DELETED", stored("a", 5)) == ["delete a 5"]


def test_a_bookmark_settles_writes_that_the_watch_will_never_show() -> None:
    store = Store()
    store.wrote(stored("a", 5))
    store.deltas.reached("4")
    assert store["a"] == "5"
    store.deltas.reached("6")
    assert store["a"] is None


def test_resource_versions_compare_as_numbers() -> None:
    assert is_newer("10", "9")
    assert not is_newer("9", "10")
    assert not is_newer("9", "9")


@given(st.data())
def test_the_store_never_shows_a_state_older_than_an_own_write_and_ends_at_the_truth(data: st.DataObject) -> None:
    """A server's history is watched with delay while some of its writes are the client's own."""
    history: list[tuple[Literal["ADDED", "MODIFIED", "DELETED"], StoredObject[Pod]]] = []
    alive, uid, own = False, 0, dict[int, bool]()
    for version in range(1, data.draw(st.integers(1, 12)) + 1):
        deletes = alive and data.draw(st.booleans())
        uid += not alive
        kind: Literal["ADDED", "MODIFIED", "DELETED"] = "DELETED" if deletes else "MODIFIED" if alive else "ADDED"
        history.append((kind, stored("a", version, uid=str(uid))))
        alive = not deletes
        own[version] = data.draw(st.booleans())
    store, watched, floor = Store(), 0, 0
    for version, (kind, obj) in enumerate(history, 1):
        if own[version] and kind != "DELETED":
            store.wrote(obj, reached=str(watched) if watched else "")
            floor = version
        elif own[version]:
            current = store.indexer.get(obj.key)
            store.deltas.deleted(obj.key, obj.uid)
            # The answer to a deletion names a uid, not a time: it says nothing of one that was never stored.
            floor = version if current and current.uid == obj.uid else floor
        while watched < version and data.draw(st.booleans()):
            store.see(*history[watched])
            watched += 1
        seen = store["a"]
        assert seen is None or int(seen) >= floor
    for kind, obj in history[watched:]:
        store.see(kind, obj)
    assert store["a"] == (None if history[-1][0] == "DELETED" else history[-1][1].resource_version)
