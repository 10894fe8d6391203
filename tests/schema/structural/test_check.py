from typing import Any

import pytest

from kubewright.schema.structural import check_schema

Raw = dict[str, Any]
ROOT = "spec.validation.openAPIV3Schema"
FIELD = f"{ROOT}.properties[a]"
STRING: Raw = {"type": "string"}


def errors(raw: Raw, **options: Any) -> list[tuple[str, str]]:
    return [(cause.reason.removeprefix("FieldValue"), cause.field) for cause in check_schema(raw, **options)]


def field_errors(schema: Raw) -> list[tuple[str, str]]:
    return [(why, where.removeprefix(FIELD)) for why, where in errors({"type": "object", "properties": {"a": schema}})]


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({"type": "string"}, ("Invalid", ".type")),
        ({}, ("Required", ".type")),
        ({"type": "object", "nullable": True}, ("Forbidden", ".nullable")),
        ({"type": "object", "additionalProperties": STRING}, ("Forbidden", ".additionalProperties")),
        (
            {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": STRING}}}},
            ("Forbidden", ".properties[metadata]"),
        ),
    ],
)  # fmt: skip
def test_the_root_is_an_object_that_leaves_metadata_alone(raw: Raw, error: tuple[str, str]) -> None:
    assert errors(raw) == [(error[0], ROOT + error[1])]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({}, ("Required", ".type")),
        ({"type": "nothing"}, ("NotSupported", ".type")),
        ({"type": "array"}, ("Required", ".items")),
        ({"type": "array", "items": [STRING]}, ("Forbidden", ".items")),
        ({**STRING, "allOf": [STRING]}, ("Forbidden", ".allOf[0].type")),
        (
            {"type": "object", "properties": {"b": STRING}, "additionalProperties": STRING},
            ("Forbidden", ".additionalProperties"),
        ),
        ({**STRING, "uniqueItems": True}, ("Forbidden", ".uniqueItems")),
        ({"$ref": "#/definitions/x"}, ("Forbidden", ".$ref")),
        ({"type": "array", "items": STRING, "additionalItems": False}, ("Forbidden", ".additionalItems")),
        ({**STRING, "pattern": "("}, ("Invalid", ".pattern")),
        ({**STRING, "default": 5}, ("TypeInvalid", ".default")),
        ({"type": "object", "default": {"x": 1}}, ("Invalid", ".default")),
        ({**STRING, "x-kubernetes-list-type": "set"}, ("Invalid", ".type")),
        (
            {"type": "array", "items": STRING, "x-kubernetes-list-type": "odd"},
            ("NotSupported", ".x-kubernetes-list-type"),
        ),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": False},
            ("Invalid", ".x-kubernetes-preserve-unknown-fields")),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, ("Required", ".properties")),
    ],
)  # fmt: skip
def test_each_rule_names_the_field_at_fault(schema: Raw, error: tuple[str, str]) -> None:
    assert field_errors(schema) == [error]


def test_map_list_keys_must_be_there_to_tell_items_apart() -> None:
    items = {"type": "object", "properties": {"k": STRING}}
    raw = {"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "z"]}
    assert field_errors(raw) == [
        ("Invalid", ".x-kubernetes-list-map-keys"),
        ("Required", ".items.properties[k].default"),
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"x-kubernetes-int-or-string": True},
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, STRING]},
        {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": [{"type": "integer"}, STRING]}, {"pattern": "x"}]},
        {"type": "object", "additionalProperties": False},
        {"x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "default": {"b": [1]}, "properties": {"b": {"type": "array", "items": {"type": "integer"}}}},
    ],
)
def test_structural_schemas_pass(schema: Raw) -> None:
    assert field_errors(schema) == []


def test_defaults_are_forbidden_in_top_level_metadata() -> None:
    raw = {"type": "object", "properties": {"kind": {"type": "string", "default": "X"}}}
    assert errors(raw) == [("Forbidden", f"{ROOT}.properties[kind].default")]


def test_a_status_subresource_restricts_the_root() -> None:
    raw = {"type": "object", "oneOf": [{"required": ["spec"]}]}
    assert errors(raw, status_subresource=True) == [("Invalid", ROOT)]
    assert errors(raw) == []


def test_logic_at_the_root_speaks_of_known_fields_only() -> None:
    unknown = {"type": "object", "anyOf": [{"properties": {"b": {"minLength": 1}}}]}
    assert errors(unknown) == [("Required", f"{ROOT}.properties[b]")]
    assert field_errors(unknown) == []


def test_a_keyword_that_nothing_else_refuses_is_told_of_the_whole_schema() -> None:
    assert errors({"type": "object", "properties": {"a": {**STRING, "$schema": "x"}}}) == [("Invalid", ROOT)]
