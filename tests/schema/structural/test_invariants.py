from typing import Any

from kubewright.schema.structural import compile_schema


def errors(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    compiled = compile_schema({"type": "object", "properties": {"f": schema}})
    return [(cause.field, cause.message) for cause in compiled.validate({"f": value})]


SET = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}
MAP = {
    "type": "array",
    "items": {"type": "object", "properties": {"k": {"type": "string"}}},
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
}


def test_set_items_are_unique() -> None:
    assert errors(SET, ["a", "b", "a", "a"]) == [("f[2]", 'Duplicate value: "a"')]


def test_map_list_keys_are_unique() -> None:
    assert errors(MAP, [{"k": "1"}, {"k": "2"}, {"k": "1"}]) == [("f[2]", 'Duplicate value: {"k":"1"}')]


def test_duplicates_that_were_there_before_are_tolerated() -> None:
    compiled = compile_schema({"type": "object", "properties": {"f": SET}})
    assert compiled.validate({"f": ["b", "b"]}, {"f": ["a", "a"]}) == []


def test_fractions_that_go_would_not_write_do_not_make_objects_differ() -> None:
    numbers = {"type": "array", "items": {"type": "number"}, "x-kubernetes-list-type": "set"}
    objects = {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}
    assert errors(numbers, [1, 1.0]) == []
    assert [field for field, _ in errors(objects, [{"n": [1]}, {"n": [1.0]}])] == ["f[1]"]
