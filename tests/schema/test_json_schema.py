from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kubewright.schema.json_schema import json_schema, json_schemas

CERTIFICATE = yaml.safe_load((Path(__file__).parent / "goldens" / "certificate.yaml").read_text())
VALID: dict[str, Any] = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Certificate",
    "metadata": {"name": "web"},
    "spec": {"secretName": "tls", "issuerRef": {"name": "ca"}, "usages": ["any"]},
}


def errors(obj: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft7Validator(json_schema(CERTIFICATE, "v1"))
    return [error.message for error in validator.iter_errors(obj)]


def test_a_valid_object_passes() -> None:
    assert errors(VALID) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "Cert"}, "'Cert' is not one of"),
        ({"spec": {"secretName": "tls"}}, "'issuerRef' is a required property"),
        ({"spec": VALID["spec"] | {"isCa": True}}, "'isCa' was unexpected"),
        ({"spec": VALID["spec"] | {"usages": ["flying"]}}, "'flying' is not one of"),
    ],
)
def test_mistakes_are_found(change: dict[str, Any], words: str) -> None:
    assert words in errors(VALID | change)[0]


def test_files_are_named_by_kind_group_and_version() -> None:
    assert list(json_schemas(CERTIFICATE)) == ["certificate-cert-manager-v1.json"]


def test_the_openapi_dialect_is_translated() -> None:
    spec = {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "mode": {"type": "string", "enum": ["a"], "nullable": True},
            "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        },
    }
    crd = {
        "spec": {
            "group": "x.io",
            "names": {"kind": "X"},
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": {"properties": {"spec": spec}}}}],
        }
    }
    properties = json_schema(crd, "v1")["properties"]["spec"]["properties"]
    assert properties["size"] == {"type": "integer", "exclusiveMinimum": 0}
    assert properties["port"] == {"type": ["integer", "string"]}
    assert properties["mode"] == {"type": ["string", "null"], "enum": ["a", None]}
    assert properties["raw"] == {"type": "object"}
    assert properties["tags"]["uniqueItems"] is True
    with pytest.raises(KeyError):
        json_schema(crd, "v2")
