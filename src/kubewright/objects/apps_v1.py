"""Typed objects of apps v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import PersistentVolumeClaim, PodTemplateSpec
from kubewright.objects.meta import IntOrString, LabelSelector, Object, RawExtension
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class ControllerRevision(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apps", "v1", "ControllerRevision")
    plural: ClassVar[str] = "controllerrevisions"

    data: RawExtension | None = None
    revision: int = 0


class RollingUpdateDaemonSet(Struct):
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class DaemonSetUpdateStrategy(Struct):
    rolling_update: RollingUpdateDaemonSet | None = None
    type: str | None = None


class DaemonSetSpec(Struct):
    min_ready_seconds: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)
    update_strategy: DaemonSetUpdateStrategy | None = None


class DaemonSetCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class DaemonSetStatus(Struct):
    collision_count: int | None = None
    conditions: list[DaemonSetCondition] = []
    current_number_scheduled: int = 0
    desired_number_scheduled: int = 0
    number_available: int | None = None
    number_misscheduled: int = 0
    number_ready: int = 0
    number_unavailable: int | None = None
    observed_generation: int | None = None
    updated_number_scheduled: int | None = None


class DaemonSet(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apps", "v1", "DaemonSet")
    plural: ClassVar[str] = "daemonsets"

    spec: DaemonSetSpec = field(default_factory=DaemonSetSpec)
    status: DaemonSetStatus = field(default_factory=DaemonSetStatus)


class RollingUpdateDeployment(Struct):
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None


class DeploymentStrategy(Struct):
    rolling_update: RollingUpdateDeployment | None = None
    type: str | None = None


class DeploymentSpec(Struct):
    min_ready_seconds: int | None = None
    paused: bool | None = None
    progress_deadline_seconds: int | None = None
    replicas: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    strategy: DeploymentStrategy | None = None
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)


class DeploymentCondition(Struct):
    last_transition_time: Time | None = None
    last_update_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class DeploymentStatus(Struct):
    available_replicas: int | None = None
    collision_count: int | None = None
    conditions: list[DeploymentCondition] = []
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int | None = None
    terminating_replicas: int | None = None
    unavailable_replicas: int | None = None
    updated_replicas: int | None = None


class Deployment(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apps", "v1", "Deployment")
    plural: ClassVar[str] = "deployments"

    spec: DeploymentSpec = field(default_factory=DeploymentSpec)
    status: DeploymentStatus = field(default_factory=DeploymentStatus)


class ReplicaSetSpec(Struct):
    min_ready_seconds: int | None = None
    replicas: int | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)


class ReplicaSetCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class ReplicaSetStatus(Struct):
    available_replicas: int | None = None
    conditions: list[ReplicaSetCondition] = []
    fully_labeled_replicas: int | None = None
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int = 0
    terminating_replicas: int | None = None


class ReplicaSet(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apps", "v1", "ReplicaSet")
    plural: ClassVar[str] = "replicasets"

    spec: ReplicaSetSpec = field(default_factory=ReplicaSetSpec)
    status: ReplicaSetStatus = field(default_factory=ReplicaSetStatus)


class RollingUpdateStatefulSetStrategy(Struct):
    max_unavailable: IntOrString | None = None
    partition: int | None = None


class StatefulSetOrdinals(Struct):
    start: int | None = None


class StatefulSetPersistentVolumeClaimRetentionPolicy(Struct):
    when_deleted: str | None = None
    when_scaled: str | None = None


class StatefulSetUpdateStrategy(Struct):
    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    type: str | None = None


class StatefulSetSpec(Struct):
    min_ready_seconds: int | None = None
    ordinals: StatefulSetOrdinals | None = None
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    pod_management_policy: str | None = None
    replicas: int | None = None
    revision_history_limit: int | None = None
    selector: LabelSelector = field(default_factory=LabelSelector)
    service_name: str | None = None
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)
    update_strategy: StatefulSetUpdateStrategy | None = None
    volume_claim_templates: list[PersistentVolumeClaim] = []


class StatefulSetCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class StatefulSetStatus(Struct):
    available_replicas: int | None = None
    collision_count: int | None = None
    conditions: list[StatefulSetCondition] = []
    current_replicas: int | None = None
    current_revision: str | None = None
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int = 0
    update_revision: str | None = None
    updated_replicas: int | None = None


class StatefulSet(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apps", "v1", "StatefulSet")
    plural: ClassVar[str] = "statefulsets"

    spec: StatefulSetSpec = field(default_factory=StatefulSetSpec)
    status: StatefulSetStatus = field(default_factory=StatefulSetStatus)
