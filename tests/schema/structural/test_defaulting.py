from typing import Any

import pytest

from kubewright.schema.structural import compile_schema

SPEC = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "default": "dflt"},
        "n": {"type": "integer", "nullable": True, "default": 5},
        "gone": {"type": "string"},
        "o": {"type": "object", "default": {}, "properties": {"x": {"type": "integer", "default": 1}}},
        "l": {"type": "array", "items": {"type": "object", "properties": {"y": {"type": "boolean", "default": True}}}},
        "m": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"w": {"type": "integer", "default": 9}}},
        },
        "deep": {"type": "object", "properties": {"x": {"type": "string", "default": "unreached"}}},
    },
}
SCHEMA = compile_schema({"type": "object", "properties": {"spec": SPEC}})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"a": "dflt", "n": 5, "o": {"x": 1}}),
        ({"a": "set", "n": None, "o": {"x": 2}}, {"a": "set", "n": None, "o": {"x": 2}}),
        ({"a": None, "o": None, "gone": None}, {"a": "dflt", "n": 5, "o": {"x": 1}}),
        ({"l": [{}, {"y": False}]}, {"a": "dflt", "n": 5, "o": {"x": 1}, "l": [{"y": True}, {"y": False}]}),
        ({"m": {"k": {}, "gone": None}}, {"a": "dflt", "n": 5, "o": {"x": 1}, "m": {"k": {"w": 9}}}),
    ],
)
def test_missing_and_null_members_are_filled_in(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    obj = {"spec": given}
    SCHEMA.default(obj)
    assert obj == {"spec": wanted}


def test_a_missing_parent_is_not_created_for_its_members() -> None:
    obj: dict[str, Any] = {}
    SCHEMA.default(obj)
    assert obj == {}


def test_objects_never_share_a_default() -> None:
    first: dict[str, Any] = {"spec": {}}
    second: dict[str, Any] = {"spec": {}}
    SCHEMA.default(first)
    SCHEMA.default(second)
    first["spec"]["o"]["x"] = 7
    assert second["spec"]["o"] == {"x": 1}
