"""Webhook configurations, and the rules about what a webhook or a policy applies to.

After ``pkg/apis/admissionregistration`` (defaults, validation); CEL expressions are checked by
`admission/policy/checks.py`.  Policies and their bindings are in `admission_policies.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

from kubewright.apiserver.admission.policy.checks import check_match_conditions
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import (
    label_selector,
    optional_one_of,
    port_number,
    problems,
    unique,
)
from kubewright.apiserver.registry.metadata_rules import is_dns1035_label, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, invalid, required, too_many

Spec = dict[str, Any]

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")
FAILURE_POLICIES = ("Fail", "Ignore")
MATCH_POLICIES = ("Equivalent", "Exact")
REINVOCATION_POLICIES = ("IfNeeded", "Never")
_REVIEW_VERSIONS = ("v1", "v1beta1")
_NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
_ONE_OF_TWO = "exactly one of url or service is required"


def default_rules(rules: list[Spec] | None) -> None:
    for rule in rules or ():
        rule.setdefault("scope", "*")


class WebhookConfigurationStrategy(BuiltinStrategy):
    any_finalizers = True
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
            default_rules(webhook.get("rules"))

    def rules(self, obj: Object) -> list[Cause]:
        return self._rules(obj, None)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return self._rules(obj, old.get("webhooks") or [])

    def _rules(self, obj: Object, before: list[Spec] | None) -> list[Cause]:
        """What must hold; what did not hold of the webhooks before a change need not hold after it."""
        webhooks = obj.get("webhooks") or []
        leave = _tolerated(webhooks, before) if before is not None else frozenset()
        causes: list[Cause] = []
        for index, webhook in enumerate(webhooks):
            causes += self._webhook(webhook, f"webhooks[{index}]", leave)
        if "name" not in leave:
            names = (webhook.get("name", "") for webhook in webhooks)
            causes += [duplicate(f"webhooks[{index}].name", name) for index, name in unique(names) if name]
        return causes

    def _webhook(self, webhook: Spec, path: str, leave: Collection[str]) -> list[Cause]:
        name = webhook.get("name", "")
        causes = _full_name(name, f"{path}.name")
        for index, rule in enumerate(webhook.get("rules") or ()):
            causes += validate_rule(rule, f"{path}.rules[{index}]")
        causes += optional_one_of(webhook.get("failurePolicy"), FAILURE_POLICIES, f"{path}.failurePolicy")
        causes += optional_one_of(webhook.get("matchPolicy"), MATCH_POLICIES, f"{path}.matchPolicy")
        effects, allowed = webhook.get("sideEffects"), _SIDE_EFFECTS if "sideEffects" in leave else _NO_SIDE_EFFECTS
        if effects is None:
            causes.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(allowed)}"))
        causes += optional_one_of(effects, allowed, f"{path}.sideEffects")
        if "timeoutSeconds" in webhook and not 1 <= webhook["timeoutSeconds"] <= 30:
            text = "the timeout value must be between 1 and 30 seconds"
            causes.append(invalid(f"{path}.timeoutSeconds", webhook["timeoutSeconds"], text))
        for selector in ("namespaceSelector", "objectSelector"):
            causes += label_selector(webhook.get(selector), f"{path}.{selector}")
        causes += validate_client_config(webhook.get("clientConfig") or {}, f"{path}.clientConfig")
        versions = webhook.get("admissionReviewVersions") or []
        known = "admissionReviewVersions" not in leave
        causes += validate_review_versions(versions, f"{path}.admissionReviewVersions", known=known)
        if self.mutating:
            causes += optional_one_of(
                webhook.get("reinvocationPolicy"), REINVOCATION_POLICIES, f"{path}.reinvocationPolicy"
            )
        if "matchConditions" in leave:
            return causes
        conditions = webhook.get("matchConditions") or []
        causes += validate_match_conditions(conditions, f"{path}.matchConditions")
        return causes + check_match_conditions(conditions, f"{path}.matchConditions")

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), len(obj.get("webhooks") or ()), age(obj)]


class MutatingWebhookConfigurationStrategy(WebhookConfigurationStrategy):
    mutating = True


def _tolerated(webhooks: list[Spec], before: list[Spec]) -> frozenset[str]:
    """The fields that are looked at less strictly, for the sake of what was stored before the rules were made."""
    found = set()
    if len(webhooks) == len(before) and all(
        same(new.get("matchConditions"), old.get("matchConditions")) for new, old in zip(webhooks, before, strict=True)
    ):
        found.add("matchConditions")
    if any(webhook.get("sideEffects") not in _NO_SIDE_EFFECTS for webhook in before):
        found.add("sideEffects")
    if any(not set(versions) & set(_REVIEW_VERSIONS) for versions in _review_versions(before)):
        found.add("admissionReviewVersions")
    if any(unique(webhook.get("name", "") for webhook in before)):
        found.add("name")
    return frozenset(found)


def _review_versions(webhooks: list[Spec]) -> Iterator[list[str]]:
    return (webhook["admissionReviewVersions"] for webhook in webhooks if webhook.get("admissionReviewVersions"))


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
    """A wildcard stands for what it matches: nothing of that may follow it."""
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, resource in enumerate(resources):
        plain, slash, sub = resource.partition("/")
        if slash and f"{plain}/*" in seen:
            text = f"if '{plain}/*' is present, must not specify {resource}"
            causes.append(invalid(f"{field}[{index}]", resource, text))
        if slash and f"*/{sub}" in seen:
            text = f"if '*/{sub}' is present, must not specify {resource}"
            causes.append(invalid(f"{field}[{index}]", resource, text))
        seen.add(resource)
    if len(resources) > 1 and "*/*" in resources:
        causes.append(invalid(field, resources, "if '*/*' is present, must not specify other resources"))
    # Kubernetes looks at the last resource without a subresource only.
    plain_ones = [resource for resource in resources if resource and "/" not in resource]
    if "*" in resources and plain_ones[-1] != "*":
        text = "if '*' is present, must not specify other resources without subresources"
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


def validate_review_versions(versions: list[str], field: str, *, known: bool = True) -> list[Cause]:
    """Versions of AdmissionReviews; ``known``: whether one has to be of those that the server speaks."""
    if not versions:
        return [required(field, "must specify one of v1, v1beta1")]
    causes: list[Cause] = []
    repeated = dict(unique(versions))
    for index, version in enumerate(versions):
        found = ["duplicate version"] if index in repeated else is_dns1035_label(version)
        causes += problems(found, version, f"{field}[{index}]")
    if known and not set(versions) & set(_REVIEW_VERSIONS):
        causes.append(invalid(field, versions, "must include at least one of v1, v1beta1"))
    return causes


def validate_match_conditions(conditions: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    if len(conditions) > 64:
        causes.append(too_many(field, len(conditions), 64))
    for index, condition in enumerate(conditions):
        path = f"{field}[{index}]"
        name = condition.get("name", "")
        causes += problems(is_qualified_name(name), name, f"{path}.name") if name else [required(f"{path}.name")]
        if not (condition.get("expression") or "").strip():
            causes.append(required(f"{path}.expression"))
    names = (condition.get("name", "") for condition in conditions)
    return causes + [duplicate(f"{field}[{index}].name", name) for index, name in unique(names) if name]
