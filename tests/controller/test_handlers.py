from __future__ import annotations

from dataclasses import replace

from tests.controller.observed import Seen, created, deleted, updated

from kubewright.controller.handlers import enqueue_mapped, enqueue_object, enqueue_owner
from kubewright.objects import GroupKind, ObjectKey, OwnerReference

WEBSITE = GroupKind("web.example.com", "Website")


def child(*owners: OwnerReference) -> Seen:
    return Seen(ObjectKey("ns", "child"), owner_references=owners)


def owner(
    name: str, *, api_version: str = "web.example.com/v1", kind: str = "Website", controller: bool = True
) -> OwnerReference:
    return OwnerReference(api_version=api_version, kind=kind, name=name, uid=name, controller=controller or None)


def test_an_object_leads_to_itself() -> None:
    seen = Seen(ObjectKey("ns", "a"))
    for event in (created(seen), updated(seen, seen), deleted(seen)):
        assert list(enqueue_object(event)) == [ObjectKey("ns", "a")]


def test_a_child_leads_to_the_owner_that_controls_it_whatever_its_version() -> None:
    event = created(child(owner("a", api_version="web.example.com/v1beta1"), owner("b", controller=False)))
    assert list(enqueue_owner(WEBSITE)(event)) == [ObjectKey("ns", "a")]
    assert list(enqueue_owner(WEBSITE, controller_only=False)(event)) == [ObjectKey("ns", "a"), ObjectKey("ns", "b")]


def test_owners_of_other_groups_and_kinds_do_not_count() -> None:
    event = created(child(owner("a", api_version="other.example.com/v1"), owner("b", kind="Page")))
    assert list(enqueue_owner(WEBSITE)(event)) == []


def test_a_cluster_scoped_owner_has_no_namespace() -> None:
    assert list(enqueue_owner(WEBSITE, namespaced=False)(deleted(child(owner("a"))))) == [ObjectKey("", "a")]


def test_a_child_that_changes_hands_leads_to_both_owners() -> None:
    event = updated(child(owner("a")), child(owner("b")))
    assert list(enqueue_owner(WEBSITE)(event)) == [ObjectKey("ns", "a"), ObjectKey("ns", "b")]
    kept = updated(child(owner("a")), replace(child(owner("a")), resource_version="2"))
    assert list(enqueue_owner(WEBSITE)(kept)) == [ObjectKey("ns", "a")]


def test_a_mapping_sees_the_old_and_the_new_object_and_each_request_counts_once() -> None:
    handler = enqueue_mapped(str.split)
    assert list(handler(updated(Seen(content="a b"), Seen(content="b c")))) == ["a", "b", "c"]
