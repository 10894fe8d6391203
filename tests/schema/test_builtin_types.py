from __future__ import annotations

import importlib
import pkgutil

import pytest

import kubewright.objects
from kubewright.objects import Condition, LabelSelector, Object, ObjectMeta, Struct
from kubewright.objects.core_v1 import LocalObjectReference, PersistentVolumeClaim, PodTemplateSpec, Volume
from kubewright.schema import Spec
from kubewright.schema.builtin_types import builtin_schema
from kubewright.schema.types import schema_of

STRUCTS = [
    struct
    for _, name, _ in pkgutil.iter_modules(kubewright.objects.__path__)
    if "_v" in name
    for struct in vars(importlib.import_module(f"kubewright.objects.{name}")).values()
    if isinstance(struct, type)
    and issubclass(struct, Struct)
    and struct not in (Struct, Object)
    and struct.__module__.endswith("core_v1")
]


def test_metadata_of_embedded_objects_is_not_pruned() -> None:
    template = schema_of(PodTemplateSpec)
    assert set(template["properties"]["metadata"]["properties"]) == {
        "name",
        "namespace",
        "labels",
        "annotations",
        "finalizers",
    }
    assert "properties" in schema_of(ObjectMeta)


def test_list_map_keys_have_defaults_where_they_are_optional() -> None:
    container = schema_of(PodTemplateSpec)["properties"]["spec"]["properties"]["containers"]
    assert container["x-kubernetes-list-map-keys"] == ["name"]
    ports = container["items"]["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert ports["items"]["properties"]["protocol"]["default"] == "TCP"
    assert ports["items"]["required"] == ["containerPort"]


def test_embedded_types_keep_formats_and_map_types() -> None:
    assert schema_of(LocalObjectReference)["x-kubernetes-map-type"] == "atomic"
    assert schema_of(LabelSelector)["x-kubernetes-map-type"] == "atomic"
    assert schema_of(Condition)["properties"]["reason"]["minLength"] == 1


def test_volumes_have_the_defaults_that_go_gives_them() -> None:
    volume = schema_of(Volume)["properties"]
    assert volume["iscsi"]["properties"]["iscsiInterface"]["default"] == "default"
    assert volume["rbd"]["properties"]["pool"]["default"] == "rbd"
    assert volume["scaleIO"]["properties"]["storageMode"]["default"] == "ThinProvisioned"
    assert volume["azureDisk"]["properties"]["readOnly"]["default"] is False
    assert "default" not in volume["azureDisk"]["properties"]["cachingMode"]


def test_what_embeds_a_local_reference_is_atomic() -> None:
    volume = schema_of(Volume)["properties"]
    assert volume["configMap"]["x-kubernetes-map-type"] == "atomic"
    source = volume["projected"]["properties"]["sources"]["items"]["properties"]
    assert source["secret"]["x-kubernetes-map-type"] == "atomic"
    assert "x-kubernetes-map-type" not in source["downwardAPI"]


def test_a_field_documents_an_embedded_type_anew() -> None:
    class Storage(Spec):
        claim: PersistentVolumeClaim
        """The claim to make."""

    assert schema_of(Storage)["properties"]["claim"]["description"] == "The claim to make."


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: str(struct.__name__))
def test_every_core_type_can_be_embedded(struct: type) -> None:
    assert builtin_schema(struct)["type"] == "object"
