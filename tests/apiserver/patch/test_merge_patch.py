"""JSON Merge Patch."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.apiserver.patch import merge_patch
from kubewright.objects.errors import BadRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": [1, None, {"b": None}]}, {"a": [1, None, {}]}),
        ({"a": [0]}, {"a": [None, [{"b": None}]]}, {"a": [None, [{}]]}),
        ({"a": {"b": 1}}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}),
    ],
)
def test_maps_merge_and_null_deletes(document: Any, patch: Any, result: Any) -> None:
    assert merge_patch(document, patch) == result


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(OBJECTS, OBJECTS)
def test_patching_again_changes_nothing_more(document: Any, patch: Any) -> None:
    # The second time a list may replace a list where the first time it replaced a map, which keeps its nulls.
    twice = merge_patch(merge_patch(copy(document), copy(patch)), copy(patch))
    assert merge_patch(copy(twice), copy(patch)) == twice
    assert merge_patch(copy(document), {}) == document


@pytest.mark.parametrize("patch", [[1], "text", None])
def test_a_patch_must_be_an_object(patch: object) -> None:
    with pytest.raises(BadRequest):
        merge_patch({}, patch)
