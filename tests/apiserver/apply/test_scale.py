"""Ownership of the replica count across the scale subresource."""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.apply import scale

REPLICAS = {"apps/v1": ("f:spec", "f:replicas")}


def entry(manager: str, operation: str, api_version: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        **more,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields},
    }


PARENT = [
    entry("base", "Apply", "apps/v1", {"f:replicas": {}, "f:selector": {}}, time="t"),
    entry("other", "Update", "apps/v1", {"f:selector": {}}, time="t"),
]


def test_the_scale_shows_only_owners_of_the_replica_count() -> None:
    assert scale.to_scale(PARENT, REPLICAS) == [
        entry("base", "Apply", "autoscaling/v1", {"f:replicas": {}}, time="t"),
    ]


def test_who_scales_takes_the_replica_count_from_its_owner() -> None:
    scaler = entry("scaler", "Update", "autoscaling/v1", {"f:replicas": {}}, time="u") | {"subresource": "scale"}
    assert scale.to_parent(PARENT, [scaler], REPLICAS, "apps/v1") == [
        entry("base", "Apply", "apps/v1", {"f:selector": {}}, time="t"),
        entry("scaler", "Update", "apps/v1", {"f:replicas": {}}) | {"subresource": "scale"},
        entry("other", "Update", "apps/v1", {"f:selector": {}}, time="t"),
    ]


def test_an_owner_that_keeps_the_count_keeps_its_entry() -> None:
    assert scale.to_parent(PARENT, scale.to_scale(PARENT, REPLICAS), REPLICAS, "apps/v1") == PARENT


def test_the_path_of_a_custom_resource() -> None:
    assert scale.path_of(".spec.size") == ("f:spec", "f:size")
