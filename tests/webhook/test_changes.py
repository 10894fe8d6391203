from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.webhook.changes import carry_over, json_patch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab~/", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.text("ab~/", max_size=2), JSON, max_size=4)


@given(OBJECT, OBJECT)
def test_the_patch_makes_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    patched = jsonpatch.apply_patch(before, json_patch(before, after))
    assert patched == after


@given(OBJECT)
def test_equal_objects_need_no_patch(obj: dict[str, Any]) -> None:
    assert json_patch(obj, obj) == []


@given(OBJECT, OBJECT)
def test_changes_carried_over_onto_the_same_object_are_the_changed_object(before: Any, after: Any) -> None:
    assert carry_over(before, before, after) == after


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
    ],
)
def test_what_the_class_does_not_know_survives(original: Any, before: Any, after: Any, expected: Any) -> None:
    assert carry_over(original, before, after) == expected
