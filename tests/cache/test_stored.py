from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest
from tests.cache.objects import READER, pod, stored

from kubewright.cache.stored import ObjectReader
from kubewright.objects.codec import from_json
from kubewright.objects.core_v1 import Pod
from kubewright.objects.names import ObjectKey

MANAGED = [{"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {}}}]


def test_metadata_is_decoded_and_the_rest_on_demand() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "r", "controller": True}
    obj = stored(
        "a",
        7,
        uid="u1",
        generation=3,
        labels={"app": "web"},
        annotations={"note": "x"},
        ownerReferences=[owner],
        deletionTimestamp="2026-01-01T00:00:00Z",
        spec={"nodeName": "n1"},
    )
    assert (obj.key, obj.uid, obj.resource_version, obj.generation) == (ObjectKey("default", "a"), "u1", "7", 3)
    assert (obj.labels, obj.annotations, obj.deleting) == ({"app": "web"}, {"note": "x"}, True)
    assert obj.owner_references[0].name == "rs"
    assert obj.decode().spec.node_name == "n1"


def test_what_is_absent_is_empty() -> None:
    obj = stored("a")
    assert (obj.labels, obj.annotations, obj.owner_references, obj.deleting) == ({}, {}, (), False)


def test_siblings_share_what_they_have_in_common() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "r"}
    one, other = (stored(name, 7, labels={"app": "web"}, ownerReferences=[owner]) for name in "ab")
    assert one.labels is other.labels
    assert one.owner_references is other.owner_references
    assert stored("c", 7, labels={"app": "db"}, ownerReferences=[owner]).labels == {"app": "db"}


@pytest.mark.parametrize("version", ["0", "7", "18446744073709551615", "007", "", "abc", "9" * 5000, "٣"])
def test_a_resource_version_is_kept_whatever_it_looks_like(version: str) -> None:
    assert stored("a", version).resource_version == version


def test_those_that_came_before_the_dictionary_are_packed_with_it() -> None:
    reader = ObjectReader(partial(from_json, Pod))
    early = [reader.read(msgspec.json.encode(pod(f"a-{number}", spec={"nodeName": "n" * 500}))) for number in range(9)]
    sizes, raw = [obj.size for obj in early], [obj.raw for obj in early]
    for number in range(500):
        reader.read(msgspec.json.encode(pod(f"b-{number}", number, spec={"nodeName": "n" * 500})))
    assert all(obj.size < size / 4 for obj, size in zip(early, sizes, strict=True))
    assert [obj.raw for obj in early] == raw


def test_every_reader_gets_an_object_of_its_own() -> None:
    obj = stored("a")
    obj.decode().metadata.labels["changed"] = "yes"
    assert obj.decode().metadata.labels == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {"managedFields": MANAGED, "name": "a"},
        {"name": "a", "managedFields": MANAGED, "uid": "u"},
        {"name": "a", "managedFields": MANAGED},
        {"managedFields": MANAGED},
    ],
)
def test_managed_fields_are_cut_out_wherever_they_stand(metadata: dict[str, Any]) -> None:
    data = {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": "n"}}
    expected = {**data, "metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}
    assert msgspec.json.decode(READER.read(msgspec.json.encode(data)).raw) == expected


def test_managed_fields_can_be_kept() -> None:
    reader = ObjectReader(partial(from_json, Pod), keep_managed_fields=True)
    obj = reader.read(msgspec.json.encode(pod("a", managedFields=MANAGED)))
    assert obj.decode().metadata.managed_fields[0].manager == "kubectl"


def test_a_transform_changes_what_is_stored() -> None:
    def without_spec(plain: dict[str, Any]) -> dict[str, Any]:
        return {**plain, "spec": {}}

    reader = ObjectReader(partial(from_json, Pod), transform=without_spec)
    obj = reader.read(msgspec.json.encode(pod("a", spec={"nodeName": "n"})))
    assert obj.decode().spec.node_name is None


def test_metadata_only_drops_everything_else() -> None:
    reader = ObjectReader(partial(from_json, Pod), metadata_only=True)
    assert set(reader.read(msgspec.json.encode(pod("a", spec={}))).plain()) == {"apiVersion", "kind", "metadata"}


def test_what_siblings_share_is_remembered_up_to_a_bound() -> None:
    reader: ObjectReader[Pod] = ObjectReader(partial(from_json, Pod))
    for number in range(2000):
        reader.read(msgspec.json.encode(pod(f"p{number}", number, labels={"of": str(number)})))
    assert len(reader._traits) <= 512
    assert len(reader._early) <= 200
