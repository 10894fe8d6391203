from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from kubewright.schema.diff import Change, diff_crds

FIELD = {"type": "string"}


def definition(schema: dict[str, Any] | None = None, **version: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "websites.web.example.com"},
        "spec": {
            "group": "web.example.com",
            "scope": "Namespaced",
            "names": {"kind": "Website", "plural": "websites", "shortNames": ["ws"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema or {"type": "object"}},
                    **version,
                }
            ],
        },
    }


def of_field(field: dict[str, Any]) -> dict[str, Any]:
    return definition({"type": "object", "properties": {"a": field}})


def test_equal_definitions_have_no_changes() -> None:
    assert diff_crds(definition(), definition()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({"type": "string"}, {"type": "integer"}, "the type changed from string to integer"),
        ({"type": "integer"}, {"type": "integer", "minimum": 1}, "minimum 1 is new"),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 5}, "maximum changed from 9 to 5"),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, "pattern is new: ^a"),
        ({"type": "string"}, {"type": "string", "format": "uuid"}, "format is new: uuid"),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}, "b no longer allowed"),
        ({"type": "string"}, {"type": "string", "enum": ["a", "b"]}, "only a, b are allowed now"),
        ({"type": "string", "nullable": True}, {"type": "string"}, "null is no longer allowed"),
        (
            {"type": "string"},
            {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''"}]},
            "the rule \"self != ''\" is new",
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"type": "object"},
            "unknown fields are no longer kept",
        ),
        (
            {"type": "object", "properties": {"b": FIELD}},
            {"type": "object", "properties": {"b": FIELD}, "required": ["b"]},
            "the field is required now",
        ),
        (
            {"type": "object", "properties": {"b": FIELD}},
            {"type": "object"},
            "the field is gone: its values are dropped",
        ),
        ({"type": "object", "additionalProperties": FIELD}, {"type": "object"}, "the map's values are no longer kept"),
        (
            {"type": "array", "items": FIELD},
            {"type": "array", "items": FIELD, "x-kubernetes-list-type": "set"},
            "the list type changed from atomic to set",
        ),
        (
            {"type": "array", "items": FIELD},
            {"type": "array", "items": FIELD | {"minLength": 1}},
            "minLength 1 is new",
        ),
        (
            {"type": "object", "additionalProperties": True},
            {"type": "object", "additionalProperties": FIELD},
            "the type changed from any to string",
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"b": FIELD}},
            "the field has a type now: it could hold anything",
        ),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "x-kubernetes-embedded-resource": True,
            },
            "the object must have an apiVersion and a kind now",
        ),
    ],
)
def test_tightening_breaks_stored_objects(old: dict[str, Any], new: dict[str, Any], message: str) -> None:
    (change,) = diff_crds(of_field(old), of_field(new))
    assert (change.message, change.breaks) == (message, "stored objects")
    assert change.path.startswith(".a")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "integer"}, {"x-kubernetes-int-or-string": True}),
        ({"type": "integer", "minimum": 1}, {"type": "integer"}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0}),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "string", "pattern": "^a"}, {"type": "string"}),
        ({"type": "string"}, {"type": "string", "default": "x"}),
        ({"type": "object"}, {"type": "object", "properties": {"b": FIELD}}),
        ({"type": "object"}, {"type": "object", "properties": {"b": FIELD | {"default": ""}}, "required": ["b"]}),
    ],
)
def test_loosening_is_harmless(old: dict[str, Any], new: dict[str, Any]) -> None:
    (change,) = diff_crds(of_field(old), of_field(new))
    assert change.breaks == ""


def test_a_required_field_needs_its_default() -> None:
    old = {"type": "object", "properties": {"b": FIELD | {"default": "x"}}, "required": ["b"]}
    new = {"type": "object", "properties": {"b": FIELD}, "required": ["b"]}
    assert ("the field is required now", "stored objects") in {
        (change.message, change.breaks) for change in diff_crds(of_field(old), of_field(new))
    }


def test_descriptions_are_no_change() -> None:
    assert diff_crds(of_field(FIELD), of_field(FIELD | {"description": "x"})) == []


def test_a_version_that_may_be_stored_cannot_go() -> None:
    old, new = definition(), definition()
    old["spec"]["versions"].append({"name": "v1alpha1", "served": True, "storage": False})
    assert diff_crds(old, new) == [Change("v1alpha1", "", "the version is gone", "clients")]
    old["status"] = {"storedVersions": ["v1alpha1", "v1"]}
    assert diff_crds(old, new) == [Change("v1alpha1", "", "the version is gone", "stored objects")]
    assert diff_crds(new, old) == [Change("v1alpha1", "", "the version is new")]


def test_names_scope_and_subresources_matter_to_clients() -> None:
    scale = {"specReplicasPath": ".spec.a", "statusReplicasPath": ".status.a"}
    old = definition(subresources={"status": {}, "scale": scale}, selectableFields=[{"jsonPath": ".spec.a"}])
    new = deepcopy(definition(served=False, subresources={"scale": scale | {"specReplicasPath": ".spec.b"}}))
    old["spec"]["names"] |= {"singular": "website", "listKind": "WebsiteList"}
    new["spec"] |= {"scope": "Cluster"}
    new["spec"]["names"] = {"kind": "Site", "plural": "websites", "singular": "site", "listKind": "SiteList"}
    assert {str(change) for change in diff_crds(old, new)} == {
        "the scope changed from Namespaced to Cluster (breaks stored objects)",
        "the kind changed from Website to Site (breaks stored objects)",
        "the short name ws is gone (breaks clients)",
        "the singular name changed from website to site (breaks clients)",
        "the kind of lists changed from WebsiteList to SiteList (breaks clients)",
        "v1: the scale subresource is of other fields (breaks clients)",
        "v1: the version is no longer served (breaks clients)",
        "v1: the subresource status is gone (breaks clients)",
        "v1: .spec.a: the field can no longer be selected by (breaks clients)",
    }


def test_different_resources_are_not_compared() -> None:
    other = definition()
    other["spec"]["group"] = "example.org"
    with pytest.raises(ValueError, match="different resources"):
        diff_crds(definition(), other)
