"""The quick yes: it is only ever said to what pruning and value validation have nothing against."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.acceptance import Acceptance
from kubewright.schema.structural.pruning import compile_prune
from kubewright.schema.structural.values import compile_values

MEMBERS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 3},
    "name": {"type": "string", "pattern": "^a", "maxLength": 3},
    "choice": {"type": "string", "enum": ["a", "b"]},
    "maybe": {"type": "string", "enum": ["a"], "nullable": True},
    "day": {"type": "string", "format": "date"},
    "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "maximum": 2},
    "even": {"type": "integer", "multipleOf": 2},
    "small": {"type": "integer", "format": "int32"},
    "share": {"type": "number", "maximum": 1.5},
    "ratio": {"type": "number"},
    "flag": {"type": "boolean"},
    "port": {"x-kubernetes-int-or-string": True},
    "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
    "once": {"type": "array", "uniqueItems": True, "items": {"type": "integer"}},
    "map": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "integer", "nullable": True}},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}},
    "none": {"type": "object"},
    "inner": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
    "one": {"type": "object", "properties": {"a": {"type": "integer"}}, "oneOf": [{"required": ["a"]}]},
    "embedded": {"type": "object", "x-kubernetes-embedded-resource": True},
}
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.just(1 << 40) | st.floats(-2, 2) | st.sampled_from(
    ["", "a", "b", "abcd", "2020-01-01"]
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)


def accepted(schema: dict[str, Any], obj: dict[str, Any]) -> bool:
    return Acceptance(Node({"type": "object", "properties": {"spec": schema}})).accepts(obj)


@pytest.mark.parametrize("member", MEMBERS)
@given(value=values)
def test_nothing_is_wrong_with_what_is_accepted(member: str, value: Any) -> None:
    node = Node({"type": "object", "properties": {member: MEMBERS[member]}})
    obj = {"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, member: value}
    if Acceptance(node).accepts(obj):
        assert compile_values(node)(obj, MISSING) is None
        assert compile_prune(node)(copy.deepcopy(obj)) == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("text", "abc"), ("name", "ab"), ("choice", "b"), ("day", "2020-01-01"), ("count", 2), ("even", 4),
        ("share", 1.25), ("ratio", 3), ("flag", True), ("port", "http"), ("port", 80), ("tags", ["a"]),
        ("map", {"a": None}), ("any", {"a": "", "z": [1]}), ("none", {}), ("inner", {"a": 1}), ("one", {"a": 1}),
    ],
)  # fmt: skip
def test_valid_values_are_accepted(member: str, value: Any) -> None:
    assert accepted({"type": "object", "properties": {member: MEMBERS[member]}}, {"kind": "K", "spec": {member: value}})


def test_a_schema_may_bound_names_in_metadata() -> None:
    metadata = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 2}}}
    quick = Acceptance(Node({"type": "object", "properties": {"metadata": metadata}}))
    assert quick.accepts({"metadata": {"name": "ab", "labels": {"a": "b"}}})
    assert not quick.accepts({"metadata": {"name": "abc"}})
