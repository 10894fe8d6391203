from __future__ import annotations

from typing import Any

import pytest
from tests.controller.observed import Seen, updated

from kubewright.ansible.ownership import Owner, can_refer, enqueue_owners, is_owned, mark_owned
from kubewright.objects import OwnerReference
from kubewright.objects.names import GroupKind, GroupVersionKind, ObjectKey

SITE = GroupVersionKind("web.example.com", "v1", "Site")
OWNER = Owner(SITE, ObjectKey("shop", "a"), "uid-1")
CLUSTER_OWNER = Owner(SITE, ObjectKey("", "a"), "uid-1")
REFERENCE = {"apiVersion": "web.example.com/v1", "kind": "Site", "name": "a", "uid": "uid-1"}


@pytest.mark.parametrize(
    ("owner", "namespaced", "namespace", "can"),
    [
        (OWNER, True, "shop", True),
        (OWNER, True, "other", False),
        (OWNER, False, "", False),
        (CLUSTER_OWNER, True, "other", True),
        (CLUSTER_OWNER, False, "", True),
    ],
)
def test_an_owner_in_a_namespace_owns_there_alone(owner: Owner, namespaced: bool, namespace: str, can: bool) -> None:
    assert can_refer(owner, namespaced=namespaced, namespace=namespace) is can


def test_a_reference_is_added_once_beside_others() -> None:
    other = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "uid-2"}
    obj: dict[str, Any] = {"metadata": {"ownerReferences": [other]}}
    mark_owned(obj, OWNER, by_reference=True)
    mark_owned(obj, OWNER, by_reference=True)
    assert obj["metadata"]["ownerReferences"] == [other, REFERENCE]
    assert is_owned(obj, OWNER)


def test_where_no_reference_is_allowed_annotations_name_the_owner() -> None:
    obj: dict[str, Any] = {"metadata": {"annotations": {"x": "y"}}}
    mark_owned(obj, OWNER, by_reference=False)
    assert obj["metadata"]["annotations"] == {
        "x": "y",
        "operator-sdk/primary-resource": "shop/a",
        "operator-sdk/primary-resource-type": "Site.web.example.com",
    }
    assert is_owned(obj, OWNER)


def test_strangers_are_not_owned() -> None:
    assert not is_owned({"metadata": {"ownerReferences": [{**REFERENCE, "uid": "uid-9"}]}}, OWNER)
    assert not is_owned({}, OWNER)


def test_changes_lead_to_the_owners_named_in_annotations() -> None:
    marks = {"operator-sdk/primary-resource": "shop/a", "operator-sdk/primary-resource-type": "Site.web.example.com"}
    event = updated(Seen(annotations=marks), Seen(annotations=marks))
    assert list(enqueue_owners(SITE.group_kind, namespaced=True)(event)) == [ObjectKey("shop", "a")]
    assert not list(enqueue_owners(GroupKind("x.io", "Site"), namespaced=True)(event))


@pytest.mark.parametrize(("namespaced", "key"), [(True, ObjectKey("ns", "a")), (False, ObjectKey("", "a"))])
def test_changes_lead_to_the_owners_that_are_referred_to(namespaced: bool, key: ObjectKey) -> None:
    reference = OwnerReference(api_version="web.example.com/v1", kind="Site", name="a", uid="uid-1")
    event = updated(Seen(), Seen(owner_references=[reference]))
    assert list(enqueue_owners(SITE.group_kind, namespaced=namespaced)(event)) == [key]
