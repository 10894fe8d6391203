"""A cluster that serves ConfigMaps and Deployments, and policies with bindings for it."""

from collections.abc import Sequence
from typing import Any

from tests.apiserver.admission.attributes import CONFIG_MAP, CONFIG_MAPS, Objects

from kubewright.apiserver.admission.policy import MutatingPolicies, ValidatingPolicies
from kubewright.apiserver.auth.authorizer import Decision
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.names import GroupVersionKind, GroupVersionResource
from kubewright.schema.node import Node

STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
NODE = Node({
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object", "properties": {"name": {"type": "string"}, "labels": STRINGS}},
        "data": STRINGS,
        "atomic": {"type": "array", "items": {"type": "string"}},
    },
})  # fmt: skip
RESOURCE = Resource(CONFIG_MAP, "configmaps", "configmap", True, NODE, Strategy, "v1")


class OneVersion:
    """Everything is served in one version; defaults add the label ``defaulted``."""

    def equivalents(
        self, resource: GroupVersionResource, subresource: str
    ) -> Sequence[tuple[GroupVersionResource, GroupVersionKind]]:
        return [(CONFIG_MAPS, CONFIG_MAP)]

    async def convert(self, obj: Object, kind: GroupVersionKind) -> Object:
        return obj

    def default(self, obj: Object) -> None:
        obj["metadata"].setdefault("labels", {}).setdefault("defaulted", "yes")


class OnlyReads:
    """Everybody may read, nobody may write."""

    def authorize(self, user: UserInfo, request: RequestInfo) -> Decision:
        return Decision(request.verb == "get", f"{user.name} asked for {request.resource}")


def find_kind(kind: GroupVersionKind) -> Resource | None:
    return RESOURCE if kind == CONFIG_MAP else None


def validating_stage() -> ValidatingPolicies:
    return ValidatingPolicies(OneVersion(), find_kind, OnlyReads())


def mutating_stage() -> MutatingPolicies:
    return MutatingPolicies(OneVersion(), find_kind, OnlyReads())


def policy(*validations: dict[str, Any] | str, name: str = "pol", **spec: Any) -> Object:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    entries = [{"expression": one} if isinstance(one, str) else one for one in validations]
    constraints = {"resourceRules": [rule], **spec.pop("constraints", {})}
    return {"metadata": {"name": name}, "spec": {"matchConstraints": constraints, "validations": entries, **spec}}


def binding(*actions: str, name: str = "bind", policy_name: str = "pol", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"policyName": policy_name, "validationActions": list(actions), **spec}}


def validating(*policies: Object, bindings: Sequence[Object] = (), **objects: list[Object]) -> Objects:
    bound = list(bindings) or [binding("Deny")]
    return Objects(validatingadmissionpolicies=list(policies), validatingadmissionpolicybindings=bound, **objects)


def mutating(*policies: Object, bindings: Sequence[Object] = (), **objects: list[Object]) -> Objects:
    bound = list(bindings) or [binding()]
    return Objects(mutatingadmissionpolicies=list(policies), mutatingadmissionpolicybindings=bound, **objects)
