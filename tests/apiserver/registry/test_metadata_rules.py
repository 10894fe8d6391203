"""Metadata is judged alike for every kind."""

from __future__ import annotations

import pytest

from kubewright.apiserver.registry import metadata_rules as rules
from kubewright.apiserver.registry.strategy import Object


def fields(metadata: Object, *, namespaced: bool = True) -> list[str]:
    causes = rules.validate_metadata(metadata, namespaced=namespaced, name_rule=rules.dns_subdomain)
    return [cause.field for cause in causes]


GOOD: Object = {"name": "a.b", "namespace": "n", "labels": {"x.y/z": "v", "e": ""}, "annotations": {"K": "any text\n"}}


def test_good_metadata_passes() -> None:
    assert fields(GOOD) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "metadata.name"),
        ({"name": "A"}, "metadata.name"),
        ({"name": "a/b"}, "metadata.name"),
        ({"generateName": "Bad-"}, "metadata.generateName"),
        ({"namespace": "a.b"}, "metadata.namespace"),
        ({"labels": {"bad key": "v"}}, "metadata.labels"),
        ({"labels": {"k": "bad value!"}}, "metadata.labels"),
        ({"annotations": {"/x": ""}}, "metadata.annotations"),
        ({"annotations": {"a": "x" * 300_000}}, "metadata.annotations"),
        ({"finalizers": ["bad name/x"]}, "metadata.finalizers"),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "metadata.finalizers"),
    ],
)
def test_each_fault_is_reported_at_its_field(change: Object, field: str) -> None:
    assert fields(GOOD | change) == [field]


def test_a_prefix_may_end_in_a_dash() -> None:
    assert rules.dns_subdomain("gen-", True) == []
    assert rules.dns_subdomain("gen-", False) != []


def test_cluster_scoped_objects_have_no_namespace() -> None:
    assert fields(GOOD, namespaced=False) == ["metadata.namespace"]


def test_plain_finalizers_are_for_kubernetes_itself() -> None:
    causes = rules.validate_builtin_finalizers(["orphan", "plain", "a.b/c"], "metadata.finalizers")
    assert [cause.field for cause in causes] == ["metadata.finalizers[1]"]


def test_owner_references_need_all_their_fields() -> None:
    causes = rules.validate_owner_references([{"kind": "Pod", "name": "p"}], "o")
    assert [cause.field for cause in causes] == ["o.apiVersion", "o.uid"]


def test_only_one_owner_controls() -> None:
    owners = [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": True} for name in "ab"]
    (cause,) = rules.validate_owner_references(owners, "o")
    assert cause.message.endswith(
        'Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b'
    )


def test_owner_references_that_say_the_same_are_one() -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    other = owner | {"controller": True}
    metadata = {"ownerReferences": [owner, other, owner, dict(other), owner | {"uid": "v"}]}
    assert rules.drop_repeated_owners(metadata) == ["u", "u"]
    assert metadata["ownerReferences"] == [owner, other, owner | {"uid": "v"}]
    assert rules.drop_repeated_owners(metadata) == []


def test_updates_keep_identity() -> None:
    old = {"name": "a", "uid": "1", "resourceVersion": "5", "generation": 3}
    new = {"name": "b", "uid": "1", "resourceVersion": "", "generation": 2}
    found = {cause.field for cause in rules.validate_metadata_update(new, old)}
    assert found == {"metadata.name", "metadata.resourceVersion", "metadata.generation"}


def test_nothing_new_may_hold_back_a_deletion() -> None:
    old = {"finalizers": ["a.b/c"], "deletionTimestamp": "t", "resourceVersion": "1"}
    (cause,) = rules.validate_metadata_update(old | {"finalizers": ["a.b/c", "a.b/d"]}, old)
    assert cause.reason == "FieldValueForbidden"
    assert cause.message.endswith('[]string{"a.b/d"}')
