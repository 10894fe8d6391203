from typing import Any

import pytest

from kubewright.schema.structural import compile_schema

Raw = dict[str, Any]


def errors(schema: Raw, value: Any, *, old: Any = None) -> list[tuple[str, str]]:
    compiled = compile_schema({"type": "object", "properties": {"f": schema}})
    found = compiled.validate({"f": value}, None if old is None else {"f": old})
    return [(cause.field, cause.message) for cause in found]


STRING: Raw = {"type": "string"}
INTEGER: Raw = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (INTEGER, "1", 'Invalid value: "string": f in body must be of type integer: "string"'),
        (
            {"type": "array", "items": STRING},
            "no",
            'Invalid value: "string": f in body must be of type array: "string"',
        ),
        (STRING, {}, 'Invalid value: "object": f in body must be of type string: "object"'),
        ({"type": "boolean"}, 1, 'Invalid value: "integer": f in body must be of type boolean: "integer"'),
        (
            {"x-kubernetes-int-or-string": True},
            1.5,
            'Invalid value: "number": f in body must be of type integer,string: "number"',
        ),
        (
            {**STRING, "format": "date"},
            5,
            'Invalid value: "int64": f in body must be of type date: "int64"',
        ),
        (
            {**INTEGER, "format": "int32"},
            True,
            'Invalid value: "": f in body must be of type int32: ""',
        ),
        (
            {**INTEGER, "format": "int32"},
            "1",
            'Invalid value: "string": f in body must be of type integer: "string"',
        ),
        ({**INTEGER, "minimum": 1}, 0, "Invalid value: 0: f in body should be greater than or equal to 1"),
        (
            {**INTEGER, "minimum": 0, "exclusiveMinimum": True},
            0,
            "Invalid value: 0: f in body should be greater than 0",
        ),
        ({"type": "number", "maximum": 0.5}, 1.5, "Invalid value: 1.5: f in body should be less than or equal to 0.5"),
        ({**INTEGER, "multipleOf": 5}, 7, "Invalid value: 7: f in body should be a multiple of 5"),
        ({**STRING, "enum": ["b", "a"]}, "c", 'Unsupported value: "c": supported values: "b", "a"'),
        ({**INTEGER, "enum": [1, 2]}, 3, 'Unsupported value: 3: supported values: "1", "2"'),
        ({**STRING, "pattern": "^x+$"}, "y", "Invalid value: \"y\": f in body should match '^x+$'"),
        ({**STRING, "minLength": 2}, "x", 'Invalid value: "x": f in body should be at least 2 chars long'),
        ({**STRING, "maxLength": 2}, "äöü", "Too long: may not be more than 2 bytes"),
        ({**STRING, "format": "date"}, "soon", 'Invalid value: "soon": f in body must be of type date: "soon"'),
        (
            {"type": "array", "items": STRING, "minItems": 1},
            [],
            "Invalid value: 0: f in body should have at least 1 items",
        ),
        ({"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "Too many: 2: must have at most 1 item"),
        (
            {"type": "object", "additionalProperties": STRING, "minProperties": 1},
            {},
            "Invalid value: 0: f in body should have at least 1 properties",
        ),
        (
            {"type": "object", "additionalProperties": False},
            {"a": 1},
            'Invalid value: "a": f.a in body is a forbidden property',
        ),
    ],
)
def test_each_keyword_is_worded_as_kubernetes_words_it(schema: Raw, value: Any, message: str) -> None:
    assert errors(schema, value) == [("f", message)]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, 3.0),
        ({"type": "number"}, 3),
        ({**STRING, "nullable": True}, None),
        ({**STRING, "format": "unheard-of"}, "x"),
        ({"x-kubernetes-int-or-string": True}, "50%"),
        ({"type": "number", "multipleOf": 0.1}, 0.3),
        ({**STRING, "maxLength": 3}, "äöü"),
    ],
)
def test_valid_values_pass(schema: Raw, value: Any) -> None:
    assert errors(schema, value) == []


def test_a_fraction_in_an_integer_field_fails_twice() -> None:
    assert errors(INTEGER, 1.5) == [
        ("f", 'Invalid value: "number": f in body must be of type integer: "number"'),
        ("<nil>", 'Invalid value: "": Checked value must be of type integer (default format) in f'),
    ]


def test_errors_carry_the_whole_path() -> None:
    counts = {"type": "object", "additionalProperties": INTEGER}
    schema = {"type": "array", "items": {"type": "object", "required": ["a"], "properties": {"m": counts}}}
    assert errors(schema, [{"a": 1}, {"m": {"k": "x"}}]) == [
        ("f[1].m.k", 'Invalid value: "string": f[1].m.k in body must be of type integer: "string"'),
        ("f[1].a", "Required value"),
    ]


def test_failed_alternatives_are_reported_with_the_closest_one() -> None:
    schema = {**INTEGER, "anyOf": [{"minimum": 10}, {"maximum": 2}]}
    assert errors(schema, 5) == [
        ("<nil>", 'Invalid value: "": "f" must validate at least one schema (anyOf)'),
        ("f", "Invalid value: 5: f in body should be greater than or equal to 10"),
    ]
    assert errors(schema, 11) == []


def test_exactly_one_alternative_must_hold() -> None:
    schema = {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    prefix = 'Invalid value: "": "f" must validate one and only one schema (oneOf). Found'
    assert errors(schema, {"a": 1}) == []
    assert errors(schema, {"a": 1, "b": 1}) == [("<nil>", f"{prefix} 2 valid alternatives")]
    assert errors(schema, {}) == [("<nil>", f"{prefix} none valid"), ("f.a", "Required value")]


def test_negation() -> None:
    schema = {**INTEGER, "not": {"enum": [3]}}
    assert errors(schema, 3) == [("<nil>", 'Invalid value: "": "f" must not validate the schema (not)')]


def test_what_was_invalid_and_did_not_change_is_tolerated() -> None:
    schema = {"type": "array", "items": {**STRING, "maxLength": 1}}
    assert errors(schema, ["long"], old=["long"]) == []
    assert errors(schema, ["long", "b"], old=["long"]) != []


def test_items_of_map_lists_are_compared_by_their_keys() -> None:
    item = {"type": "object", "properties": {"k": STRING, "v": {**STRING, "maxLength": 1}}}
    schema = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    old = [{"k": "a", "v": "long"}]
    assert errors(schema, [{"k": "b"}, *old], old=old) == []
    assert errors(schema, [{"k": "b", "v": "long"}, *old], old=old) == [
        ("f[0].v", "Too long: may not be more than 1 bytes")
    ]


def test_true_is_not_one() -> None:
    assert errors({**INTEGER, "maximum": 0}, 1, old=True) != []
