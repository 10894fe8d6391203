from __future__ import annotations

import pytest
from tests.controller.observed import Seen, updated

from kubewright.controller.primary_resource import enqueue_primary, primary_annotations
from kubewright.objects.names import GroupKind, ObjectKey

SITE = GroupKind("web.example.com", "Site")


@pytest.mark.parametrize("key", [ObjectKey("shop", "a"), ObjectKey("", "a")])
def test_annotations_lead_back_to_the_owner_that_they_name(key: ObjectKey) -> None:
    marked = Seen(annotations=primary_annotations(SITE, key))
    assert list(enqueue_primary(SITE)(updated(marked, marked))) == [key]


def test_owners_of_other_kinds_and_unnamed_ones_are_passed_over() -> None:
    marked = Seen(annotations=primary_annotations(SITE, ObjectKey("shop", "a")))
    assert not list(enqueue_primary(GroupKind("x.io", "Site"))(updated(marked, marked)))
    nameless = Seen(annotations={"operator-sdk/primary-resource-type": "Site.web.example.com"})
    assert not list(enqueue_primary(SITE)(updated(nameless, Seen())))


def test_an_object_that_changes_hands_wakes_both_owners() -> None:
    before, after = (Seen(annotations=primary_annotations(SITE, ObjectKey("shop", name))) for name in "ab")
    assert list(enqueue_primary(SITE)(updated(before, after))) == [ObjectKey("shop", "a"), ObjectKey("shop", "b")]
