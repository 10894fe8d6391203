"""Any JSON object may be sent for a custom resource: it is pruned, defaulted and judged, and nothing crashes."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubewright.schema.structural import check_schema, compile_schema

STRING = {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$"}
ITEM = {
    "type": "object",
    "required": ["k"],
    "properties": {"k": STRING, "v": {"type": "integer", "default": 2, "minimum": 0, "multipleOf": 2}},
}
SCHEMA = {
    "type": "object",
    "properties": {
        "a": {**STRING, "nullable": True, "enum": ["x", "y"]},
        "b": {"type": "array", "maxItems": 3, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
              "items": ITEM},
        "c": {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "number", "format": "float"},
              "x-kubernetes-validations": [{"rule": "self.all(k, self[k] > 0.0)"}]},
        "d": {"x-kubernetes-int-or-string": True, "not": {"enum": [3]}},
        "e": {"type": "array", "maxItems": 4, "x-kubernetes-list-type": "set",
              "items": {"type": "string", "format": "date"}},
        "f": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        "g": {"type": "object", "oneOf": [{"required": ["x"]}, {"properties": {"y": {"minLength": 2}}}],
              "properties": {"x": {"type": "boolean"}, "y": {"type": "string"}}},
    },
    "x-kubernetes-validations": [{"rule": "!has(self.a) || !has(oldSelf.a) || self.a == oldSelf.a"}],
}  # fmt: skip
COMPILED = compile_schema(SCHEMA)

names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "k", "v", "x", "y", "metadata", "apiVersion", "kind"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
objects = st.dictionaries(names, values, max_size=7)


def test_the_schema_is_sound() -> None:
    assert check_schema(SCHEMA) == []


@given(obj=objects, old=st.none() | objects)
def test_every_object_is_judged(obj: dict[str, Any], old: dict[str, Any] | None) -> None:
    COMPILED.prune(obj)
    COMPILED.default(obj)
    for cause in COMPILED.validate(obj, old):
        assert cause.reason
        assert cause.message


@given(obj=objects)
def test_pruning_and_defaulting_settle_at_once(obj: dict[str, Any]) -> None:
    COMPILED.prune(obj)
    COMPILED.default(obj)
    settled = copy.deepcopy(obj)
    assert COMPILED.prune(obj) == []
    COMPILED.default(obj)
    assert obj == settled


@given(obj=objects)
def test_what_did_not_change_is_tolerated(obj: dict[str, Any]) -> None:
    # Embedded resources, and rules that cannot be evaluated, are the exceptions: Kubernetes insists on them.
    for name in ("c", "f"):
        obj.pop(name, None)
    COMPILED.prune(obj)
    COMPILED.default(obj)
    assert COMPILED.validate(obj, copy.deepcopy(obj)) == []
