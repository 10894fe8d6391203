from typing import Any

import pytest

from kubewright.apiserver.admission.policy.type_check import (
    builtin_type,
    custom_type,
    expression_warnings,
    kinds_to_check,
)
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
WIDGET = GroupVersionKind("example.com", "v1", "Widget")
SERVED = [
    (GroupVersionResource("", "v1", "pods"), GroupVersionKind("", "v1", "Pod")),
    (GroupVersionResource("apps", "v1", "deployments"), DEPLOYMENT),
]


def policy(*expressions: str, **more: object) -> dict[str, Any]:
    return {"validations": [{"expression": one} for one in expressions], **more}


def warnings(*expressions: str, **more: object) -> list[dict[str, str]]:
    return expression_warnings(policy(*expressions, **more), [(DEPLOYMENT, builtin_type(DEPLOYMENT))], None)


def test_a_field_that_the_kind_has_not_is_told_as_kubernetes_tells_it() -> None:
    [warning] = warnings("object.spec.replicas > 1", "object.replicas > 1")
    assert warning["fieldRef"] == "spec.validations[1].expression"
    assert warning["warning"] == (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n"
    )


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.template.spec.containers.all(c, c.resources.limits['cpu'] == '1')",
        "object.metadata.labels['a'] == 'b' && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
        "object.spec.strategy.rollingUpdate.maxSurge == 1 || oldObject == null",
    ],
)
def test_what_fits_gives_no_warning(expression: str) -> None:
    assert warnings(expression) == []


def test_variables_have_the_types_of_what_they_stand_for() -> None:
    variables = [{"name": "count", "expression": "object.spec.replicas"}]
    [warning] = warnings("variables.count == 'one'", variables=variables)
    assert "'(int, string)'" in warning["warning"]


def test_messages_are_checked_too() -> None:
    spec = {"validations": [{"expression": "true", "messageExpression": "object.spec.name"}]}
    [warning] = expression_warnings(spec, [(DEPLOYMENT, builtin_type(DEPLOYMENT))], None)
    assert warning["fieldRef"] == "spec.validations[0].messageExpression"


def test_parameters_without_a_schema_may_have_any_field() -> None:
    assert warnings("object.spec.replicas < params.most", paramKind={"apiVersion": "v1", "kind": "Unknown"}) == []


def test_a_custom_kind_has_its_schema_and_all_metadata() -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    types = [(WIDGET, custom_type(WIDGET, schema))]
    assert expression_warnings(policy("object.spec.n > 1 && object.metadata.labels['a'] == 'b'"), types, None) == []
    assert expression_warnings(policy("object.spec.m > 1"), types, None)


def test_schemas_that_refer_to_themselves_end() -> None:
    definition = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    assert builtin_type(definition) is not None


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        ({"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}, ["Deployment"]),
        ({"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["*", "deployments/scale"]}, []),
        ({"apiGroups": ["apps"], "apiVersions": ["*"], "resources": ["deployments"]}, []),
        (
            {"apiGroups": ["", "apps"], "apiVersions": ["v1"], "resources": ["pods", "deployments"]},
            ["Pod", "Deployment"],
        ),
    ],
)
def test_only_kinds_that_are_named_are_checked(rule: dict[str, Any], kinds: list[str]) -> None:
    spec = {"matchConstraints": {"resourceRules": [rule]}}
    assert [kind.kind for kind in kinds_to_check(spec, SERVED)] == kinds
