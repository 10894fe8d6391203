from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.controller.merge_patch import covers, merge_patch, replaces_list

scalars = st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
values = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.sampled_from("xyz"), children, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


def applied(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = applied(result.get(key), value)
    return result


@given(objects, objects)
def test_the_patch_leads_from_one_state_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    result = applied(before, merge_patch(before, after))
    assert repr(_sorted(result)) == repr(_sorted(after))
    assert merge_patch(after, after) == {}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_the_patch_is_minimal() -> None:
    before = {"a": 1, "b": {"c": 1, "d": [1]}, "gone": 1}
    assert merge_patch(before, {"a": 1, "b": {"c": 2, "d": [1]}}) == {"b": {"c": 2}, "gone": None}


def test_a_truth_value_in_a_list_is_no_number() -> None:
    assert merge_patch({"a": [{"x": False}]}, {"a": [{"x": 0}]}) == {"a": [{"x": 0}]}
    assert merge_patch({"a": [{"x": 0}]}, {"a": [{"x": 0}]}) == {}


def test_patches_that_replace_lists_are_known() -> None:
    assert replaces_list({"status": {"conditions": []}})
    assert not replaces_list({"status": {"ready": 1, "gone": None}})


@pytest.mark.parametrize(
    ("live", "wanted", "answer"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ({"a": [{"n": "x", "p": "TCP"}]}, {"a": [{"n": "x"}]}, True),
        ({"a": [{"n": "x"}, {"n": "y"}]}, {"a": [{"n": "x"}]}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": "1"}, {"a": {"b": 1}}, False),
        ({}, {}, True),
    ],
)
def test_covering(live: Any, wanted: Any, answer: bool) -> None:
    assert covers(live, wanted) is answer
