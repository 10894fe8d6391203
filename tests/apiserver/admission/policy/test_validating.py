from typing import Any

import msgspec
import pytest
from tests.apiserver.admission.attributes import Objects, attributes, config_map
from tests.apiserver.admission.policy.fixtures import binding, policy, validating, validating_stage

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.objects.errors import APIError


async def run(reader: Objects, **request: Any) -> Attributes:
    write = attributes(reader=reader, **request)
    await validating_stage().validate(write)
    return write


async def denial(reader: Objects, **request: Any) -> APIError:
    with pytest.raises(APIError) as raised:
        await run(reader, **request)
    return raised.value


async def test_a_denial_names_policy_and_binding() -> None:
    error = await denial(validating(policy({"expression": "false", "message": "never"})))
    text = "ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: never"
    assert error.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'configmaps "a" is forbidden: {text}',
        "reason": "Invalid",
        "details": {"name": "a", "kind": "configmaps", "causes": [{"message": text}]},
        "code": 422,
    }


@pytest.mark.parametrize(
    ("validation", "reason", "code", "text"),
    [
        ({"expression": "false", "reason": "Forbidden"}, "Forbidden", 403, "failed expression: false"),
        ({"expression": "1 > 2", "messageExpression": "'no ' + object.metadata.name"}, "Invalid", 422, "no a"),
        ({"expression": "false", "messageExpression": "object.zz", "message": "m"}, "Invalid", 422, "m"),
    ],
)
async def test_message_and_reason(validation: dict[str, Any], reason: str, code: int, text: str) -> None:
    error = await denial(validating(policy(validation)))
    assert (error.status_reason, error.status_code) == (reason, code)
    assert error.message.endswith(f"denied request: {text}")


@pytest.mark.parametrize(
    "expression",
    [
        "object.metadata.name == 'a' && oldObject == null",
        "request.operation == 'CREATE' && request.namespace == 'team' && request.userInfo.username == 'alice'",
        "request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && !request.dryRun",
        "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'team'",
        "authorizer.group('').resource('configmaps').namespace('team').check('get').allowed()",
        "!authorizer.requestResource.check('create').allowed()",
        "authorizer.requestResource.check('create').reason() == 'alice asked for configmaps'",
        "authorizer.serviceAccount('a', 'b').path('/x').check('get').allowed()",
    ],
)
async def test_what_expressions_can_see(expression: str) -> None:
    await run(validating(policy(expression)))


async def test_variables_are_evaluated_when_asked_for() -> None:
    variables = [
        {"name": "n", "expression": "object.metadata.name"},
        {"name": "twice", "expression": "variables.n + variables.n"},
        {"name": "broken", "expression": "1 / (object.metadata.name.size() - 1) > 0"},
    ]
    await run(validating(policy("variables.twice == 'aa'", variables=variables)))
    error = await denial(validating(policy("variables.broken", variables=variables)))
    assert 'composited variable "broken" fails to evaluate: division by zero' in error.message


async def test_match_conditions_come_first() -> None:
    conditions = [{"name": "others", "expression": "object.metadata.name != 'a'"}]
    await run(validating(policy("false", matchConditions=conditions)))
    await denial(validating(policy("false", matchConditions=conditions)), obj=config_map(name="b"))


async def test_errors_count_unless_the_failure_policy_ignores_them() -> None:
    error = await denial(validating(policy("object.data.x == '1'")))
    assert "expression 'object.data.x == '1'' resulted in error: no such key: data" in error.message
    await run(validating(policy("object.data.x == '1'", failurePolicy="Ignore")))


TEN = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
COSTLY = (
    f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, {TEN}.all(f, a + b + c + d + e + f > 0))))))"
)


async def test_an_expression_that_costs_too_much_is_an_error_of_its_own() -> None:
    error = await denial(validating(policy(COSTLY, {"expression": "false", "message": "second"})))
    assert error.message.endswith(
        f"expression '{COSTLY}' resulted in error: operation cancelled: actual cost limit exceeded"
    )
    conditions = [{"name": "costly", "expression": COSTLY}, {"name": "no", "expression": "false"}]
    await run(validating(policy("false", matchConditions=conditions)))


async def test_expressions_that_cost_too_much_together_end_the_evaluation() -> None:
    conditions = [{"name": f"costly{number}", "expression": f"{number} > 0 && {COSTLY}"} for number in range(1, 4)]
    error = await denial(validating(policy("true", matchConditions=conditions)))
    assert error.message.endswith(
        "validation failed due to running out of cost budget, no further validation rules will be run"
    )


async def test_warn_and_audit_let_the_request_pass() -> None:
    reader = validating(policy({"expression": "false", "message": "m"}), bindings=[binding("Warn", "Audit")])
    write = await run(reader)
    assert write.warnings == ["Validation failed for ValidatingAdmissionPolicy 'pol' with binding 'bind': m"]
    [text] = write.audit_annotations.values()
    assert msgspec.json.decode(text)[0]["message"] == "m"


async def test_audit_annotations_are_published() -> None:
    annotations = [{"key": "who", "valueExpression": "'by ' + request.userInfo.username"}]
    write = await run(validating(policy("true", auditAnnotations=annotations)))
    assert write.audit_annotations == {"pol/who": "by alice"}


PARAM_KIND = {"apiVersion": "v1", "kind": "ConfigMap"}


@pytest.mark.parametrize(
    "ref",
    [
        {"name": "p", "namespace": "team", "parameterNotFoundAction": "Deny"},
        {"name": "p", "parameterNotFoundAction": "Deny"},
        {"selector": {"matchLabels": {"for": "pol"}}, "parameterNotFoundAction": "Deny"},
    ],
)
async def test_parameters_come_from_the_binding(ref: dict[str, Any]) -> None:
    param = {**config_map(name="p", labels={"for": "pol"}), "data": {"max": "3"}}
    reader = validating(
        policy("int(params.data.max) == 4", paramKind=PARAM_KIND),
        bindings=[binding("Deny", paramRef=ref)],
        configmaps=[param],
    )
    error = await denial(reader)
    assert error.message.endswith("failed expression: int(params.data.max) == 4")
    param["data"]["max"] = "4"
    await run(reader)


async def test_missing_parameters_deny_only_if_the_binding_says_so() -> None:
    ref = {"name": "p", "parameterNotFoundAction": "Deny"}
    guarded = policy("params.data.max == '1'", paramKind=PARAM_KIND)
    error = await denial(validating(guarded, bindings=[binding("Deny", paramRef=ref)]))
    assert "failed to configure binding: no params found" in error.message
    ref["parameterNotFoundAction"] = "Allow"
    await run(validating(guarded, bindings=[binding("Deny", paramRef=ref)]))


async def test_an_unknown_parameter_kind_is_an_error() -> None:
    guarded = policy("true", paramKind={"apiVersion": "x/v1", "kind": "Odd"})
    error = await denial(validating(guarded, bindings=[binding("Deny", paramRef={"name": "p"})]))
    assert "failed to find resource referenced by paramKind: 'x/v1, Kind=Odd'" in error.message


@pytest.mark.parametrize(
    ("constraints", "denied"),
    [
        ({}, True),
        ({"objectSelector": {"matchLabels": {"guard": "yes"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}, False),
        ({"excludeResourceRules": [{"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"],
                                    "resources": ["configmaps"], "resourceNames": ["a"]}]}, False),
        ({"excludeResourceRules": [{"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"],
                                    "resources": ["configmaps"], "resourceNames": ["b"]}]}, True),
    ],
)  # fmt: skip
async def test_constraints_decide_what_is_looked_at(constraints: dict[str, Any], denied: bool) -> None:
    reader = validating(policy("false", constraints=constraints))
    if denied:
        await denial(reader)
    else:
        await run(reader)


async def test_a_binding_can_narrow_its_policy() -> None:
    other = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}
    await run(validating(policy("false"), bindings=[binding("Deny", matchResources=other)]))


async def test_deletion_shows_the_old_object_only() -> None:
    expression = "request.operation == 'DELETE' && object == null && oldObject.metadata.name == 'a'"
    await run(validating(policy(expression)), operation="DELETE", old=config_map())


async def test_a_changed_policy_is_compiled_anew() -> None:
    stage, reader = validating_stage(), validating(policy("false"))
    with pytest.raises(APIError):
        await stage.validate(attributes(reader=reader))
    reader.resources["validatingadmissionpolicies"] = [policy("true")]
    await stage.validate(attributes(reader=reader))


async def test_a_stored_expression_that_does_not_compile_fails_the_request() -> None:
    error = await denial(validating(policy("object.")))
    assert "compilation failed" in error.message
