"""Webhook configurations and admission policies: what is refused, and what a change may leave as it was."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import World, created, decoded, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.strategy import Object

VERSION = "admissionregistration.k8s.io/v1"
PODS = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
REMOVAL = "[JSONPatch{op: 'remove', path: '/spec'}]"
JSON_PATCH = {"patchType": "JSONPatch", "jsonPatch": {"expression": REMOVAL}}


def hook(**fields: object) -> Object:
    service = {"name": "s", "namespace": "n"}
    return {
        "name": "a.b.c", "clientConfig": {"service": service}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "rules": [PODS], **fields,
    }  # fmt: skip


def configuration(*hooks: Object) -> Object:
    return {"metadata": {}, "webhooks": list(hooks)}


def policy(**spec: object) -> Object:
    rules = {"resourceRules": [PODS]}
    return {"metadata": {}, "spec": {"matchConstraints": rules, "validations": [{"expression": "true"}], **spec}}


def mutating(**spec: object) -> Object:
    return policy(**{"mutations": [JSON_PATCH], "reinvocationPolicy": "Never", **spec})


def binding(**spec: object) -> Object:
    return {"metadata": {}, "spec": {"policyName": "p", "validationActions": ["Deny"], **spec}}


def causes(*wrong: tuple[str, str]) -> list[tuple[str, str]]:
    return sorted((field, f"FieldValue{reason}") for field, reason in wrong)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"rules": [{**PODS, "resources": ["*", "pods"]}]}, [("rules[0].resources", "Invalid")]),
        ({"rules": [{**PODS, "resources": ["pods/*", "pods/log"]}]}, [("rules[0].resources[1]", "Invalid")]),
        ({"rules": [{**PODS, "resources": ["pods", "pods"]}]}, []),
        ({"admissionReviewVersions": ["v1", "v1"]}, [("admissionReviewVersions[1]", "Invalid")]),
        ({"admissionReviewVersions": ["v9"]}, [("admissionReviewVersions", "Invalid")]),
        ({"sideEffects": "Some"}, [("sideEffects", "NotSupported")]),
        ({"matchConditions": [{"name": f"a{n}", "expression": "true"} for n in range(65)]},
         [("matchConditions", "TooMany")]),
        ({"matchConditions": [{"expression": "true"}] * 2},
         [("matchConditions[0].name", "Required"), ("matchConditions[1].name", "Required")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_webhook(fields: Object, wrong: list[tuple[str, str]]) -> None:
    found = problems(VERSION, "ValidatingWebhookConfiguration", configuration(hook(**fields)))
    assert found == causes(*((f"webhooks[0].{field}", reason) for field, reason in wrong))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"sideEffects": "Some"}, "sideEffects"),
        ({"admissionReviewVersions": ["v9"]}, "admissionReviewVersions"),
        ({"matchConditions": [{"name": "a", "expression": "1 +"}]}, "matchConditions[0].expression"),
    ],
)
def test_what_was_wrong_with_a_webhook_may_stay_so(fields: Object, name: str) -> None:
    kind = "ValidatingWebhookConfiguration"
    rules = strategy(VERSION, kind)
    good, bad = (decoded(VERSION, kind, configuration(hook(**one))) for one in ({}, fields))
    assert [cause.field for cause in rules.validate_update(bad, good, World())] == [f"webhooks[0].{name}"]
    assert rules.validate_update(bad, bad, World()) == []


def test_names_that_were_shared_may_stay_so() -> None:
    kind = "MutatingWebhookConfiguration"
    rules = strategy(VERSION, kind)
    one, two = (decoded(VERSION, kind, configuration(*[hook()] * count)) for count in (1, 2))
    found = rules.validate_update(two, one, World())
    assert fields_and_reasons(found) == causes(("webhooks[1].name", "Duplicate"))
    assert rules.validate_update(two, two, World()) == []


@pytest.mark.parametrize(
    ("kind", "body", "wrong"),
    [
        ("ValidatingAdmissionPolicy", policy(paramKind={"apiVersion": "a/b/c", "kind": "K"}),
         [("paramKind.apiVersion", "Invalid")]),
        ("ValidatingAdmissionPolicy", policy(paramKind={"apiVersion": "a_b/1", "kind": "K_"}),
         [("paramKind.apiVersion", "Invalid"), ("paramKind.apiVersion", "Invalid"), ("paramKind.kind", "Invalid")]),
        ("ValidatingAdmissionPolicy", policy(validations=[{"expression": "true", "reason": "Unauthorized"}]),
         [("validations[0].reason", "NotSupported")]),
        ("ValidatingAdmissionPolicy", policy(variables=[{"name": "for", "expression": "1"}]),
         [("variables[0].name", "Invalid")]),
        ("ValidatingAdmissionPolicy", policy(auditAnnotations=[{"key": "k", "valueExpression": "'v'"}] * 2),
         [("auditAnnotations[1].key", "Duplicate")]),
        ("ValidatingAdmissionPolicy", policy(matchConstraints={"resourceRules": [
            {**PODS, "resourceNames": ["a", "a", "b/c"]}]}),
         [("matchConstraints.resourceRules[0].resourceNames[1]", "Duplicate"),
          ("matchConstraints.resourceRules[0].resourceNames[2]", "Invalid")]),
        ("MutatingAdmissionPolicy", mutating(matchConstraints={"resourceRules": [{**PODS, "operations": ["DELETE"]}]}),
         [("matchConstraints.resourceRules.operations", "NotSupported")]),
        ("MutatingAdmissionPolicy", mutating(mutations=[{**JSON_PATCH, "applyConfiguration": {"expression": "x"}}]),
         [("mutations[0].applyConfiguration", "Invalid")]),
        ("MutatingAdmissionPolicy", mutating(mutations=[{"patchType": "JSONPatch"}]),
         [("mutations[0].jsonPatch", "Required")]),
        ("ValidatingAdmissionPolicyBinding", binding(paramRef={}),
         [("paramRef", "Required"), ("paramRef.parameterNotFoundAction", "Required")]),
        ("ValidatingAdmissionPolicyBinding", binding(paramRef={"name": "A B"}),
         [("paramRef.parameterNotFoundAction", "Required")]),
        ("ValidatingAdmissionPolicyBinding", binding(paramRef={"name": "..", "parameterNotFoundAction": "Skip"}),
         [("paramRef.name", "Invalid"), ("paramRef.parameterNotFoundAction", "NotSupported")]),
        ("MutatingAdmissionPolicyBinding", binding(matchResources={"resourceRules": [
            {**PODS, "operations": ["DELETE"]}]}),
         [("matchResources.resourceRules.operations", "NotSupported")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_policy(kind: str, body: Object, wrong: list[tuple[str, str]]) -> None:
    assert problems(VERSION, kind, body) == causes(*((f"spec.{field}", reason) for field, reason in wrong))


def test_conditions_of_a_policy_are_looked_at_when_they_or_its_parameters_change() -> None:
    kind = "ValidatingAdmissionPolicy"
    rules = strategy(VERSION, kind)
    conditions = [{"name": "a", "expression": "params.a == 1"}]
    before = decoded(VERSION, kind, policy(matchConditions=conditions, paramKind={"apiVersion": "v1", "kind": "K"}))
    assert rules.validate_update(before, before, World()) == []
    after = decoded(VERSION, kind, policy(matchConditions=conditions))
    found = fields_and_reasons(rules.validate_update(after, before, World()))
    assert found == causes(("spec.matchConditions[0].expression", "Invalid"))
    assert rules.validate_update(after, after, World()) == []


def test_the_status_of_a_policy() -> None:
    kind = "ValidatingAdmissionPolicy"
    old, new = (created(VERSION, kind, policy()) for _ in range(2))
    condition = {"type": "A", "status": "Maybe", "reason": "a b"}
    new["status"] = {"typeChecking": {"expressionWarnings": [{"fieldRef": "spec"}]}, "conditions": [condition] * 2}
    found = fields_and_reasons(strategy(VERSION, kind).validate_status_update(new, old, World()))
    one = [("status", "NotSupported"), ("lastTransitionTime", "Required"), ("reason", "Invalid")]
    assert found == causes(
        ("status.typeChecking.expressionWarnings[0].warning", "Required"),
        ("status.conditions[1].type", "Duplicate"),
        *((f"status.conditions[{index}].{field}", reason) for index in (0, 1) for field, reason in one),
    )
