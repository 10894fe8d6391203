from __future__ import annotations

from typing import Any

from kubewright.testing.field_ownership import owned_fields


def managed(fields: dict[str, Any], manager: str = "me") -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": fields}


def test_only_the_manager_s_fields_are_shown() -> None:
    obj = {
        "metadata": {
            "uid": "1",
            "managedFields": [
                managed({"f:data": {"f:mine": {}}}),
                managed({"f:data": {"f:yours": {}}}, "you"),
                managed({"f:status": {"f:at": {}}}),
            ],
        },
        "data": {"mine": "1", "yours": "2"},
        "status": {"at": "2026-01-02T03:04:05Z", "other": 1},
    }
    assert owned_fields(obj, "me") == {"f:data": {"f:mine": "1"}, "f:status": {"f:at": "<time>"}}


def test_items_are_found_by_their_keys_and_values() -> None:
    fields: dict[str, Any] = {"f:ports": {'k:{"port":80}': {".": {}, "f:name": {}}}, "f:finalizers": {'v:"a/b"': {}}}
    obj = {
        "metadata": {"managedFields": [managed(fields)]},
        "ports": [{"port": 81, "name": "x"}, {"port": 80, "name": "http", "extra": 1}],
        "finalizers": ["c/d", "a/b"],
    }
    assert owned_fields(obj, "me") == {
        "f:ports": {'k:{"port":80}': {"f:name": "http"}},
        "f:finalizers": {'v:"a/b"': "a/b"},
    }


def test_owners_are_named_not_numbered() -> None:
    reference = {"uid": "17", "kind": "Website", "name": "a"}
    fields: dict[str, Any] = {"f:metadata": {"f:ownerReferences": {'k:{"uid":"17"}': {}}}}
    obj = {"metadata": {"managedFields": [managed(fields)], "ownerReferences": [reference]}}
    assert owned_fields(obj, "me") == {
        "f:metadata": {"f:ownerReferences": {"Website a": {"kind": "Website", "name": "a"}}}
    }
