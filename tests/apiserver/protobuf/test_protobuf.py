from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.apiserver import protobuf
from kubewright.apiserver.protobuf import DecodeError, encode_watch_event
from kubewright.apiserver.protobuf.codec import message, read_varint, varint
from kubewright.apiserver.protobuf.envelope import decode_object, encode_object, type_of
from kubewright.apiserver.registry.builtin.definitions import definitions

CORE = "io.k8s.api.core.v1."
CRD = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"

POD: dict[str, Any] = {
    "metadata": {
        "name": "p",
        "labels": {"a": "b", "c": ""},
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "managedFields": [{"manager": "x", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {".": {}}}}],
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "ports": [{"containerPort": 80}],
                "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"port": "http", "path": "/"}, "periodSeconds": 5},
            }
        ],
        "volumes": [{"name": "v", "secret": {"secretName": "x"}}],
        "terminationGracePeriodSeconds": 0,
        "hostNetwork": True,
        "tolerations": [{"key": "a", "tolerationSeconds": -5}],
    },
}

OBJECTS: list[tuple[str, dict[str, Any]]] = [
    (f"{CORE}Pod", POD),
    (f"{CORE}Secret", {"metadata": {"name": "s"}, "data": {"k": "aGk="}, "immutable": False}),
    (f"{CORE}Service", {"spec": {"ports": [{"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "web"}]}}),
    ("io.k8s.api.coordination.v1.Lease", {"spec": {"renewTime": "2026-01-02T03:04:05.000600Z"}}),
    ("io.k8s.api.authentication.v1.UserInfo", {"username": "u", "extra": {"scopes": ["a", "b"]}}),
    ("io.k8s.api.apps.v1.ControllerRevision", {"data": {"spec": [1, None, "x"]}, "revision": 3}),
    (
        CRD,
        {
            "spec": {
                "versions": [
                    {
                        "name": "v1",
                        "selectableFields": [{"jsonPath": ".spec.a"}],
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "properties": {
                                    "a": {"type": "number", "maximum": 1.5, "default": {"x": [1]}},
                                    "b": {"additionalProperties": True},
                                    "c": {"additionalProperties": {"type": "string"}},
                                    "d": {"items": {"type": "string"}, "enum": ["x", 1]},
                                },
                                "x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": True}],
                            }
                        },
                    }
                ]
            }
        },
    ),
]


@pytest.mark.parametrize(("name", "obj"), OBJECTS, ids=[name.rpartition(".")[2] for name, _ in OBJECTS])
def test_an_object_survives_the_way_there_and_back(name: str, obj: dict[str, Any]) -> None:
    whole = {"apiVersion": "v1", "kind": name.rpartition(".")[2], **obj}
    encoded = encode_object(whole, message(name))
    assert type_of(encoded) == ("v1", whole["kind"])
    assert decode_object(encoded, message(name)) == whole


def test_the_bytes_are_those_that_client_go_writes() -> None:
    encoded = encode_object(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}},
        message(f"{CORE}ConfigMap"),
    )
    type_meta = b"\x0a\x0f" + b"\x0a\x02v1" + b"\x12\x09ConfigMap"
    config_map = b"\x0a\x03\x0a\x01a" + b"\x12\x06\x0a\x01k\x12\x01v"
    assert encoded == b"k8s\x00" + type_meta + b"\x12" + bytes([len(config_map)]) + config_map + b"\x1a\x00\x22\x00"


def test_a_field_of_a_newer_client_is_passed_over() -> None:
    assert message(f"{CORE}ConfigMap").decode(b"\x0a\x03\x0a\x01a" + b"\xf8\x07\x01") == {"metadata": {"name": "a"}}


def test_a_watch_frame_is_led_by_its_length() -> None:
    frame = encode_watch_event("ADDED", b"k8s\x00...")
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    assert message("io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent").numbers[1].name == "type"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"k8s\x00\x12\x05ab", b"k8s\x00\x12\x02\x0a\x7f", b"k8s\x00\xff", b"k8s\x00\x12\x02\x08\x01"],
)
def test_broken_bytes_are_told_apart_from_objects(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_object(body, message(f"{CORE}ConfigMap"))


def test_a_kind_without_a_protobuf_form_is_named() -> None:
    with pytest.raises(LookupError, match="Nothing"):
        message("io.k8s.api.core.v1.Nothing")


def test_every_stable_kind_has_a_message() -> None:
    for name, raw in definitions().raw.items():
        kinds = raw.get("x-kubernetes-group-version-kind") or []
        if len(kinds) == 1 and "alpha" not in kinds[0]["version"]:
            message(name)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_integers_of_64_bits_survive(number: int) -> None:
    encoded = varint(number)
    value, end = read_varint(encoded, 0)
    assert end == len(encoded)
    assert (value - 2**64 if value >> 63 else value) == number


def test_metadata_alone_has_a_form() -> None:
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a", "uid": "u"}}
    listed = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": [partial]}
    assert protobuf.decode(protobuf.encode(partial)) == partial
    [item] = protobuf.decode(protobuf.encode(listed))["items"]
    assert item["metadata"] == partial["metadata"]
