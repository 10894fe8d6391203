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
