"""Webhook configurations, admission policies and their bindings.

After ``pkg/apis/admissionregistration`` (defaults, validation); CEL expressions are checked by
`admission/policy/checks.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from kubewright.apiserver.admission.policy.checks import check_match_conditions, check_policy_expressions
from kubewright.apiserver.registry.builtin.base import (
    ALL_METADATA,
    BuiltinStrategy,
    age,
    columns,
    name_of,
    selector_text,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    label_selector,
    one_of,
    optional_one_of,
    port_number,
    problems,
    unique,
)
from kubewright.apiserver.registry.metadata_rules import is_dns1035_label, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required

Spec = dict[str, Any]

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
_FAILURE_POLICIES = ("Fail", "Ignore")
_MATCH_POLICIES = ("Equivalent", "Exact")
_REINVOCATION = ("IfNeeded", "Never")
_REVIEW_VERSIONS = ("v1", "v1beta1")
_ONE_OF_TWO = "exactly one of url or service is required"


def _default_rules(rules: list[Spec] | None) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")


class WebhookConfigurationStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns("Webhooks:integer", "Age")
    generation = True
    mutating: ClassVar[bool] = False

    def default(self, obj: Object) -> None:
        for webhook in obj.get("webhooks") or ():
            webhook.setdefault("failurePolicy", "Fail")
            webhook.setdefault("matchPolicy", "Equivalent")
            webhook.setdefault("namespaceSelector", {})
            webhook.setdefault("objectSelector", {})
            webhook.setdefault("timeoutSeconds", 10)
            if self.mutating:
                webhook.setdefault("reinvocationPolicy", "Never")
            service = (webhook.get("clientConfig") or {}).get("service")
            if service is not None:
                service.setdefault("port", 443)
            _default_rules(webhook.get("rules"))

    def rules(self, obj: Object) -> list[Cause]:
        webhooks = obj.get("webhooks") or []
        causes: list[Cause] = []
        for index, webhook in enumerate(webhooks):
            causes += self._webhook(webhook, f"webhooks[{index}]")
        for index, name in unique(webhook.get("name", "") for webhook in webhooks):
            causes.append(duplicate(f"webhooks[{index}].name", name))
        return causes

    def _webhook(self, webhook: Spec, path: str) -> list[Cause]:
        name = webhook.get("name", "")
        causes = _full_name(name, f"{path}.name")
        for index, rule in enumerate(webhook.get("rules") or ()):
            causes += validate_rule(rule, f"{path}.rules[{index}]")
        causes += optional_one_of(webhook.get("failurePolicy"), _FAILURE_POLICIES, f"{path}.failurePolicy")
        causes += optional_one_of(webhook.get("matchPolicy"), _MATCH_POLICIES, f"{path}.matchPolicy")
        effects = webhook.get("sideEffects")
        if effects is None:
            causes.append(required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun"))
        else:
            causes += one_of(effects, ("None", "NoneOnDryRun"), f"{path}.sideEffects")
        if "timeoutSeconds" in webhook and not 1 <= webhook["timeoutSeconds"] <= 30:
            text = "the timeout value must be between 1 and 30 seconds"
            causes.append(invalid(f"{path}.timeoutSeconds", webhook["timeoutSeconds"], text))
        for selector in ("namespaceSelector", "objectSelector"):
            causes += label_selector(webhook.get(selector), f"{path}.{selector}")
        causes += validate_client_config(webhook.get("clientConfig") or {}, f"{path}.clientConfig")
        causes += validate_review_versions(webhook.get("admissionReviewVersions"), f"{path}.admissionReviewVersions")
        if self.mutating:
            causes += optional_one_of(webhook.get("reinvocationPolicy"), _REINVOCATION, f"{path}.reinvocationPolicy")
        conditions = webhook.get("matchConditions") or []
        causes += validate_match_conditions(conditions, f"{path}.matchConditions")
        return causes + check_match_conditions(conditions, f"{path}.matchConditions")

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), len(obj.get("webhooks") or ()), age(obj)]


class MutatingWebhookConfigurationStrategy(WebhookConfigurationStrategy):
    mutating = True


def _full_name(name: str, field: str) -> list[Cause]:
    """A name of at least three labels, so that it belongs to someone's domain."""
    if not name:
        return [required(field)]
    if found := is_dns_subdomain(name):
        return problems(found, name, field)
    if name.count(".") < 2:
        return [invalid(field, name, "should be a domain with at least three segments separated by dots")]
    return []


def validate_rule(rule: Spec, path: str) -> list[Cause]:
    """A ``RuleWithOperations``."""
    causes: list[Cause] = []
    operations = rule.get("operations") or []
    if not operations:
        causes.append(required(f"{path}.operations"))
    if len(operations) > 1 and "*" in operations:
        text = "if '*' is present, must not specify other operations"
        causes.append(invalid(f"{path}.operations", operations, text))
    for index, operation in enumerate(operations):
        causes += optional_one_of(operation, _OPERATIONS, f"{path}.operations[{index}]")
    for name, what in (("apiGroups", "API groups"), ("apiVersions", "API versions"), ("resources", "resources")):
        values = rule.get(name) or []
        at = f"{path}.{name}"
        if not values:
            causes.append(required(at))
        if name != "resources" and len(values) > 1 and "*" in values:
            causes.append(invalid(at, values, f"if '*' is present, must not specify other {what}"))
        if name != "apiGroups":
            causes += [required(f"{at}[{index}]") for index, value in enumerate(values) if not value]
    causes += _resources(rule.get("resources") or [], f"{path}.resources")
    return causes + optional_one_of(rule.get("scope"), _SCOPES, f"{path}.scope")


def _resources(resources: list[str], field: str) -> list[Cause]:
    """Each resource may be named once: a wildcard stands for all."""
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, resource in enumerate(resources):
        plain, slash, sub = resource.partition("/")
        if resource in seen:
            causes.append(duplicate(f"{field}[{index}]", resource))
        if slash and f"*/{sub}" in seen and plain != "*":
            text = f"if '*/{sub}' is present, must not specify {resource}"
            causes.append(invalid(f"{field}[{index}]", resource, text))
        if slash and f"{plain}/*" in seen and sub != "*":
            text = f"if '{plain}/*' is present, must not specify {resource}"
            causes.append(invalid(f"{field}[{index}]", resource, text))
        seen.add(resource)
    if len(resources) > 1 and "*/*" in resources:
        text = "if '*/*' is present, must not specify other resources"
        causes.append(invalid(field, resources, text))
    return causes


def validate_client_config(config: Spec, path: str) -> list[Cause]:
    """Where a webhook is: a URL or a Service, not both."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, _ONE_OF_TWO)]
    return _url(url, f"{path}.url") if url is not None else validate_service_reference(service or {}, f"{path}.service")


def _url(url: str, field: str) -> list[Cause]:
    """``ValidateWebhookURL``: HTTPS, without user, query or fragment."""
    form = "; desired format: https://host[/path]"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return [required(field, f"url must be a valid URL: {error}{form}")]
    causes: list[Cause] = []
    if parts.scheme != "https":
        causes.append(invalid(field, parts.scheme, f"'https' is the only allowed URL scheme{form}"))
    if not parts.netloc:
        causes.append(invalid(field, parts.netloc, f"host must be specified{form}"))
    if parts.username is not None:
        causes.append(invalid(field, parts.username, "user information is not permitted in the URL"))
    if parts.fragment:
        causes.append(invalid(field, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        causes.append(invalid(field, parts.query, "query parameters are not permitted in the URL"))
    return causes


def validate_service_reference(service: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if not service.get("name"):
        causes.append(required(f"{path}.name", "service name is required"))
    if not service.get("namespace"):
        causes.append(required(f"{path}.namespace", "service namespace is required"))
    causes += [
        invalid(f"{path}.port", service["port"], f"port is not valid: {cause.message.rpartition(': ')[2]}")
        for cause in port_number(service.get("port", 443), f"{path}.port")
    ]
    return causes + _service_path(service.get("path"), f"{path}.path")


def _service_path(url_path: str | None, field: str) -> list[Cause]:
    if not url_path or url_path == "/":
        return []
    if not url_path.startswith("/"):
        return [invalid(field, url_path, "must start with a '/'")]
    causes: list[Cause] = []
    for index, step in enumerate(url_path[1:].removesuffix("/").split("/")):
        if not step:
            causes.append(invalid(field, url_path, f"segment[{index}] may not be empty"))
        else:
            texts = (f"segment[{index}]: {problem}" for problem in is_dns_subdomain(step))
            causes += problems(texts, url_path, field)
    return causes


def validate_review_versions(versions: list[str] | None, field: str) -> list[Cause]:
    if not versions:
        return [required(field, "must specify one of v1, v1beta1")]
    causes: list[Cause] = []
    for index, version in unique(versions):
        causes.append(invalid(f"{field}[{index}]", version, "duplicate version"))
    for index, version in enumerate(versions):
        causes += problems(is_dns1035_label(version), version, f"{field}[{index}]")
    if not set(versions) & set(_REVIEW_VERSIONS):
        text = "must include at least one of v1, v1beta1"
        causes.append(invalid(field, versions, text))
    return causes


def validate_match_conditions(conditions: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    if len(conditions) > 64:
        causes.append(invalid(field, len(conditions), "must have at most 64 items"))
    for index, condition in enumerate(conditions):
        path = f"{field}[{index}]"
        name = condition.get("name", "")
        causes += problems(is_qualified_name(name), name, f"{path}.name") if name else [required(f"{path}.name")]
        if not (condition.get("expression") or "").strip():
            causes.append(required(f"{path}.expression"))
    for index, name in unique(condition.get("name", "") for condition in conditions):
        causes.append(duplicate(f"{field}[{index}].name", name))
    return causes


def _default_match(match: Spec | None) -> None:
    if match is None:
        return
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for rules in ("resourceRules", "excludeResourceRules"):
        _default_rules(match.get(rules))


def _match_resources(match: Spec, path: str, *, constraints: bool) -> list[Cause]:
    causes: list[Cause] = []
    if constraints and not match.get("resourceRules"):
        causes.append(required(f"{path}.resourceRules"))
    for rules in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(rules) or ()):
            causes += validate_rule(rule, f"{path}.{rules}[{index}]")
    for selector in ("namespaceSelector", "objectSelector"):
        causes += label_selector(match.get(selector), f"{path}.{selector}")
    return causes + optional_one_of(match.get("matchPolicy"), _MATCH_POLICIES, f"{path}.matchPolicy")


class AdmissionPolicyStrategy(BuiltinStrategy):
    """What validating and mutating policies share."""

    allow_unconditional_update = False
    generation = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("failurePolicy", "Fail")
        _default_match(spec.get("matchConstraints"))

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        kind = spec.get("paramKind")
        if kind is not None:
            causes += [required(f"spec.paramKind.{name}") for name in ("apiVersion", "kind") if not kind.get(name)]
        if spec.get("matchConstraints") is None:
            causes.append(required("spec.matchConstraints"))
        else:
            causes += _match_resources(spec["matchConstraints"], "spec.matchConstraints", constraints=True)
        causes += optional_one_of(spec.get("failurePolicy"), _FAILURE_POLICIES, "spec.failurePolicy")
        causes += validate_match_conditions(spec.get("matchConditions") or [], "spec.matchConditions")
        for index, variable in enumerate(spec.get("variables") or ()):
            path = f"spec.variables[{index}]"
            if not variable.get("name"):
                causes.append(required(f"{path}.name"))
            if not (variable.get("expression") or "").strip():
                causes.append(required(f"{path}.expression"))
        return causes + check_policy_expressions(spec)


class ValidatingAdmissionPolicyStrategy(AdmissionPolicyStrategy):
    columns = columns("Validations:integer", "ParamKind", "Age")
    status = True
    status_keeps = ALL_METADATA

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = super().rules(obj)
        validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
        if not validations and not annotations:
            text = "validations or auditAnnotations must contain at least one item"
            causes += [required("spec.validations", text), required("spec.auditAnnotations", text)]
        for index, validation in enumerate(validations):
            path = f"spec.validations[{index}]"
            if not (validation.get("expression") or "").strip():
                causes.append(required(f"{path}.expression", "expression is not specified"))
            reason = validation.get("reason")
            reasons = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
            if reason is not None and reason not in reasons:
                causes.append(not_supported(f"{path}.reason", reason, reasons))
        for index, annotation in enumerate(annotations):
            path = f"spec.auditAnnotations[{index}]"
            key = annotation.get("key", "")
            causes += problems(is_qualified_name(f"{name_of(obj)}/{key}"), key, f"{path}.key") if key else [
                required(f"{path}.key")
            ]  # fmt: skip
            if not (annotation.get("valueExpression") or "").strip():
                causes.append(required(f"{path}.valueExpression", "valueExpression is not specified"))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        return [name_of(obj), len(spec.get("validations") or ()), _param_kind(spec), age(obj)]


class MutatingAdmissionPolicyStrategy(AdmissionPolicyStrategy):
    columns = columns("Mutations:integer", "ParamKind", "Age")

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = super().rules(obj)
        mutations = spec.get("mutations") or []
        if not mutations:
            causes.append(required("spec.mutations", "mutations must contain at least one item"))
        for index, mutation in enumerate(mutations):
            causes += _mutation(mutation, f"spec.mutations[{index}]")
        return causes + one_of(spec.get("reinvocationPolicy"), _REINVOCATION, "spec.reinvocationPolicy")

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        return [name_of(obj), len(spec.get("mutations") or ()), _param_kind(spec), age(obj)]


def _mutation(mutation: Spec, path: str) -> list[Cause]:
    kind = mutation.get("patchType", "")
    fields = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
    if kind not in fields:
        return one_of(kind, fields, f"{path}.patchType")
    causes: list[Cause] = []
    for name, field in fields.items():
        at = f"{path}.{field}"
        if name != kind and field in mutation:
            causes.append(forbidden(at, f"must not specify {field} when patchType is {kind}"))
        elif name == kind and not ((mutation.get(field) or {}).get("expression") or "").strip():
            causes.append(required(f"{at}.expression" if field in mutation else at))
    return causes


def _param_kind(spec: Spec) -> str:
    kind = spec.get("paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else "<unset>"


class PolicyBindingStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns("PolicyName", "ParamRef", "Age")
    generation = True

    def default(self, obj: Object) -> None:
        _default_match(obj["spec"].get("matchResources"))

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        name = spec.get("policyName", "")
        causes = problems(is_dns_subdomain(name), name, "spec.policyName") if name else [required("spec.policyName")]
        if reference := spec.get("paramRef"):
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
        causes += problems(is_dns_subdomain(name), name, f"{path}.name")
    elif selector is None:
        causes.append(required(path, "one of name or selector must be specified"))
    causes += label_selector(selector, f"{path}.selector")
    action = reference.get("parameterNotFoundAction")
    if action is None:
        return [*causes, required(f"{path}.parameterNotFoundAction")]
    return causes + one_of(action, ("Allow", "Deny"), f"{path}.parameterNotFoundAction")


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
