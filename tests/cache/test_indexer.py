from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cache.objects import key, stored

from kubewright.cache import Indexer
from kubewright.objects.core_v1 import Pod
from kubewright.objects.selectors import FieldSelector, LabelSelector


def filled() -> Indexer[Pod]:
    indexer: Indexer[Pod] = Indexer()
    indexer.put(stored("a", labels={"app": "web"}, spec={"nodeName": "n1"}))
    indexer.put(stored("b", labels={"app": "db"}, spec={"nodeName": "n2"}))
    indexer.put(stored("a", namespace="other", labels={"app": "web"}, spec={"nodeName": "n2"}))
    return indexer


def test_objects_are_found_by_key() -> None:
    indexer = filled()
    assert (len(indexer), key("a") in indexer, indexer.get(key("x"))) == (3, True, None)


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, ["default/a", "default/b", "other/a"]),
        ({"namespace": "default"}, ["default/a", "default/b"]),
        ({"namespace": "nowhere"}, []),
        ({"labels": LabelSelector.parse("app in (web)")}, ["default/a", "other/a"]),
        ({"fields": FieldSelector.parse("metadata.name=a")}, ["default/a", "other/a"]),
        ({"fields": FieldSelector.parse("spec.nodeName=n2")}, ["default/b", "other/a"]),
        ({"fields": FieldSelector.parse("spec.nodeName!=n2")}, ["default/a"]),
        ({"namespace": "other", "fields": FieldSelector.parse("spec.nodeName=n2")}, ["other/a"]),
    ],
)
@pytest.mark.parametrize("indexed", [False, True])
def test_selection_by_namespace_labels_and_fields(
    criteria: dict[str, object], expected: list[str], indexed: bool
) -> None:
    indexer = filled()
    if indexed:
        indexer.add_field_index("spec.nodeName")
    assert sorted(str(obj.key) for obj in indexer.select(**criteria)) == expected  # type: ignore[arg-type]


def test_a_truth_value_is_selected_as_json_writes_it() -> None:
    indexer = filled()
    indexer.put(stored("c", spec={"hostNetwork": True}))
    found = indexer.select(fields=FieldSelector.parse("spec.hostNetwork=true"))
    assert [str(obj.key) for obj in found] == ["default/c"]


def test_an_index_may_have_several_values_for_an_object() -> None:
    indexer = filled()
    indexer.add_index("both", lambda obj: (obj.key.name, obj.labels["app"]))
    assert [str(obj.key) for obj in indexer.by_index("both", "web")] == ["default/a", "other/a"]
    assert set(indexer.index_values("both")) == {"a", "b", "web", "db"}


def test_indexes_follow_changes_and_leave_nothing_behind() -> None:
    indexer = filled()
    indexer.add_field_index("spec.nodeName")
    indexer.put(stored("a", 2, spec={"nodeName": "n3"}))
    assert indexer.by_index("spec.nodeName", "n1") == []
    assert set(indexer.index_values("spec.nodeName")) == {"n2", "n3"}
    indexer.remove(key("a"))
    assert set(indexer.index_values("spec.nodeName")) == {"n2"}


def test_two_indexes_of_one_name_are_refused() -> None:
    indexer = filled()
    indexer.add_index("x", lambda obj: ())
    with pytest.raises(ValueError, match="'x' already"):
        indexer.add_index("x", lambda obj: ())
    indexer.remove_index("x")
    with pytest.raises(KeyError):
        indexer.by_index("x", 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "n1", "n2"]), st.booleans()), max_size=20))
def test_an_index_always_agrees_with_a_scan(changes: list[tuple[str, str, bool]]) -> None:
    indexer: Indexer[Pod] = Indexer()
    indexer.add_field_index("spec.nodeName")
    for name, node, keep in changes:
        if keep:
            indexer.put(stored(name, spec={"nodeName": node}))
        else:
            indexer.remove(key(name))
    for node in ("", "n1", "n2"):
        scanned = {obj.key for obj in indexer if (obj.decode().spec.node_name or "") == node}
        assert {obj.key for obj in indexer.by_index("spec.nodeName", node)} == scanned
    assert indexer.bytes == sum(len(obj.raw) for obj in indexer)


def test_an_index_that_comes_late_has_what_is_stored_and_can_go_again() -> None:
    indexer = filled()
    indexer.add_index("app", lambda obj: (obj.labels["app"],))
    assert {str(obj.key) for obj in indexer.by_index("app", "web")} == {"default/a", "other/a"}
    indexer.remove_index("app")
    indexer.put(stored("without"))  # or the function would fail
    with pytest.raises(KeyError):
        indexer.index_values("app")
