from typing import Any

import pytest

from kubewright.apiserver.admission.policy.checks import check_match_conditions, check_policy_expressions


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"validations": [{"expression": "object."}]}, "spec.validations[0].expression"),
        ({"validations": [{"expression": "1"}]}, "spec.validations[0].expression"),
        ({"validations": [{"expression": "params != null"}]}, "spec.validations[0].expression"),
        ({"validations": [{"expression": "request.odd == ''"}]}, "spec.validations[0].expression"),
        ({"validations": [{"expression": "true", "messageExpression": "1"}]}, "spec.validations[0].messageExpression"),
        ({"validations": [{"expression": "true", "messageExpression": " "}]}, "spec.validations[0].messageExpression"),
        ({"validations": [{"expression": "true", "message": "a\nb"}]}, "spec.validations[0].message"),
        ({"variables": [{"name": "a-b", "expression": "1"}]}, "spec.variables[0].name"),
        ({"variables": [{"name": "a", "expression": "variables.b"}]}, "spec.variables[0].expression"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "1"}]}, "spec.auditAnnotations[0].valueExpression"),
        ({"matchConditions": [{"name": "a", "expression": "'x'"}]}, "spec.matchConditions[0].expression"),
        (
            {"mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "1"}}]},
            "spec.mutations[0].applyConfiguration.expression",
        ),
        (
            {"mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{odd: 1}]"}}]},
            "spec.mutations[0].jsonPatch.expression",
        ),
    ],
)
def test_each_fault_is_named(spec: dict[str, Any], field: str) -> None:
    assert [cause.field for cause in check_policy_expressions(spec)] == [field]


def test_what_the_kind_of_policy_allows_passes() -> None:
    spec = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConditions": [{"name": "a", "expression": "request.userInfo.username != 'x' && params != null"}],
        "variables": [
            {"name": "a", "expression": "object.metadata.name"},
            {"name": "b", "expression": "string(variables.a)"},
        ],
        "validations": [{"expression": "variables.b.size() < 5 && object.spec.x", "messageExpression": "variables.b"}],
        "auditAnnotations": [{"key": "a", "valueExpression": "object.x ? 'y' : ''"}],
    }
    assert [cause.message for cause in check_policy_expressions(spec)] == []


def test_conditions_of_webhooks_have_no_parameters() -> None:
    conditions = [{"name": "a", "expression": "object.x == 1"}, {"name": "b", "expression": "params == null"}]
    assert [cause.field for cause in check_match_conditions(conditions, "webhooks[0].matchConditions")] == [
        "webhooks[0].matchConditions[1].expression"
    ]


@pytest.mark.parametrize("expression", ["object.spec.flag", "1", "object.spec"])
def test_a_validation_has_to_be_a_boolean_for_certain(expression: str) -> None:
    [cause] = check_policy_expressions({"validations": [{"expression": expression}]})
    assert cause.field == "spec.validations[0].expression"
    assert "must evaluate to bool but got" in cause.message
