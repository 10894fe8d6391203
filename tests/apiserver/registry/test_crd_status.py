"""A definition is accepted if its names are free, and says why not if they are not."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.registry import crd_status
from kubewright.apiserver.registry.strategy import Object

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def crd(plural: str, kind: str, group: str = "example.com", **more: Any) -> Object:
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List", **more}
    return {"metadata": {"name": f"{plural}.{group}"}, "spec": {"group": group, "names": names}, "status": {}}


def accepted(plural: str, kind: str, **more: Any) -> Object:
    found = crd(plural, kind, **more)
    crd_status.settle(found, [], NOW)
    return found


def test_free_names_are_accepted_and_the_definition_established() -> None:
    found = accepted("widgets", "Widget", shortNames=["wd"])
    assert found["status"]["acceptedNames"] == found["spec"]["names"]
    assert crd_status.is_true(found, "NamesAccepted")
    assert crd_status.is_true(found, "Established")


def test_a_taken_kind_is_a_conflict_and_the_other_names_are_kept() -> None:
    found = crd("gizmos", "Widget", singular="gizmo", listKind="GizmoList")
    crd_status.settle(found, [accepted("widgets", "Widget")], NOW)
    condition = crd_status.condition(found, "NamesAccepted")
    assert condition is not None
    assert (condition["reason"], condition["message"]) == ("KindConflict", '"Widget" is already in use')
    assert not crd_status.is_true(found, "Established")
    assert found["status"]["acceptedNames"] == {
        "plural": "gizmos", "singular": "gizmo", "kind": "", "listKind": "GizmoList",
    }  # fmt: skip


def test_a_short_name_conflicts_with_any_resource_name() -> None:
    found = crd("others", "Other", shortNames=["widget"])
    crd_status.settle(found, [accepted("widgets", "Widget")], NOW)
    condition = crd_status.condition(found, "NamesAccepted")
    assert condition is not None
    assert condition["reason"] == "ShortNamesConflict"


def test_an_established_definition_stays_so_when_new_names_are_refused() -> None:
    found = accepted("others", "Other")
    found["spec"]["names"]["shortNames"] = ["widgets"]
    crd_status.settle(found, [accepted("widgets", "Widget")], LATER)
    assert crd_status.is_true(found, "Established")
    assert "shortNames" not in found["status"]["acceptedNames"]


def test_the_time_of_a_condition_changes_with_its_status_only() -> None:
    found = accepted("widgets", "Widget")
    crd_status.settle(found, [], LATER)
    condition = crd_status.condition(found, "Established")
    assert condition is not None
    assert condition["lastTransitionTime"] == NOW


@pytest.mark.parametrize(
    ("annotation", "status", "reason"),
    [
        ("", "False", "MissingAnnotation"),
        ("unapproved, experimental", "False", "UnapprovedAnnotation"),
        ("https://example.com/pull/1", "True", "ApprovedAnnotation"),
        ("nonsense", "False", "InvalidAnnotation"),
    ],
)
def test_community_groups_need_approval(annotation: str, status: str, reason: str) -> None:
    found = crd("widgets", "Widget", group="x.k8s.io")
    found["metadata"]["annotations"] = {crd_status.APPROVAL: annotation}
    crd_status.settle(found, [], NOW)
    condition = crd_status.condition(found, "KubernetesAPIApprovalPolicyConformant")
    assert condition is not None
    assert (condition["status"], condition["reason"]) == (status, reason)
