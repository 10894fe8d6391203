"""What the strategy of custom resources adds to their schema: columns, scale, warnings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World

from kubewright.apiserver.registry.custom import CustomStrategy
from kubewright.apiserver.registry.strategy import Object, Tolerated

ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
WITH_STATUS: Object = {"status": {}}
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def strategy(schema: Object = ANY, **version: Any) -> CustomStrategy:
    return CustomStrategy({"name": "v1", "schema": {"openAPIV3Schema": schema}, **version}, namespaced=True)


def column(kind: str, path: str) -> Object:
    return {"name": path, "type": kind, "jsonPath": path}


def test_whole_numbers_are_written_without_a_fraction() -> None:
    obj: Object = {"apiVersion": "a/v1", "kind": "A", "metadata": {}, "spec": {"a": 1.0, "b": [2.0, 2.5, 1e21, "3.0"]}}
    spec = strategy().decode(obj, [])["spec"]
    assert (repr(spec["a"]), repr(spec["b"])) == ("1", "[2, 2.5, 1e+21, '3.0']")


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("string", "x", "x"),
        ("string", 1.5, "1.5"),
        ("string", None, "<no value>"),
        ("string", {"b": 1, "a": "<"}, r'{"a":"\u003c","b":1}'),
        ("integer", 2.7, 2),
        ("integer", "2", None),
        ("boolean", True, True),
        ("number", "x", None),
        ("date", "2020-01-01", "<invalid>"),
        ("date", "", "<unknown>"),
        ("date", 5, None),
    ],
)
def test_a_cell_is_what_the_type_of_its_column_prints(kind: str, value: object, cell: object) -> None:
    made = strategy(additionalPrinterColumns=[column(kind, ".spec.f")])
    assert made.cells({"metadata": {"name": "a"}, "spec": {"f": value}}) == ["a", cell]
    assert made.cells({"metadata": {"name": "a"}, "spec": {}}) == ["a", None]


def test_columns_end_before_a_path_that_cannot_be_read() -> None:
    paths = [".spec.a", ".spec[[[", ".spec.b"]
    made = strategy(additionalPrinterColumns=[column("string", path) for path in paths])
    assert [one.name for one in made.columns] == ["Name", ".spec.a"]


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        ({"spec": {"replicas": -1}}, ".spec.replicas"),
        ({"spec": {"replicas": "1"}}, ".spec.replicas"),
        ({"spec": {"replicas": 1 << 31}}, ".spec.replicas"),
        ({"status": {"replicas": 0.5}}, ".status.replicas"),
        ({"status": {"selector": 1}}, ".status.selector"),
        ({"spec": {"replicas": 1}, "status": {"replicas": 1, "selector": "a=b"}}, None),
    ],
)
def test_what_scale_shows_has_to_be_showable(obj: Object, field: str | None) -> None:
    made = strategy(subresources={"scale": SCALE})
    found = made.validate({"metadata": {"name": "a", "namespace": "b"}, **obj}, World())
    assert [cause.field for cause in found] == ([] if field is None else [field])


@pytest.mark.parametrize(("name", "valid"), [("a.b-c", True), ("A", False), ("a_b", False), ("a/b", False)])
def test_names_are_dns_subdomains(name: str, valid: bool) -> None:
    found = strategy().validate({"metadata": {"name": name, "namespace": "b"}}, World())
    assert [cause.field for cause in found] == ([] if valid else ["metadata.name"])


def test_new_finalizers_without_a_path_are_warned_of() -> None:
    old = {"metadata": {"finalizers": ["old"]}}
    new = {"metadata": {"finalizers": ["old", "example.com", "example.com/clean", "orphan", "kubernetes"]}}
    [warning] = strategy().warnings(new, old)
    assert warning.startswith('metadata.finalizers: "example.com": prefer a domain-qualified finalizer name')


def test_what_rules_tolerate_is_marked() -> None:
    rule = {"rule": "self == 'x'"}
    spec = {"type": "string", "maxLength": 5, "x-kubernetes-validations": [rule]}
    made = strategy({"type": "object", "properties": {"spec": spec}})
    obj = {"metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "1"}, "spec": "y"}
    [cause] = made.validate_update(obj, obj, World())
    assert isinstance(cause, Tolerated)


STATUS = {
    "type": "object",
    "required": ["phase"],
    "properties": {"phase": {"type": "string"}, "count": {"type": "integer", "format": "int32"}},
}


@pytest.mark.parametrize(
    ("status", "field", "text"),
    [
        ({}, "status.phase", "Required value"),
        ({"phase": 1}, "status.phase", 'Invalid value: "integer": phase in body must be of type string: "integer"'),
        ("x", "status", 'Invalid value: "string":  in body must be of type object: "string"'),
        (
            {"phase": "a", "count": 1 << 31},
            "status",
            'Invalid value: "": Checked value must be of type integer with format int32 in count',
        ),
    ],
)
def test_a_status_is_looked_at_by_itself(status: object, field: str, text: str) -> None:
    made = strategy(
        {"type": "object", "required": ["spec"], "properties": {"status": STATUS}}, subresources=WITH_STATUS
    )
    old: Object = {"metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "1"}}
    [cause] = made.validate_status_update({**old, "status": status}, old, World())
    assert (cause.field, cause.message) == (field, text)


def test_rules_of_the_whole_object_hold_for_a_new_status() -> None:
    rule = {"rule": "!has(self.status) || self.status.phase == oldSelf.status.phase", "message": "stays"}
    schema = {"type": "object", "properties": {"status": STATUS}, "x-kubernetes-validations": [rule]}
    made = strategy(schema, subresources=WITH_STATUS)
    old: Object = {"metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "1"}}
    before = {**old, "status": {"phase": "a"}}
    assert made.validate_status_update({**old, "status": {"phase": "a", "count": 1}}, before, World()) == []
    [cause] = made.validate_status_update({**old, "status": {"phase": "b"}}, before, World())
    assert cause.message == "Invalid value: stays"
