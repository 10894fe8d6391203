from typing import Any

import pytest

from kubewright.helm.definitions import OPEN, of_values, spec_schema
from kubewright.schema.structural import check_schema, compile_schema

VALUES = {"replicas": 1, "image": {"name": "nginx"}, "args": [], "ratio": 0.5, "tls": False, "extra": None}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "boolean"}),
        (3, {"x-kubernetes-int-or-string": True}),
        (0.5, {"type": "number"}),
        ("a", {"type": "string"}),
        ([1], {"type": "array", "items": {OPEN: True}}),
        (None, {OPEN: True}),
        ({}, {"type": "object", OPEN: True}),
        ({"a": "b"}, {"type": "object", OPEN: True, "properties": {"a": {"type": "string"}}}),
    ],
)
def test_types_are_read_off_default_values(value: Any, schema: dict[str, Any]) -> None:
    assert of_values(value) == schema


def errors(schema: dict[str, Any], spec: dict[str, Any]) -> list[str]:
    compiled = compile_schema({"type": "object", "properties": {"spec": schema}})
    return [cause.field for cause in compiled.validate({"spec": spec}, None)]


def test_a_schema_from_values_refuses_other_types_and_admits_what_it_does_not_know() -> None:
    schema = spec_schema(VALUES, None)
    assert errors(schema, {"replicas": "3", "image": {"tag": "1"}, "other": [1], "extra": 1}) == []
    assert errors(schema, {"image": "nginx", "tls": "yes"}) == ["spec.image", "spec.tls"]


SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["replicas", "name"],
    "additionalProperties": False,
    "definitions": {
        "port": {"type": "integer", "exclusiveMinimum": 0, "maximum": 65535},
        "tree": {"type": "object", "properties": {"left": {"$ref": "#/definitions/tree"}}},
    },
    "properties": {
        "replicas": {"type": "integer", "minimum": 0, "default": 1},
        "name": {"type": "string", "minLength": 1, "description": "What it is called."},
        "port": {"$ref": "#/definitions/port"},
        "tree": {"$ref": "#/definitions/tree"},
        "level": {"enum": ["low", "high"], "type": ["string", "null"]},
        "size": {"type": ["integer", "string"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "image": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "either": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "list": {"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"a": {}}}},
    },
}


def test_a_chart_s_schema_becomes_a_structural_one() -> None:
    schema = spec_schema(VALUES, SCHEMA)
    assert check_schema({"type": "object", "properties": {"spec": schema}}) == []
    properties = schema["properties"]
    assert properties["replicas"] == {"type": "integer", "minimum": 0}, "defaults are the chart's"
    assert properties["port"] == {"type": "integer", "maximum": 65535, "minimum": 0, "exclusiveMinimum": True}
    assert properties["level"] == {"type": "string", "enum": ["low", "high"], "nullable": True}
    assert properties["size"] == {"x-kubernetes-int-or-string": True}
    assert properties["labels"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert properties["either"] == {OPEN: True}
    assert properties["tree"]["properties"]["left"] == {OPEN: True}, "what contains itself ends somewhere"


def test_what_the_chart_has_a_default_for_need_not_be_given() -> None:
    schema = spec_schema(VALUES, SCHEMA)
    assert schema["required"] == ["name"]
    assert "required" not in schema["properties"]["image"]
    assert errors(schema, {"name": "a", "list": [{}]}) == ["spec.list[0].a"]


def test_values_of_dependencies_are_admitted() -> None:
    assert errors(spec_schema(VALUES, SCHEMA), {"name": "a", "global": {"x": 1}, "postgresql": {}}) == []
