from typing import Any

import pytest

from kubewright.objects.errors import Cause
from kubewright.schema.structural import compile_schema

POD = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}


def errors(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    compiled = compile_schema({"type": "object", "properties": {"f": schema}})
    return [(cause.field, cause.message) for cause in compiled.validate({"f": value})]


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"kind": "Pod"}, "f.apiVersion"),
        ({"apiVersion": "v1", "kind": ""}, "f.kind"),
        ({"apiVersion": "a/b/c", "kind": "Pod"}, "f.apiVersion"),
        ({"apiVersion": "v1", "kind": "not a kind"}, "f.kind"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a/b"}}, "f.metadata.name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "-"}}}, "f.metadata.labels"),
    ],
)
def test_embedded_resources_have_type_and_proper_metadata(resource: dict[str, Any], field: str) -> None:
    assert [where for where, _ in errors(POD, resource)] == [field]


def test_a_proper_embedded_resource_passes() -> None:
    assert errors(POD, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "Bad_Name!"}, "x": 1}) == []


def test_an_empty_type_is_not_a_missing_one() -> None:
    assert errors(POD, {"apiVersion": "", "kind": "Pod"}) == [("f.apiVersion", 'Invalid value: "": must not be empty')]
    assert errors(POD, {"kind": "Pod"}) == [("f.apiVersion", "Required value")]


class Sorted:
    """Metadata rules that show when they are asked."""

    def read(self, metadata: Any) -> dict[str, Any]:
        if not isinstance(metadata, dict):
            raise ValueError("is no object")
        return dict(sorted(metadata.items()))

    def check(self, metadata: Any) -> list[Cause]:
        return [Cause("FieldValueInvalid", "checked", "metadata.name")]


def test_the_rules_of_metadata_come_from_who_reads_it() -> None:
    schema = {"type": "object", "properties": {"l": {"type": "array", "items": POD}}}
    compiled = compile_schema(schema, Sorted())
    obj: dict[str, Any] = {"l": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {}}}]}
    assert compiled.read(obj) == []
    assert list(obj["l"][0]["metadata"]) == ["labels", "name"]
    assert [cause.field for cause in compiled.validate(obj)] == ["l[0].metadata.name"]
    [cause] = compiled.read({"l": [{"metadata": 1}]})
    assert cause.field == "l[0].metadata"
    [cause] = compiled.read({"l": [{"kind": 1}]})
    assert cause == ("FieldValueInvalid", "Invalid value: 1: must be a string", "l[0].kind")
