"""Validating and mutating admission policies, and their bindings.

After ``pkg/apis/admissionregistration`` (defaults, validation); CEL expressions are checked by
`admission/policy/checks.py`.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.admission.policy.checks import check_policy_expressions
from kubewright.apiserver.registry.builtin.admissionregistration import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    REINVOCATION_POLICIES,
    Spec,
    default_rules,
    validate_match_conditions,
    validate_rule,
)
from kubewright.apiserver.registry.builtin.base import (
    ALL_METADATA,
    BuiltinStrategy,
    age,
    columns,
    name_of,
    same,
    selector_text,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    label_selector,
    one_of,
    optional_one_of,
    problems,
    unique,
    validate_conditions,
)
from kubewright.apiserver.registry.metadata_rules import (
    is_dns1035_label,
    is_dns_subdomain,
    is_qualified_name,
    path_segment,
)
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required

_MUTABLE = ("*", "CONNECT", "CREATE", "UPDATE")
"""Operations with an object that can still be changed."""
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_MAX_ANNOTATIONS = 20
_PATCHES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


def _default_match(match: Spec | None) -> None:
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for rules in ("resourceRules", "excludeResourceRules"):
        default_rules(match.get(rules))


def _match_resources(match: Spec, path: str, *, constraints: bool) -> list[Cause]:
    causes = one_of(match.get("matchPolicy"), MATCH_POLICIES, f"{path}.matchPolicy")
    for selector in ("namespaceSelector", "objectSelector"):
        causes += label_selector(match.get(selector), f"{path}.{selector}")
    for rules in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(rules) or ()):
            at = f"{path}.{rules}[{index}]"
            names = rule.get("resourceNames") or []
            for place, name in enumerate(names):
                causes += problems(path_segment(name, False), name, f"{at}.resourceNames[{place}]")
            causes += [duplicate(f"{at}.resourceNames[{place}]", name) for place, name in unique(names)]
            causes += validate_rule(rule, at)
    if constraints and not match.get("resourceRules"):
        causes.append(required(f"{path}.resourceRules"))
    return causes


def _mutable_operations(match: Spec | None, path: str) -> list[Cause]:
    """What is deleted cannot be changed first."""
    rules = (match or {}).get("resourceRules") or ()
    given = [operation for rule in rules for operation in rule.get("operations") or ()]
    at = f"{path}.resourceRules.operations"
    return [not_supported(at, operation, _MUTABLE) for operation in given if operation not in _MUTABLE]


class AdmissionPolicyStrategy(BuiltinStrategy):
    """What validating and mutating policies share."""

    any_finalizers = True
    allow_unconditional_update = False
    generation = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("failurePolicy", "Fail")
        _default_match(spec.get("matchConstraints"))

    def rules(self, obj: Object) -> list[Cause]:
        return self._rules(obj)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        return self._rules(obj, all(same(new.get(name), before.get(name)) for name in ("paramKind", "matchConditions")))

    def _rules(self, obj: Object, known_conditions: bool = False) -> list[Cause]:
        """What must hold; conditions that were looked at before may be passed over."""
        spec = obj["spec"]
        causes = one_of(spec.get("failurePolicy"), FAILURE_POLICIES, "spec.failurePolicy")
        if spec.get("paramKind") is not None:
            causes += _param_kind_rules(spec["paramKind"], "spec.paramKind")
        if spec.get("matchConstraints") is None:
            causes.append(required("spec.matchConstraints"))
        else:
            causes += _match_resources(spec["matchConstraints"], "spec.matchConstraints", constraints=True)
        if not known_conditions:
            causes += validate_match_conditions(spec.get("matchConditions") or [], "spec.matchConditions")
        for index, variable in enumerate(spec.get("variables") or ()):
            for name in ("name", "expression"):
                if not (variable.get(name) or "").strip():
                    causes.append(required(f"spec.variables[{index}].{name}", f"{name} is not specified"))
        checked = {key: value for key, value in spec.items() if key != "matchConditions" or not known_conditions}
        return causes + check_policy_expressions(checked)


def _param_kind_rules(kind: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    api_version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    group, _, version = api_version.rpartition("/")
    at = f"{path}.apiVersion"
    if not api_version:
        causes.append(required(at))
    elif api_version.count("/") > 1:
        causes.append(invalid(at, api_version, f"unexpected GroupVersion string: {api_version}"))
    else:
        if group and (found := is_dns_subdomain(group)):
            causes.append(invalid(at, group, ",".join(found)))
        if not version:
            causes.append(invalid(at, api_version, "version must be specified"))
        elif found := is_dns1035_label(version):
            causes.append(invalid(at, version, ",".join(found)))
    if not name:
        causes.append(required(f"{path}.kind"))
    elif found := is_dns1035_label(name.lower()):
        text = "may have mixed case, but should otherwise match: " + ",".join(found)
        causes.append(invalid(f"{path}.kind", name, text))
    return causes


class ValidatingAdmissionPolicyStrategy(AdmissionPolicyStrategy):
    columns = columns("Validations:integer", "ParamKind", "Age")
    status = True
    status_keeps = ALL_METADATA

    def _rules(self, obj: Object, known_conditions: bool = False) -> list[Cause]:
        spec = obj["spec"]
        causes = super()._rules(obj, known_conditions)
        validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
        if not validations and not annotations:
            text = "validations or auditAnnotations must contain at least one item"
            causes += [required("spec.validations", text), required("spec.auditAnnotations", text)]
        for index, validation in enumerate(validations):
            path = f"spec.validations[{index}]"
            if not (validation.get("expression") or "").strip():
                causes.append(required(f"{path}.expression", "expression is not specified"))
            causes += optional_one_of(validation.get("reason"), _REASONS, f"{path}.reason")
        if len(annotations) > _MAX_ANNOTATIONS:
            text = f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"
            causes.append(invalid("spec.auditAnnotations", annotations, text))
        for index, annotation in enumerate(annotations):
            path = f"spec.auditAnnotations[{index}]"
            key = f"{name_of(obj)}/{annotation.get('key', '')}"
            causes += problems(is_qualified_name(key), key, f"{path}.key")
            if not (annotation.get("valueExpression") or "").strip():
                causes.append(required(f"{path}.valueExpression", "valueExpression is not specified"))
        keys = (annotation.get("key", "") for annotation in annotations)
        return causes + [duplicate(f"spec.auditAnnotations[{index}].key", key) for index, key in unique(keys)]

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj.get("status") or {}
        causes: list[Cause] = []
        for index, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or ()):
            path = f"status.typeChecking.expressionWarnings[{index}]"
            causes += [required(f"{path}.{name}") for name in ("warning", "fieldRef") if not warning.get(name)]
        return causes + validate_conditions(status.get("conditions") or [], "status.conditions")

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        return [name_of(obj), len(spec.get("validations") or ()), _param_kind(spec), age(obj)]


class MutatingAdmissionPolicyStrategy(AdmissionPolicyStrategy):
    columns = columns("Mutations:integer", "ParamKind", "Age")

    def _rules(self, obj: Object, known_conditions: bool = False) -> list[Cause]:
        spec = obj["spec"]
        causes = super()._rules(obj, known_conditions)
        causes += _mutable_operations(spec.get("matchConstraints"), "spec.matchConstraints")
        mutations = spec.get("mutations") or []
        if not mutations:
            causes.append(required("spec.mutations", "mutations must contain at least one item"))
        for index, mutation in enumerate(mutations):
            causes += _mutation(mutation, f"spec.mutations[{index}]")
        return causes + one_of(spec.get("reinvocationPolicy"), REINVOCATION_POLICIES, "spec.reinvocationPolicy")

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        return [name_of(obj), len(spec.get("mutations") or ()), _param_kind(spec), age(obj)]


def _mutation(mutation: Spec, path: str) -> list[Cause]:
    kind = mutation.get("patchType", "")
    if kind not in _PATCHES:
        return one_of(kind, _PATCHES, f"{path}.patchType")
    causes: list[Cause] = []
    for name, field in _PATCHES.items():
        at, given = f"{path}.{field}", mutation.get(field)
        if name != kind:
            text = f"must not be specified when patchType is {kind}"
            causes += [invalid(at, f"{{{field}}}", text)] if given is not None else []
        elif given is None:
            causes.append(required(at, f"must be specified when patchType is {kind}"))
        elif not (given.get("expression") or "").strip():
            causes.append(required(f"{at}.expression"))
    return causes


def _param_kind(spec: Spec) -> str:
    kind = spec.get("paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else "<unset>"


class PolicyBindingStrategy(BuiltinStrategy):
    any_finalizers = True
    allow_unconditional_update = False
    columns = columns("PolicyName", "ParamRef", "Age")
    generation = True

    def default(self, obj: Object) -> None:
        _default_match(obj["spec"].get("matchResources"))

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        name = spec.get("policyName", "")
        causes = problems(is_dns_subdomain(name), name, "spec.policyName") if name else [required("spec.policyName")]
        if (reference := spec.get("paramRef")) is not None:
            causes += _param_reference(reference, "spec.paramRef")
        if spec.get("matchResources"):
            causes += _match_resources(spec["matchResources"], "spec.matchResources", constraints=False)
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        reference = spec.get("paramRef")
        text = "<unset>"
        if reference and reference.get("name"):
            text = f"{reference.get('namespace') or '*'}/{reference['name']}"
        elif reference:
            text = selector_text(reference.get("selector"))
        return [name_of(obj), spec.get("policyName", ""), text, age(obj)]


def _param_reference(reference: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    name, selector = reference.get("name"), reference.get("selector")
    if name:
        if selector is not None:
            text = "name and selector are mutually exclusive"
            causes += [forbidden(f"{path}.name", text), forbidden(f"{path}.selector", text)]
        causes += problems(path_segment(name, False), name, f"{path}.name")
    elif selector is None:
        causes.append(required(path, "one of name or selector must be specified"))
    causes += label_selector(selector, f"{path}.selector")
    action = reference.get("parameterNotFoundAction")
    return causes + one_of(action, ("Allow", "Deny"), f"{path}.parameterNotFoundAction")


class MutatingPolicyBindingStrategy(PolicyBindingStrategy):
    def rules(self, obj: Object) -> list[Cause]:
        return super().rules(obj) + _mutable_operations(obj["spec"].get("matchResources"), "spec.matchResources")


class ValidatingPolicyBindingStrategy(PolicyBindingStrategy):
    def rules(self, obj: Object) -> list[Cause]:
        causes = super().rules(obj)
        field = "spec.validationActions"
        actions = obj["spec"].get("validationActions") or []
        if not actions:
            causes.append(required(field, "at least one validation action is required"))
        for index, action in enumerate(actions):
            causes += optional_one_of(action, ("Audit", "Deny", "Warn"), f"{field}[{index}]")
        causes += [duplicate(f"{field}[{index}]", action) for index, action in unique(actions)]
        if {"Deny", "Warn"} <= set(actions):
            text = (
                "must not contain both Deny and Warn (repeating the same validation failure information "
                "in the API response and headers serves no purpose)"
            )
            causes.append(invalid(field, actions, text))
        return causes
