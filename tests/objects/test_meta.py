import pytest

from kubewright.objects import ObjectKey, ObjectMeta, controller_of, gvk_of, key, owner_reference, to_dict
from kubewright.objects.apps_v1 import Deployment, ReplicaSet


def test_an_owner_reference_names_the_stored_owner() -> None:
    owner = Deployment(metadata=ObjectMeta(name="web", namespace="default", uid="u-1"))
    child = ReplicaSet(metadata=ObjectMeta(name="web-1", owner_references=[owner_reference(owner)]))
    assert to_dict(child)["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "web",
            "uid": "u-1",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert controller_of(child) == owner_reference(owner)
    assert controller_of(owner) is None


def test_an_object_without_uid_cannot_own() -> None:
    with pytest.raises(ValueError, match="Deployment default/web has no uid"):
        owner_reference(Deployment(metadata=ObjectMeta(name="web", namespace="default")))


def test_key_and_gvk() -> None:
    deployment = Deployment(metadata=ObjectMeta(name="web", namespace="default"))
    assert key(deployment) == ObjectKey("default", "web")
    assert gvk_of(deployment) == Deployment.gvk
