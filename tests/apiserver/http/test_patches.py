"""Patches are read when there is an object to patch, and what is strange about them is told."""

from __future__ import annotations

import pytest

from kubewright.apiserver.http.patches import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC,
    Patch,
    applied_configuration,
    report_repeated,
)
from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.request import UserInfo
from kubewright.objects.errors import BadRequest, UnsupportedMediaType
from kubewright.schema.node import Node

RESOURCE = next(resource for resource in builtin_resources() if resource.plural == "configmaps")


@pytest.mark.parametrize("media_type", [JSON_PATCH, MERGE_PATCH, STRATEGIC])
def test_a_malformed_patch_is_found_when_it_is_applied(media_type: str) -> None:
    patch = Patch(media_type, b"{", RESOURCE)
    with pytest.raises(BadRequest, match="error decoding patch"):
        patch.apply({})


def test_other_media_types_are_refused_at_once() -> None:
    with pytest.raises(UnsupportedMediaType):
        Patch("application/json", b"{}", RESOURCE)


@pytest.mark.parametrize("media_type", [MERGE_PATCH, STRATEGIC])
def test_repeated_members_of_a_patch_are_told(media_type: str) -> None:
    patch = Patch(media_type, b'{"data":{"a":"1","a":"2"}}', RESOURCE)
    assert patch.apply({})["data"] == {"a": "2"}
    assert patch.strict == ['duplicate field "data.a"']


def test_strange_members_of_operations_are_told() -> None:
    body = b'[{"op":"add","path":"/a","value":{"x":1,"x":2},"more":1}]'
    patch = Patch(JSON_PATCH, body, RESOURCE)
    assert patch.apply({}) == {"a": {"x": 2}}
    assert patch.strict == ['json patch duplicate field "[0].value.x"', 'json patch unknown field "[0].more"']


@pytest.mark.parametrize(("media_type", "kind"), [(STRATEGIC, int), (MERGE_PATCH, float), (JSON_PATCH, float)])
def test_numbers_of_a_strategic_patch_are_integers_where_they_can_be(media_type: str, kind: type) -> None:
    body = b'[{"op":"add","path":"/n","value":2.0}]' if media_type == JSON_PATCH else b'{"n": 2.0}'
    patched = Patch(media_type, body, RESOURCE, node=Node({})).apply({})
    assert (patched, type(patched["n"])) == ({"n": 2}, kind)


@pytest.mark.parametrize("body", [b'{"some": [1.0, 1e2, 0.5, 1e300, "1.0"]}', b'{some: [1.0, 1e2, 0.5, 1e300, "1.0"]}'])
def test_numbers_of_an_applied_configuration_are_integers_where_they_can_be(body: bytes) -> None:
    numbers = applied_configuration(body)[0]["some"]
    assert numbers == [1, 100, 0.5, 1e300, "1.0"]
    assert [type(number) for number in numbers] == [int, int, float, float, str]


@pytest.mark.parametrize("body", [b'{"a":"\xff"}', rb'{"a":"\ud800"}'])
def test_an_applied_configuration_has_to_be_unicode(body: bytes) -> None:
    with pytest.raises(BadRequest, match="converting YAML to JSON"):
        applied_configuration(body)


@pytest.mark.parametrize("body", [b"a: 1\na: 2", b'{"a":1,\n"a":2}'])
def test_an_applied_configuration_is_always_read_as_yaml(body: bytes) -> None:
    config, repeated = applied_configuration(body)
    assert config == {"a": 2}
    write = Write(UserInfo("me"), {}, field_validation="Warn")
    report_repeated(repeated, write)
    assert write.warnings == ['line 2: key "a" already set in map']
    with pytest.raises(BadRequest, match="error strict decoding YAML"):
        report_repeated(repeated, Write(UserInfo("me"), {}, field_validation="Strict"))
