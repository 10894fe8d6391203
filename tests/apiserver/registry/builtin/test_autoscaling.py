"""Autoscalers: each kind of metric has to name its source, once, with a target that it can reach."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import World, created, decoded, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.strategy import Object

INVALID, REQUIRED, FORBIDDEN = "FieldValueInvalid", "FieldValueRequired", "FieldValueForbidden"
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}


@pytest.mark.parametrize(
    ("metric", "faults"),
    [
        ({"type": "Resource", "resource": CPU}, []),
        ({"type": "Odd"}, [("type", "FieldValueNotSupported")] * 2),
        ({"type": "Pods", "resource": CPU}, [("pods", REQUIRED)]),
        ({"type": "Resource", "resource": CPU, "pods": {"metric": {"name": "a"}, "target": {
            "type": "AverageValue", "averageValue": "1"}}}, [("pods", FORBIDDEN)]),
        ({"type": "Pods", "pods": {"metric": {"name": "a"}, "target": {"type": "Value", "value": "0"}}},
         [("pods.target.averageValue", REQUIRED), ("pods.target.value", INVALID)]),
        ({"type": "ContainerResource", "containerResource": CPU}, [("containerResource.container", REQUIRED)]),
        ({"type": "ContainerResource", "containerResource": {**CPU, "name": "pods", "container": "A"}},
         [("containerResource.name", INVALID), ("containerResource.container", INVALID)]),
    ],
)  # fmt: skip
def test_faults_of_a_metric(metric: Object, faults: list[tuple[str, str]]) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 3, "metrics": [metric]}
    expected = sorted((f"spec.metrics[0].{field}", reason) for field, reason in faults)
    assert problems("autoscaling/v2", "HorizontalPodAutoscaler", {"metadata": {}, "spec": spec}) == expected


@pytest.mark.parametrize("version", ["/v1", "apps/v1/x", "apps_/v1"])
def test_the_target_is_named_with_its_group_and_version(version: str) -> None:
    spec = {"scaleTargetRef": {"apiVersion": version, "kind": "Deployment", "name": "a"}, "maxReplicas": 3}
    found = problems("autoscaling/v2", "HorizontalPodAutoscaler", {"metadata": {}, "spec": spec})
    assert found == [("spec.scaleTargetRef.apiVersion", INVALID)]


def test_one_that_scales_to_zero_may_go_on_doing_so() -> None:
    kind = "HorizontalPodAutoscaler"
    external = {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}}
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 3, "metrics": [external]}
    one, none = (
        decoded("autoscaling/v2", kind, {"metadata": {}, "spec": {**spec, "minReplicas": count}}) for count in (1, 0)
    )
    rules = strategy("autoscaling/v2", kind)
    assert fields_and_reasons(rules.validate_update(none, one, World())) == [("spec.minReplicas", INVALID)]
    assert rules.validate_update(none, none, World()) == []


def test_behavior_is_filled_even_if_it_says_nothing() -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 3, "behavior": {}}
    behavior = created("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": spec})["spec"]["behavior"]
    assert [rules["selectPolicy"] for rules in behavior.values()] == ["Max", "Max"]


def test_behavior_has_policies_of_known_kinds() -> None:
    rules = {"selectPolicy": "", "stabilizationWindowSeconds": 4000, "tolerance": "-1", "policies": [
        {"value": 1, "periodSeconds": 1}]}  # fmt: skip
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 3, "behavior": {"scaleUp": rules}}
    found = problems("autoscaling/v2", "HorizontalPodAutoscaler", {"metadata": {}, "spec": spec})
    assert found == [
        ("spec.behavior.scaleUp.policies[0].type", "FieldValueNotSupported"),
        ("spec.behavior.scaleUp.selectPolicy", "FieldValueNotSupported"),
        ("spec.behavior.scaleUp.stabilizationWindowSeconds", INVALID),
        ("spec.behavior.scaleUp.tolerance", INVALID),
    ]
