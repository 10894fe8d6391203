from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.objects.changes import carry_over, same

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.sampled_from(["a", "b", "name"]), JSON, max_size=4)


@given(OBJECT, OBJECT)
def test_changes_carried_over_onto_the_same_object_are_the_changed_object(before: Any, after: Any) -> None:
    assert same(carry_over(before, before, after), after)


@pytest.mark.parametrize(
    ("original", "before", "after", "expected"),
    [
        ({"a": 1, "x": 9}, {"a": 1}, {"a": 2}, {"a": 2, "x": 9}),
        ({"a": 1, "x": 9}, {"a": 1}, {}, {"x": 9}),
        ({"s": {"x": 9}}, {}, {"s": {"a": 1}}, {"s": {"x": 9, "a": 1}}),
        ({"l": [{"n": 1, "x": 9}]}, {"l": [{"n": 1}]}, {"l": [{"n": 2}]}, {"l": [{"n": 2, "x": 9}]}),
        (
            {"l": [{"n": 1, "x": 9}]},
            {"l": [{"n": 1}]},
            {"l": [{"n": 0}, {"n": 1}]},
            {"l": [{"n": 0}, {"n": 1, "x": 9}]},
        ),
        ({}, {"a": "default"}, {"a": "default", "b": 1}, {"b": 1}),
        ({"a": False}, {"a": False}, {"a": 0}, {"a": 0}),
    ],
)
def test_what_the_class_does_not_know_survives(original: Any, before: Any, after: Any, expected: Any) -> None:
    assert carry_over(original, before, after) == expected


A, B = {"name": "a", "n": 1}, {"name": "b", "n": 2}
UNNAMED = {"n": 1}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([A, B], [B, A], [{**B, "x": 1}, {**A, "x": 0}]),
        ([A, B], [{**B, "n": 9}], [{**B, "n": 9, "x": 1}]),
        ([A, B], [B, {"name": "c"}, {**A, "n": 0}], [{**B, "x": 1}, {"name": "c"}, {**A, "n": 0, "x": 0}]),
        ([A, B], [{**A, "name": "c"}, B], [{**A, "name": "c"}, {**B, "x": 1}]),
        ([A, {**A, "n": 3}], [{**A, "n": 3}, {**A, "n": 4}], [{**A, "n": 3, "x": 1}, {**A, "n": 4, "x": 0}]),
        ([UNNAMED, {"n": 2}], [{"n": 5}, {"n": 2}], [{"n": 5, "x": 0}, {"n": 2, "x": 1}]),
        ([UNNAMED, {"n": 2}], [{"n": 2}], [{"n": 2, "x": 1}]),
    ],
    ids=["moved", "removed", "inserted", "renamed", "ambiguous", "unnamed", "unnamed, removed"],
)
def test_an_item_goes_on_from_the_one_that_it_was(before: list[Any], after: list[Any], expected: list[Any]) -> None:
    original = [{**item, "x": place} for place, item in enumerate(before)]
    assert carry_over(original, before, after) == expected


def test_texts_in_lists_are_told_apart_by_what_they_are() -> None:
    assert carry_over(["a", "b"], ["a", "b"], ["c", "a"]) == ["c", "a"]


def test_only_the_same_json_is_the_same() -> None:
    assert same({"a": [1], "b": 2}, {"b": 2, "a": [1]})
    assert not same({"a": [1]}, {"a": [True]})
    assert not same(1, 1.0)
