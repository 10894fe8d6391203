"""What an operator declares about a kind in CEL, for the API server itself to enforce.

A `PolicyDeclaration` goes in; a ValidatingAdmissionPolicy and its binding come out.  Unlike a webhook it costs no call,
and holds while the operator is down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Unpack

import msgspec

from kubewright.objects.admissionregistration_v1 import (
    AuditAnnotation,
    MatchCondition,
    MatchResources,
    NamedRuleWithOperations,
    ParamKind,
    ParamRef,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
    Variable,
)
from kubewright.objects.meta import LabelSelector, Object, ObjectMeta
from kubewright.webhook.review import Operation

Action = Literal["Deny", "Warn", "Audit"]

PolicyObject = ValidatingAdmissionPolicy | ValidatingAdmissionPolicyBinding


class Params(msgspec.Struct, frozen=True):
    """The objects that a policy's expressions read as ``params``.

    :param cls: their kind.
    :param name: of the one object; without it ``selector`` chooses, and the policy must hold for each that it finds.
    :param namespace: by default the namespace of the object that is written.
    :param missing: what becomes of a write when there is no such object.
    """

    cls: type[Object]
    name: str = ""
    namespace: str = ""
    selector: LabelSelector | None = None
    missing: Literal["Deny", "Allow"] = "Deny"


class PolicyOptions(TypedDict, total=False):
    """The fields of `PolicyDeclaration` that the user of ``op.policy`` may set."""

    operations: Sequence[Operation]
    subresource: str
    variables: Mapping[str, str]
    match_conditions: Mapping[str, str]
    audit_annotations: Mapping[str, str]
    params: Params | None
    actions: Sequence[Action]
    failure_policy: Literal["Fail", "Ignore"]
    namespace_selector: LabelSelector | None
    object_selector: LabelSelector | None


class PolicyDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """One policy.  Expressions are CEL over ``object``, ``oldObject``, ``request``, ``namespaceObject``, ``params``
    and ``variables``, as Kubernetes defines them for admission policies.

    :param name: of the policy and of its binding, unique in the cluster.
    :param subresource: such as ``scale``; the rules are then about its body.
    :param variables: named expressions, each of which may use those before it: ``variables.limit``.
    :param match_conditions: by name; the policy is asked when all of them hold.
    :param audit_annotations: expressions for texts by key, left in the audit log as ``NAME/key``.
    :param actions: ``Warn`` tells the user, ``Audit`` the log; ``Deny`` refuses.
    :param failure_policy: what becomes of a write when an expression can't be evaluated.
    """

    name: str
    cls: type[Object]
    validations: Sequence[Validation]
    operations: Sequence[Operation] = ("CREATE", "UPDATE")
    subresource: str = ""
    variables: Mapping[str, str] = {}
    match_conditions: Mapping[str, str] = {}
    audit_annotations: Mapping[str, str] = {}
    params: Params | None = None
    actions: Sequence[Action] = ("Deny",)
    failure_policy: Literal["Fail", "Ignore"] = "Fail"
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None

    def __post_init__(self) -> None:
        if not self.validations and not self.audit_annotations:
            raise ValueError(f"policy {self.name} says nothing: give it a Validation")
        if self.params is not None and bool(self.params.name) == (self.params.selector is not None):
            raise ValueError(f"policy {self.name}: params need either a name or a selector")

    def objects(self) -> list[PolicyObject]:
        """The policy and its binding."""
        metadata = ObjectMeta(name=self.name)
        binding = ValidatingAdmissionPolicyBindingSpec(
            policy_name=self.name, validation_actions=list(self.actions), param_ref=self._param_ref()
        )
        return [
            ValidatingAdmissionPolicy(metadata=metadata, spec=self._spec()),
            ValidatingAdmissionPolicyBinding(metadata=metadata, spec=binding),
        ]

    def _spec(self) -> ValidatingAdmissionPolicySpec:
        gvk = self.params.cls.gvk if self.params is not None else None
        return ValidatingAdmissionPolicySpec(
            failure_policy=self.failure_policy,
            param_kind=ParamKind(api_version=gvk.api_version, kind=gvk.kind) if gvk is not None else None,
            match_constraints=self._matched(),
            match_conditions=[MatchCondition(name=key, expression=text) for key, text in self.match_conditions.items()],
            variables=[Variable(name=key, expression=text) for key, text in self.variables.items()],
            validations=list(self.validations),
            audit_annotations=[
                AuditAnnotation(key=key, value_expression=text) for key, text in self.audit_annotations.items()
            ],
        )

    def _matched(self) -> MatchResources:
        cls = self.cls
        rule = NamedRuleWithOperations(
            api_groups=[cls.gvk.group],
            api_versions=[cls.gvk.version],
            resources=[f"{cls.plural}/{self.subresource}" if self.subresource else cls.plural],
            operations=list(self.operations),
        )
        return MatchResources(
            resource_rules=[rule],
            match_policy="Equivalent",
            namespace_selector=self.namespace_selector,
            object_selector=self.object_selector,
        )

    def _param_ref(self) -> ParamRef | None:
        if self.params is None:
            return None
        return ParamRef(
            name=self.params.name or None,
            namespace=self.params.namespace or None,
            selector=self.params.selector,
            parameter_not_found_action=self.params.missing,
        )


def policy(
    name: str, cls: type[Object], *validations: Validation, **options: Unpack[PolicyOptions]
) -> PolicyDeclaration:
    """A declaration from what ``op.policy`` takes."""
    return PolicyDeclaration(name=name, cls=cls, validations=validations, **options)
