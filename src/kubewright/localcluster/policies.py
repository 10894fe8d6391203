"""The status of ValidatingAdmissionPolicies: which of their expressions do not fit the kinds that they match.

Looked at once for each generation of a policy, as `pkg/controller/validatingadmissionpolicystatus` does: a kind that is
defined later changes nothing until the policy is written again.
"""

from __future__ import annotations

from kubewright.apiserver.admission.policy.type_check import (
    builtin_type,
    custom_type,
    expression_warnings,
    kinds_to_check,
)
from kubewright.cel import Type
from kubewright.client import NoMatch, Untyped
from kubewright.controller import Controller, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, to_dict
from kubewright.objects.admissionregistration_v1 import (
    ExpressionWarning,
    ParamKind,
    TypeChecking,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyStatus,
)
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupVersionKind

_MANAGER = "validatingadmissionpolicy-status-controller"


def policy_controller(view: View) -> Controller[ObjectKey]:
    async def reconcile(policy: ValidatingAdmissionPolicy) -> Requeue | None:
        generation = policy.metadata.generation or 0
        if generation <= (policy.status.observed_generation or 0):
            return None
        status = ValidatingAdmissionPolicyStatus(
            observed_generation=generation,
            type_checking=TypeChecking(expression_warnings=await _warnings(view, policy)),
        )
        checked = ValidatingAdmissionPolicy(metadata=ObjectMeta(name=policy.metadata.name), status=status)
        try:
            await view.client.apply(checked, field_manager=_MANAGER, force=True, subresource="status")
        except NotFound:
            return None
        return None

    return view.controller("validatingadmissionpolicy-status", ValidatingAdmissionPolicy, reconcile, workers=1)


async def _warnings(view: View, policy: ValidatingAdmissionPolicy) -> list[ExpressionWarning]:
    view.client.mapper.invalidate()  # what it matches may have been defined a moment ago
    spec = to_dict(policy.spec)
    served = [(mapping.resource, mapping.kind) for mapping in await view.client.mapper.mappings()]
    kinds = []
    for kind in kinds_to_check(spec, served):
        try:
            kinds.append((kind, await _type_of(view, kind)))
        except NoMatch:
            continue  # it went meanwhile
    found = expression_warnings(spec, kinds, await _params_type(view, policy.spec.param_kind))
    return [ExpressionWarning(field_ref=one["fieldRef"], warning=one["warning"]) for one in found]


async def _params_type(view: View, kind: ParamKind | None) -> Type | None:
    if kind is None:
        return None
    try:
        return await _type_of(view, GroupVersionKind.parse(kind.api_version or "", kind.kind or ""))
    except NoMatch:
        return None  # not defined yet: its fields cannot be looked at


async def _type_of(view: View, kind: GroupVersionKind) -> Type | None:
    """:raises NoMatch: the kind is not served."""
    try:
        return builtin_type(kind)
    except KeyError:
        resource = (await view.client.mapper.mapping(kind)).resource
    try:
        found = await view.client.get(Untyped(CustomResourceDefinition.gvk), f"{resource.resource}.{resource.group}")
    except NotFound:
        raise NoMatch(f"{kind} is not served any more") from None
    schemas = {version["name"]: version["schema"]["openAPIV3Schema"] for version in found["spec"]["versions"]}
    return custom_type(kind, schemas[kind.version])
