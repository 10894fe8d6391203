"""OpenAPI documents are complete in themselves and lead kubectl to its schemas."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from kubewright.apiserver.openapi import OpenAPI
from kubewright.apiserver.openapi_protobuf import encode_document
from kubewright.apiserver.registry.builtin import builtin_resources


@pytest.fixture(scope="module")
def documents() -> OpenAPI:
    return OpenAPI(builtin_resources())


def test_the_index_lists_every_group_version(documents: OpenAPI) -> None:
    paths = msgspec.json.decode(documents.v3_index())["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/autoscaling/v2"} <= paths.keys()
    assert re.fullmatch(r"/openapi/v3/apis/apps/v1\?hash=[0-9A-F]{64}", paths["apis/apps/v1"]["serverRelativeURL"])


@pytest.mark.parametrize("path", ["api/v1", "apis/apps/v1", "apis/autoscaling/v1", "apis/apiextensions.k8s.io/v1"])
def test_all_references_of_a_document_lead_somewhere(documents: OpenAPI, path: str) -> None:
    text = documents.v3(path)
    assert text is not None
    schemas = msgspec.json.decode(text)["components"]["schemas"]
    assert {name.decode() for name in re.findall(rb'"#/components/schemas/([^"]+)"', text)} <= schemas.keys()


def test_an_unserved_version_has_no_document(documents: OpenAPI) -> None:
    assert documents.v3("apis/apps/v9") is None


def test_operations_tell_the_type_and_that_fields_can_be_validated(documents: OpenAPI) -> None:
    paths = msgspec.json.decode(documents.v3("apis/apps/v1") or b"")["paths"]
    patch = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]


def test_types_are_single(documents: OpenAPI) -> None:
    definitions: dict[str, Any] = msgspec.json.decode(documents.v2())["definitions"]
    assert definitions["io.k8s.api.core.v1.ConfigMap"]["properties"]["immutable"]["type"] == "boolean"


def test_the_protobuf_form_is_framed_as_gnostic_reads_it() -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "K", "version": "v1"},
        "definitions": {"A": {"type": "object", "x-a": 1, "properties": {"b": {"$ref": "#/definitions/B"}}}},
    }
    assert encode_document(document) == (
        b"\x0a\x032.0"
        b"\x12\x07\x0a\x01K\x12\x02v1"
        b"\x42\x00"
        b"\x4a\x3a\x0a\x38\x0a\x01A\x12\x33"
        b"\xb2\x01\x08\x0a\x06object"
        b"\xca\x01\x18\x0a\x16\x0a\x01b\x12\x11\x0a\x0f#/definitions/B"
        b"\xfa\x01\x0a\x0a\x03x-a\x12\x03\x12\x011"
    )
