"""Typed objects of batch v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import ObjectReference, PodTemplateSpec
from kubewright.objects.meta import LabelSelector, Object, ObjectMeta, RawExtension
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class PodFailurePolicyOnExitCodesRequirement(Struct):
    container_name: str | None = None
    operator: str = ""
    values: list[int] = []


class PodFailurePolicyOnPodConditionsPattern(Struct):
    status: str | None = None
    type: str = ""


class PodFailurePolicyRule(Struct):
    action: str = ""
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    on_pod_conditions: list[PodFailurePolicyOnPodConditionsPattern] = []


class PodFailurePolicy(Struct):
    rules: list[PodFailurePolicyRule] = []


class WorkloadPodGroupDisruptionMode(Struct):
    all: RawExtension | None = None
    single: RawExtension | None = None


class WorkloadPodGroupResourceClaim(Struct):
    name: str = ""
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class TopologyConstraint(Struct):
    key: str = ""


class WorkloadPodGroupSchedulingConstraints(Struct):
    topology: list[TopologyConstraint] = []


class WorkloadPodGroupGangSchedulingPolicy(Struct):
    min_count: int | None = None


class WorkloadPodGroupSchedulingPolicy(Struct):
    basic: RawExtension | None = None
    gang: WorkloadPodGroupGangSchedulingPolicy | None = None


class JobSchedulingConfiguration(Struct):
    disruption_mode: WorkloadPodGroupDisruptionMode | None = None
    resource_claims: list[WorkloadPodGroupResourceClaim] = []
    scheduling_constraints: WorkloadPodGroupSchedulingConstraints | None = None
    scheduling_policy: WorkloadPodGroupSchedulingPolicy | None = None


class SuccessPolicyRule(Struct):
    succeeded_count: int | None = None
    succeeded_indexes: str | None = None


class SuccessPolicy(Struct):
    rules: list[SuccessPolicyRule] = []


class JobSpec(Struct):
    active_deadline_seconds: int | None = None
    backoff_limit: int | None = None
    backoff_limit_per_index: int | None = None
    completion_mode: str | None = None
    completions: int | None = None
    managed_by: str | None = None
    manual_selector: bool | None = None
    max_failed_indexes: int | None = None
    parallelism: int | None = None
    pod_failure_policy: PodFailurePolicy | None = None
    pod_replacement_policy: str | None = None
    scheduling: JobSchedulingConfiguration | None = None
    selector: LabelSelector | None = None
    success_policy: SuccessPolicy | None = None
    suspend: bool | None = None
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)
    ttl_seconds_after_finished: int | None = None


class JobTemplateSpec(Struct):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: JobSpec = field(default_factory=JobSpec)


class CronJobSpec(Struct):
    concurrency_policy: str | None = None
    failed_jobs_history_limit: int | None = None
    job_template: JobTemplateSpec = field(default_factory=JobTemplateSpec)
    schedule: str = ""
    starting_deadline_seconds: int | None = None
    successful_jobs_history_limit: int | None = None
    suspend: bool | None = None
    time_zone: str | None = None


class CronJobStatus(Struct):
    active: list[ObjectReference] = []
    last_schedule_time: Time | None = None
    last_successful_time: Time | None = None


class CronJob(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("batch", "v1", "CronJob")
    plural: ClassVar[str] = "cronjobs"

    spec: CronJobSpec = field(default_factory=CronJobSpec)
    status: CronJobStatus = field(default_factory=CronJobStatus)


class JobCondition(Struct):
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class UncountedTerminatedPods(Struct):
    failed: list[str] = []
    succeeded: list[str] = []


class JobStatus(Struct):
    active: int | None = None
    completed_indexes: str | None = None
    completion_time: Time | None = None
    conditions: list[JobCondition] = []
    failed: int | None = None
    failed_indexes: str | None = None
    ready: int | None = None
    start_time: Time | None = None
    succeeded: int | None = None
    terminating: int | None = None
    uncounted_terminated_pods: UncountedTerminatedPods | None = None


class Job(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("batch", "v1", "Job")
    plural: ClassVar[str] = "jobs"

    spec: JobSpec = field(default_factory=JobSpec)
    status: JobStatus = field(default_factory=JobStatus)
