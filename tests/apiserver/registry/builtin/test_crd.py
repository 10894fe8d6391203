"""What is wrong with a CustomResourceDefinition, by field and reason as kube-apiserver gives them."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from tests.apiserver.registry.builtin import world

from kubewright.apiserver.registry.strategy import DecodeError, Object, Strategy

STRING = {"type": "string"}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": {"a": STRING, "n": {"type": "number"}}},
        "metadata": {"type": "object", "properties": {"name": STRING}},
    },
}
OTHER = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": STRING}}}}


def strategy() -> Strategy:
    return world.strategy("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def version(name: str = "v1", schema: Object = SCHEMA, **more: Any) -> Object:
    return {"name": name, "served": True, "storage": name == "v1", "schema": {"openAPIV3Schema": schema}, **more}


def crd(
    *versions: Object, group: str = "example.com", annotations: dict[str, str] | None = None, **spec: Any
) -> Object:
    names = {"plural": "widgets", "kind": "Widget", **spec.pop("names", {})}
    raw = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}", "annotations": annotations or {}, "resourceVersion": "7"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": list(versions), **spec},
    }
    obj = strategy().decode(copy.deepcopy(raw), [])
    strategy().default(obj)
    strategy().prepare_for_create(obj, world.World())
    return obj


def errors(obj: Object, old: Object | None = None) -> list[tuple[str, str]]:
    reader = world.World()
    found = strategy().validate(obj, reader) if old is None else strategy().validate_update(obj, old, reader)
    return [(cause.reason.removeprefix("FieldValue"), cause.field) for cause in found]


def established(obj: Object) -> Object:
    obj["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    return obj


@pytest.mark.parametrize(
    ("text", "deprecated", "wrong"),
    [("gone soon", True, False), ("x", False, True), ("", True, True), ("x" * 257, True, True), ("a\nb", True, True)],
)
def test_a_deprecation_warning_is_one_short_line_of_a_deprecated_version(
    text: str, deprecated: bool, wrong: bool
) -> None:
    found = errors(crd(version(deprecated=deprecated, deprecationWarning=text)))
    assert found == ([("Invalid", "spec.versions[0].deprecationWarning")] if wrong else [])


@pytest.mark.parametrize(
    ("column", "error"),
    [
        ({"name": "a", "type": "string", "jsonPath": ".spec[?(@.x)]"}, None),
        ({"name": "a", "type": "string", "jsonPath": "spec.a"}, ("Invalid", "JSONPath")),
        ({"name": "a", "type": "string"}, ("Required", "JSONPath")),
        ({"name": "a", "type": "text", "jsonPath": ".a"}, ("Invalid", "type")),
        ({"name": "a", "type": "string", "format": "odd", "jsonPath": ".a"}, ("Invalid", "format")),
        ({"type": "string", "jsonPath": ".a"}, ("Required", "name")),
    ],
)
def test_columns_have_a_name_a_type_and_a_path(column: Object, error: tuple[str, str] | None) -> None:
    found = errors(crd(version(additionalPrinterColumns=[column])))
    assert found == ([] if error is None else [(error[0], f"spec.additionalPrinterColumns[0].{error[1]}")])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".spec.a", None),
        ("spec.a", "Invalid"),
        (".spec['a']", "Invalid"),
        (".spec.n", "Invalid"),
        (".spec.missing", "Invalid"),
        (".metadata.name", "Invalid"),
        ("", "Required"),
    ],
)
def test_selectable_fields_are_scalars_of_the_schema(path: str, reason: str | None) -> None:
    found = errors(crd(version(selectableFields=[{"jsonPath": path}])))
    assert found == ([] if reason is None else [(reason, "spec.selectableFields[0].jsonPath")])


def test_selectable_fields_stand_where_the_schema_stands() -> None:
    fields = [{"jsonPath": ".spec.a"}]
    alike = crd(version(selectableFields=fields), version("v2", OTHER, selectableFields=fields))
    assert errors(alike) == [("Invalid", "spec.selectableFields")]
    one_only = crd(version(selectableFields=fields), version("v2"))
    assert errors(one_only) == [("Invalid", "spec.versions[0].selectableFields")]
    each = crd(version(selectableFields=fields), version("v2", OTHER))
    assert errors(each) == []


@pytest.mark.parametrize(
    ("scale", "wrong"),
    [
        ({"specReplicasPath": "spec.n", "statusReplicasPath": ".status.n"}, ("Invalid", "specReplicasPath")),
        ({"specReplicasPath": ".spec['n']", "statusReplicasPath": ".status.n"}, ("Invalid", "specReplicasPath")),
        ({"specReplicasPath": ".spec.n"}, ("Required", "statusReplicasPath")),
        (
            {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", "labelSelectorPath": ".s"},
            ("Invalid", "labelSelectorPath"),
        ),
    ],
)
def test_scale_paths_lead_into_spec_and_status(scale: Object, wrong: tuple[str, str]) -> None:
    found = errors(crd(version(subresources={"scale": scale})))
    assert found == [(wrong[0], f"spec.subresources.scale.{wrong[1]}")]


def test_conversion_by_webhook_needs_to_know_the_webhook() -> None:
    assert errors(crd(version(), conversion={"strategy": "Webhook"})) == [
        ("Required", "spec.conversion.webhookClientConfig"),
        ("Required", "spec.conversion.conversionReviewVersions"),
    ]
    webhook = {"clientConfig": {"url": "https://x"}, "conversionReviewVersions": ["v1"]}
    assert errors(crd(version(), conversion={"strategy": "None", "webhook": webhook})) == [
        ("Forbidden", "spec.conversion.webhookClientConfig"),
        ("Forbidden", "spec.conversion.conversionReviewVersions"),
    ]
    webhook["conversionReviewVersions"] = ["v7", "v7"]
    assert errors(crd(version(), conversion={"strategy": "Webhook", "webhook": webhook})) == [
        ("Invalid", "spec.conversion.conversionReviewVersions[1]"),
        ("Invalid", "spec.conversion.conversionReviewVersions"),
    ]


def test_an_established_definition_may_not_lose_its_certificates() -> None:
    def with_bundle(text: str) -> Object:
        config = {"url": "https://x", "caBundle": base64.b64encode(text.encode()).decode()}
        webhook = {"clientConfig": config, "conversionReviewVersions": ["v1"]}
        return crd(version(), conversion={"strategy": "Webhook", "webhook": webhook})

    bad, plain = with_bundle("none"), crd(version())
    assert errors(bad) == []
    assert errors(bad, plain) == []
    assert errors(bad, established(plain)) == [("Invalid", "spec.conversion.webhookClientConfig.caBundle")]
    assert errors(bad, established(with_bundle("none either"))) == []


def test_a_protected_group_needs_approval_unless_it_never_had_it() -> None:
    def with_annotation(text: str) -> Object:
        return crd(version(), group="x.k8s.io", annotations={"api-approved.kubernetes.io": text})

    field = "metadata.annotations[api-approved.kubernetes.io]"
    assert errors(with_annotation("")) == [("Required", field)]
    assert errors(with_annotation("so be it")) == [("Invalid", field)]
    assert errors(with_annotation("https://example.com/1")) == []
    assert errors(with_annotation("so be it"), with_annotation("it is so")) == []


def test_status_writes_check_the_accepted_names_only() -> None:
    obj = crd(version())
    obj["status"] = {"acceptedNames": {"plural": "Bad", "kind": "Widget"}, "storedVersions": []}
    found = strategy().validate_status_update(obj, obj, world.World())
    assert [cause.field for cause in found] == ["status.acceptedNames.plural"]


def test_only_formats_that_are_new_are_warned_of() -> None:
    def formatted(*names: str) -> Object:
        members = {name: {"type": "string", "format": name} for name in names}
        return crd(version(schema={"type": "object", "properties": members}))

    assert strategy().warnings(formatted("date", "odd", "even"), None) == [
        'unrecognized format "odd"',
        'unrecognized format "even"',
    ]
    assert strategy().warnings(formatted("date", "odd", "even"), formatted("odd")) == ['unrecognized format "even"']


def test_a_status_write_leaves_the_spec_alone_but_not_the_labels() -> None:
    """Kubernetes means to reset the metadata, but resets it to what was given."""
    old, new = crd(version()), crd(version(), scope="Cluster")
    new["metadata"]["labels"] = {"a": "b"}
    strategy().prepare_for_status_update(new, old, world.World())
    assert (new["spec"]["scope"], new["metadata"]["labels"]) == ("Namespaced", {"a": "b"})


def test_a_definition_that_is_asked_to_go_says_so_at_once() -> None:
    obj = crd(version())
    strategy().begin_deletion(obj, {})
    assert obj["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    [condition] = obj["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("Terminating", "InstanceDeletionPending")


def test_schemas_inside_items_are_read_as_schemas() -> None:
    inner = {"type": "string", "x-own": 1}
    schema = {"type": "object", "properties": {"l": {"type": "array", "items": inner}}, "additionalProperties": inner}
    unknown: list[str] = []
    spec = {"versions": [version(schema=copy.deepcopy(schema))]}
    read = strategy().decode({"metadata": {}, "spec": spec}, unknown)
    found = read["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert found["properties"]["l"]["items"] == found["additionalProperties"] == {"type": "string"}
    assert unknown == []  # Go's decoder of these does not tell.


@pytest.mark.parametrize("schema", [{"additionalProperties": "x"}, {"items": {"type": 5}}, {"items": [{"type": 5}]}])
def test_what_is_no_schema_is_refused(schema: Object) -> None:
    with pytest.raises(DecodeError):
        strategy().decode({"metadata": {}, "spec": {"versions": [version(schema=schema)]}}, [])


def test_generations_that_status_has_observed_are_not_kept() -> None:
    status = {
        "observedGeneration": 1,
        "conditions": [{"type": "Established", "status": "True", "observedGeneration": 1}],
    }
    read = strategy().decode({"metadata": {}, "spec": {}, "status": status}, [])
    assert "observedGeneration" not in read["status"]
    assert "observedGeneration" not in read["status"]["conditions"][0]


def holding(field: Object) -> Object:
    """A schema with one more field of the spec."""
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": field}}}}


SET_OF_STRUCTS = {
    "type": "array",
    "x-kubernetes-list-type": "set",
    "items": {"type": "object", "properties": {"k": STRING}},
}
UNREQUIRED_KEY = {**SET_OF_STRUCTS, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
COSTLY = {
    "type": "array",
    "maxItems": 1500,
    "items": {**STRING, "maxLength": 2},
    "x-kubernetes-validations": [{"rule": "self.all(a, self.all(b, a <= b))"}],
}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "text"},
        {"type": "object", "properties": {"a": STRING}, "default": {"unknown": "b"}},
        SET_OF_STRUCTS,
        UNREQUIRED_KEY,
    ],
)
def test_an_update_may_keep_what_rules_of_today_refuse(field: Object) -> None:
    old, new = crd(version(schema=holding(field))), crd(version(schema=holding(field)), scope="Cluster")
    assert errors(new)
    assert errors(new, old) == []
    assert errors(new, crd(version()))
    more = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": field, "y": field}}}}
    assert errors(crd(version(schema=more)), old) == []


def test_rules_may_stay_as_costly_as_they_are_where_the_schema_stays() -> None:
    costly = crd(version(schema=holding(COSTLY)))
    refused = [
        ("Forbidden", "spec.validation.openAPIV3Schema.properties[spec].properties[x].x-kubernetes-validations[0].rule")
    ]
    assert errors(costly) == refused
    assert errors(costly, costly) == []
    assert errors(costly, crd(version())) == refused


def test_what_a_definition_always_lacked_it_may_lack() -> None:
    bare = {"name": "v0", "served": False, "storage": False}
    assert errors(crd(version(), bare)) == [("Required", "spec.versions[1].schema.openAPIV3Schema")]
    assert errors(crd(version(), bare), crd(version(), bare)) == []
    assert errors(crd(version(), {**bare, "served": True}), crd(version(), bare)) == [
        ("Required", "spec.versions[1].schema.openAPIV3Schema")
    ]
    loose = crd(version(), preserveUnknownFields=True)
    assert errors(loose) == [("Invalid", "spec.preserveUnknownFields")]
    assert errors(loose, loose) == []
    webhook = {"conversionReviewVersions": ["v9"], "clientConfig": {"url": "https://example.com"}}
    future = crd(version(), conversion={"strategy": "Webhook", "webhook": webhook})
    assert errors(future) == [("Invalid", "spec.conversion.conversionReviewVersions")]
    assert errors(future, future) == []
