"""Jobs and CronJobs.

After ``pkg/apis/batch`` (defaults, validation) and ``pkg/registry/batch``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kubewright.apiserver.registry.builtin.base import (
    BuiltinStrategy,
    age,
    columns,
    container_texts,
    fill,
    human_duration,
    name_of,
    same,
    selector_text,
    since,
)
from kubewright.apiserver.registry.builtin.cron_schedule import cron_problem, time_zone_problem
from kubewright.apiserver.registry.builtin.field_rules import non_negative, one_of
from kubewright.apiserver.registry.builtin.job_rules import (
    validate_generated_selector,
    validate_job_change,
    validate_job_selector,
    validate_job_spec,
    validate_job_status,
)
from kubewright.apiserver.registry.builtin.pod_defaults import default_template
from kubewright.apiserver.registry.builtin.pod_warnings import workload_warnings
from kubewright.apiserver.registry.metadata_rules import is_dns_label
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, not_supported, required

Spec = dict[str, Any]

_UID_LABEL = "batch.kubernetes.io/controller-uid"
_NAME_LABEL = "batch.kubernetes.io/job-name"
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_MAX_CRON_JOB_NAME = 52
"""Room for the eleven characters that the controller adds to the names of Jobs."""


def default_job_spec(spec: Spec) -> None:
    default_template(spec.get("template"))
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    if "backoffLimitPerIndex" not in spec:
        spec.setdefault("backoffLimit", 6)
    else:
        spec.setdefault("backoffLimit", 2**31 - 1)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    failure_policy = spec.get("podFailurePolicy")
    for rule in (failure_policy or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            fill(pattern, "status", "True")
    spec.setdefault("podReplacementPolicy", "Failed" if failure_policy else "TerminatingOrFailed")


class JobStrategy(BuiltinStrategy):
    columns = columns("Status", "Completions", "Duration", "Age", wide=("Containers", "Images", "Selector"))
    status = True
    generation = True
    orphan_dependents = True
    deletion_warning = (
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
        "set propagationPolicy=Orphan to suppress this warning"
    )
    field_labels = frozenset({"status.successful"})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return _job_warnings(obj, old, obj["spec"], "spec")

    def unknown_field_label(self, label: str) -> str:
        return f'field label "{label}" not supported for Job'

    def default(self, obj: Object) -> None:
        template = obj["spec"].get("template") or {}
        default_job_spec(obj["spec"])
        labels = (template.get("metadata") or {}).get("labels")
        if labels and not obj["metadata"].get("labels"):
            # The very same labels, as in Kubernetes: those that are generated into the template come to both.
            obj["metadata"]["labels"] = labels

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        if not obj["spec"].get("manualSelector"):
            _generate_selector(obj)

    def rules(self, obj: Object) -> list[Cause]:
        return validate_job_spec(obj["spec"], "spec") + validate_job_selector(obj["spec"], "spec")

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        spec = obj["spec"]
        causes = self.metadata_rules(obj)
        if not spec.get("manualSelector") and spec.get("selector") is not None:
            labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
            # Jobs from before the prefixed labels go on without them.
            old = obj["metadata"].get("resourceVersion") and not {_UID_LABEL, _NAME_LABEL} <= labels.keys()
            wanted = _generated_labels(obj)
            kept = ("controller-uid", "job-name") if old else tuple(wanted)
            causes += validate_generated_selector(obj, {key: wanted[key] for key in kept})
        causes += self.rules(obj)
        if spec.get("completionMode") == "Indexed" and spec.get("completions", 0) > 0:
            host = f"{name_of(obj)}-{spec['completions'] - 1}"
            if is_dns_label(host):
                text = f"will not able to create pod with invalid DNS label: {host}"
                causes.append(invalid("metadata.name", name_of(obj), text))
        return causes

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        # Kubernetes calls the rules for creation and those for a change, which hold the former once more.
        return self.validate(obj, reader) + super().validate_update(obj, old, reader)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return self.rules(obj) + validate_job_change(obj, old)

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return validate_job_status(obj, old)

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"status.successful": str((obj.get("status") or {}).get("succeeded", 0))}

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        names, images = container_texts((spec.get("template") or {}).get("spec") or {})
        succeeded, parallelism = status.get("succeeded", 0), spec.get("parallelism") or 0
        completions = f"{succeeded}/{spec['completions']}" if spec.get("completions") is not None else (
            f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"
        )  # fmt: skip
        return [
            name_of(obj),
            _job_state(obj),
            completions,
            _job_duration(status),
            age(obj),
            names,
            images,
            selector_text(spec.get("selector")),
        ]


def _generated_labels(job: Object) -> dict[str, str]:
    """Jobs own their pods by a label with the Job's uid; older names of the labels are kept beside it."""
    uid, name = job["metadata"].get("uid", ""), name_of(job)
    return {"controller-uid": uid, "job-name": name, _UID_LABEL: uid, _NAME_LABEL: name}


def _generate_selector(job: Object) -> None:
    metadata = job["spec"].setdefault("template", {}).setdefault("metadata", {})
    labels = metadata.setdefault("labels", {})
    for key, value in _generated_labels(job).items():
        labels.setdefault(key, value)
    if not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(labels)
    selector = job["spec"].setdefault("selector", {})
    selector.setdefault("matchLabels", {}).setdefault(_UID_LABEL, job["metadata"].get("uid", ""))


def _job_warnings(obj: Object, old: Object | None, job: Spec, field: str) -> list[str]:
    """Warnings of a Job's spec, its own or a CronJob's, and of the pods that it makes."""
    found = workload_warnings(obj, old, job.get("template"), f"{field}.template")
    many = job.get("completions") or 0, job.get("parallelism") or 0
    if job.get("completionMode") != "Indexed" or many[0] <= 100_000 or many[1] <= 10_000:
        return found
    if old is not None and same(obj["spec"], old["spec"]):
        return found
    text = (
        "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes "
        "might not be able to track completedIndexes when a big number of indexes fail"
    )
    return [*found, f"{field}: {text}"]


def _job_state(job: Object) -> str:
    status = job.get("status") or {}
    true = {c["type"] for c in status.get("conditions") or () if c.get("status") == "True"}
    for kind, text in (("Complete", "Complete"), ("Failed", "Failed")):
        if kind in true:
            return text
    if job["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in true:
            return kind
    return "Running"


def _job_duration(status: Mapping[str, Any]) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    if not end:
        return since(start)
    return human_duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


class CronJobStrategy(BuiltinStrategy):
    columns = columns(
        "Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age",
        wide=("Containers", "Images", "Selector"),
    )  # fmt: skip
    status = True
    generation = True

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        job = obj["spec"]["jobTemplate"].get("spec") or {}
        found = _job_warnings(obj, old, job, "spec.jobTemplate.spec")
        if "TZ" in obj["spec"].get("schedule", "") and (old is None or not same(obj["spec"], old["spec"])):
            page = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
            text = "CRON_TZ or TZ used in spec.schedule is not officially supported, see"
            found.append(f"{text} {page} for more details")
        return found

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("concurrencyPolicy", "Allow")
        spec.setdefault("suspend", False)
        spec.setdefault("successfulJobsHistoryLimit", 3)
        spec.setdefault("failedJobsHistoryLimit", 1)
        default_template((spec["jobTemplate"].get("spec") or {}).get("template"))

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        causes = super().validate(obj, reader)
        if len(name_of(obj)) > _MAX_CRON_JOB_NAME:
            text = f"must be no more than {_MAX_CRON_JOB_NAME} bytes"
            causes.append(invalid("metadata.name", name_of(obj), text))
        return causes

    def rules(self, obj: Object) -> list[Cause]:
        return self._rules(obj, None)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return self._rules(obj, old["spec"])

    def _rules(self, obj: Object, old: Spec | None) -> list[Cause]:
        spec = obj["spec"]
        causes = _schedule(spec, old)
        causes += non_negative(spec.get("startingDeadlineSeconds"), "spec.startingDeadlineSeconds")
        zone = spec.get("timeZone")
        if zone is not None and (old is None or old.get("timeZone") != zone) and (text := time_zone_problem(zone)):
            causes.append(invalid("spec.timeZone", zone, text))
        causes += one_of(spec.get("concurrencyPolicy"), _CONCURRENCY, "spec.concurrencyPolicy")
        job = spec["jobTemplate"].get("spec") or {}
        causes += validate_job_spec(job, "spec.jobTemplate.spec")
        if job.get("selector") is not None:
            text = "`selector` will be auto-generated"
            causes.append(invalid("spec.jobTemplate.spec.selector", job["selector"], text))
        if job.get("manualSelector"):
            path = "spec.jobTemplate.spec.manualSelector"
            causes.append(not_supported(path, True, ["nil", "false"]))
        for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
            causes += non_negative(spec.get(name), f"spec.{name}")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec, status = obj["spec"], obj.get("status") or {}
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        names, images = container_texts((job.get("template") or {}).get("spec") or {})
        last = status.get("lastScheduleTime")
        return [
            name_of(obj),
            spec.get("schedule", ""),
            spec.get("timeZone") or "<none>",
            "True" if spec.get("suspend") else "False",
            len(status.get("active") or ()),
            since(last) if last else "<none>",
            age(obj),
            names,
            images,
            selector_text(job.get("selector")),
        ]


def _schedule(spec: Spec, old: Spec | None) -> list[Cause]:
    """Zones inside schedules are refused, but for CronJobs that had one when this came to be."""
    schedule = spec.get("schedule", "")
    if not schedule:
        return [required("spec.schedule")]
    problem = cron_problem(schedule)
    causes = [invalid("spec.schedule", schedule, problem)] if problem else []
    if "TZ" not in schedule:
        return causes
    if old is None or "TZ" not in old.get("schedule", ""):
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        causes.append(invalid("spec.schedule", schedule, text))
    elif "timeZone" in spec:
        text = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        causes.append(invalid("spec.schedule", schedule, text))
    return causes
