"""Typed objects of admissionregistration v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Condition, LabelSelector, Object
from kubewright.objects.names import GroupVersionKind


class ApplyConfiguration(Struct):
    expression: str | None = None


class AuditAnnotation(Struct):
    key: str = ""
    value_expression: str = ""


class ExpressionWarning(Struct):
    field_ref: str = ""
    warning: str = ""


class JSONPatch(Struct):
    expression: str | None = None


class MatchCondition(Struct):
    expression: str = ""
    name: str = ""


class NamedRuleWithOperations(Struct):
    api_groups: list[str] = []
    api_versions: list[str] = []
    operations: list[str] = []
    resource_names: list[str] = []
    resources: list[str] = []
    scope: str | None = None


class MatchResources(Struct):
    exclude_resource_rules: list[NamedRuleWithOperations] = []
    match_policy: str | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    resource_rules: list[NamedRuleWithOperations] = []


class Mutation(Struct):
    apply_configuration: ApplyConfiguration | None = None
    json_patch: JSONPatch | None = None
    patch_type: str = ""


class ParamKind(Struct):
    api_version: str | None = None
    kind: str | None = None


class Variable(Struct):
    expression: str = ""
    name: str = ""


class MutatingAdmissionPolicySpec(Struct):
    failure_policy: str | None = None
    match_conditions: list[MatchCondition] = []
    match_constraints: MatchResources | None = None
    mutations: list[Mutation] = []
    param_kind: ParamKind | None = None
    reinvocation_policy: str | None = None
    variables: list[Variable] = []


class MutatingAdmissionPolicy(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy")
    plural: ClassVar[str] = "mutatingadmissionpolicies"
    namespaced: ClassVar[bool] = False

    spec: MutatingAdmissionPolicySpec = field(default_factory=MutatingAdmissionPolicySpec)


class ParamRef(Struct):
    name: str | None = None
    namespace: str | None = None
    parameter_not_found_action: str | None = None
    selector: LabelSelector | None = None


class MutatingAdmissionPolicyBindingSpec(Struct):
    match_resources: MatchResources | None = None
    param_ref: ParamRef | None = None
    policy_name: str | None = None


class MutatingAdmissionPolicyBinding(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding")
    plural: ClassVar[str] = "mutatingadmissionpolicybindings"
    namespaced: ClassVar[bool] = False

    spec: MutatingAdmissionPolicyBindingSpec = field(default_factory=MutatingAdmissionPolicyBindingSpec)


class ServiceReference(Struct):
    name: str = ""
    namespace: str = ""
    path: str | None = None
    port: int | None = None


class WebhookClientConfig(Struct):
    ca_bundle: bytes | None = None
    service: ServiceReference | None = None
    url: str | None = None


class RuleWithOperations(Struct):
    api_groups: list[str] = []
    api_versions: list[str] = []
    operations: list[str] = []
    resources: list[str] = []
    scope: str | None = None


class MutatingWebhook(Struct):
    admission_review_versions: list[str] = []
    client_config: WebhookClientConfig = field(default_factory=WebhookClientConfig)
    failure_policy: str | None = None
    match_conditions: list[MatchCondition] = []
    match_policy: str | None = None
    name: str = ""
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    reinvocation_policy: str | None = None
    rules: list[RuleWithOperations] = []
    side_effects: str = ""
    timeout_seconds: int | None = None


class MutatingWebhookConfiguration(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration")
    plural: ClassVar[str] = "mutatingwebhookconfigurations"
    namespaced: ClassVar[bool] = False

    webhooks: list[MutatingWebhook] = []


class TypeChecking(Struct):
    expression_warnings: list[ExpressionWarning] = []


class Validation(Struct):
    expression: str = ""
    message: str | None = None
    message_expression: str | None = None
    reason: str | None = None


class ValidatingAdmissionPolicySpec(Struct):
    audit_annotations: list[AuditAnnotation] = []
    failure_policy: str | None = None
    match_conditions: list[MatchCondition] = []
    match_constraints: MatchResources | None = None
    param_kind: ParamKind | None = None
    validations: list[Validation] = []
    variables: list[Variable] = []


class ValidatingAdmissionPolicyStatus(Struct):
    conditions: list[Condition] = []
    observed_generation: int | None = None
    type_checking: TypeChecking | None = None


class ValidatingAdmissionPolicy(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy")
    plural: ClassVar[str] = "validatingadmissionpolicies"
    namespaced: ClassVar[bool] = False

    spec: ValidatingAdmissionPolicySpec = field(default_factory=ValidatingAdmissionPolicySpec)
    status: ValidatingAdmissionPolicyStatus = field(default_factory=ValidatingAdmissionPolicyStatus)


class ValidatingAdmissionPolicyBindingSpec(Struct):
    match_resources: MatchResources | None = None
    param_ref: ParamRef | None = None
    policy_name: str = ""
    validation_actions: list[str] = []


class ValidatingAdmissionPolicyBinding(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding")
    plural: ClassVar[str] = "validatingadmissionpolicybindings"
    namespaced: ClassVar[bool] = False

    spec: ValidatingAdmissionPolicyBindingSpec = field(default_factory=ValidatingAdmissionPolicyBindingSpec)


class ValidatingWebhook(Struct):
    admission_review_versions: list[str] = []
    client_config: WebhookClientConfig = field(default_factory=WebhookClientConfig)
    failure_policy: str | None = None
    match_conditions: list[MatchCondition] = []
    match_policy: str | None = None
    name: str = ""
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    rules: list[RuleWithOperations] = []
    side_effects: str = ""
    timeout_seconds: int | None = None


class ValidatingWebhookConfiguration(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")
    plural: ClassVar[str] = "validatingwebhookconfigurations"
    namespaced: ClassVar[bool] = False

    webhooks: list[ValidatingWebhook] = []
