"""Typed objects of flowcontrol v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class ExemptPriorityLevelConfiguration(Struct):
    lendable_percent: int | None = None
    nominal_concurrency_shares: int | None = None


class FlowDistinguisherMethod(Struct):
    type: str = ""


class PriorityLevelConfigurationReference(Struct):
    name: str = ""


class NonResourcePolicyRule(Struct):
    non_resource_urls: list[str] = field(default_factory=list, name="nonResourceURLs")
    verbs: list[str] = []


class ResourcePolicyRule(Struct):
    api_groups: list[str] = []
    cluster_scope: bool | None = None
    namespaces: list[str] = []
    resources: list[str] = []
    verbs: list[str] = []


class GroupSubject(Struct):
    name: str = ""


class ServiceAccountSubject(Struct):
    name: str = ""
    namespace: str = ""


class UserSubject(Struct):
    name: str = ""


class Subject(Struct):
    group: GroupSubject | None = None
    kind: str = ""
    service_account: ServiceAccountSubject | None = None
    user: UserSubject | None = None


class PolicyRulesWithSubjects(Struct):
    non_resource_rules: list[NonResourcePolicyRule] = []
    resource_rules: list[ResourcePolicyRule] = []
    subjects: list[Subject] = []


class FlowSchemaSpec(Struct):
    distinguisher_method: FlowDistinguisherMethod | None = None
    matching_precedence: int | None = None
    priority_level_configuration: PriorityLevelConfigurationReference = field(default_factory=PriorityLevelConfigurationReference)
    rules: list[PolicyRulesWithSubjects] = []


class FlowSchemaCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str | None = None
    type: str = ""


class FlowSchemaStatus(Struct):
    conditions: list[FlowSchemaCondition] = []


class FlowSchema(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema")
    plural: ClassVar[str] = "flowschemas"
    namespaced: ClassVar[bool] = False

    spec: FlowSchemaSpec = field(default_factory=FlowSchemaSpec)
    status: FlowSchemaStatus = field(default_factory=FlowSchemaStatus)


class QueuingConfiguration(Struct):
    hand_size: int | None = None
    queue_length_limit: int | None = None
    queues: int | None = None


class LimitResponse(Struct):
    queuing: QueuingConfiguration | None = None
    type: str = ""


class LimitedPriorityLevelConfiguration(Struct):
    borrowing_limit_percent: int | None = None
    lendable_percent: int | None = None
    limit_response: LimitResponse = field(default_factory=LimitResponse)
    nominal_concurrency_shares: int | None = None


class PriorityLevelConfigurationSpec(Struct):
    exempt: ExemptPriorityLevelConfiguration | None = None
    limited: LimitedPriorityLevelConfiguration | None = None
    type: str = ""


class PriorityLevelConfigurationCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str | None = None
    type: str = ""


class PriorityLevelConfigurationStatus(Struct):
    conditions: list[PriorityLevelConfigurationCondition] = []


class PriorityLevelConfiguration(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration")
    plural: ClassVar[str] = "prioritylevelconfigurations"
    namespaced: ClassVar[bool] = False

    spec: PriorityLevelConfigurationSpec = field(default_factory=PriorityLevelConfigurationSpec)
    status: PriorityLevelConfigurationStatus = field(default_factory=PriorityLevelConfigurationStatus)
