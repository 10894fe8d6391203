from typing import Any

from kubewright.schema.structural import compile_schema

V = {"type": "object", "properties": {"v": {"type": "integer"}}}
SPEC = {
    "type": "object",
    "properties": {
        "known": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"typed": V}},
        "map": {"type": "object", "additionalProperties": V},
        "list": {"type": "array", "items": V},
        "any": {"type": "object", "additionalProperties": True},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": V}},
    },
}
SCHEMA = compile_schema({"type": "object", "properties": {"spec": SPEC}})


def pruned(obj: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    return SCHEMA.prune(obj), obj


def test_unknown_fields_are_removed_and_reported() -> None:
    spec = {"known": "x", "no": 1, "map": {"k": {"v": 1, "w": 2}}, "list": [{"v": 1}, {"w": 2}]}
    unknown, obj = pruned({"apiVersion": "g/v1", "kind": "K", "metadata": {"any": 1}, "extra": 1, "spec": spec})
    assert unknown == ["extra", "spec.list[1].w", "spec.map.k.w", "spec.no"]
    assert obj["spec"] == {"known": "x", "map": {"k": {"v": 1}}, "list": [{"v": 1}, {}]}
    assert obj["metadata"] == {"any": 1}


def test_unknown_fields_are_kept_where_the_schema_says_so_but_not_below_what_it_types() -> None:
    unknown, obj = pruned({"spec": {"free": {"deep": {"x": 1}, "typed": {"v": 1, "w": 2}}}})
    assert unknown == ["spec.free.typed.w"]
    assert obj == {"spec": {"free": {"deep": {"x": 1}, "typed": {"v": 1}}}}


def test_a_map_without_value_schema_keeps_scalars_only() -> None:
    unknown, obj = pruned({"spec": {"any": {"a": 1, "b": {"c": 2}}}})
    assert unknown == ["spec.any.b.c"]
    assert obj == {"spec": {"any": {"a": 1, "b": {}}}}


def test_embedded_resources_keep_their_type_and_known_metadata() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "odd": 1}, "spec": {"v": 1}, "status": {}}
    unknown, obj = pruned({"spec": {"pod": pod}})
    assert unknown == ["spec.pod.metadata.odd", "spec.pod.status"]
    assert obj["spec"]["pod"] == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"v": 1}}
