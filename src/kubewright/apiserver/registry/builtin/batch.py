"""Jobs and CronJobs.

After ``pkg/apis/batch`` (defaults, validation) and ``pkg/registry/batch``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kubewright.apiserver.registry.builtin.apps import validate_selector
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
from kubewright.apiserver.registry.builtin.field_rules import non_negative, one_of, optional_one_of
from kubewright.apiserver.registry.builtin.pod_defaults import default_template
from kubewright.apiserver.registry.builtin.pod_rules import RESTART_POLICIES, validate_template
from kubewright.apiserver.registry.builtin.pod_warnings import workload_warnings
from kubewright.apiserver.registry.metadata_rules import dns_subdomain, immutable, is_dns_subdomain, validate_labels
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import OMIT, invalid, not_supported, required, too_long

Spec = dict[str, Any]

_UID_LABEL = "batch.kubernetes.io/controller-uid"
_NAME_LABEL = "batch.kubernetes.io/job-name"
_REPLACEMENT = ("Failed", "TerminatingOrFailed")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_MAX_INDEXED = 100_000


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


def validate_job_spec(spec: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for name in (
        "parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds",
        "backoffLimitPerIndex", "maxFailedIndexes",
    ):  # fmt: skip
        causes += non_negative(spec.get(name), f"{field}.{name}")
    causes += optional_one_of(spec.get("completionMode"), ("Indexed", "NonIndexed"), f"{field}.completionMode")
    if spec.get("completionMode") == "Indexed":
        if spec.get("completions") is None:
            text = "when completion mode is Indexed"
            causes.append(required(f"{field}.completions", text))
        if (spec.get("parallelism") or 0) > _MAX_INDEXED:
            text = f"must be less than or equal to {_MAX_INDEXED} when completion mode is Indexed"
            causes.append(invalid(f"{field}.parallelism", spec["parallelism"], text))
    elif "backoffLimitPerIndex" in spec:
        text = "requires indexed completion mode"
        causes.append(invalid(f"{field}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], text))
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        text = "when maxFailedIndexes is specified"
        causes.append(required(f"{field}.backoffLimitPerIndex", text))
    causes += _failed_indexes(spec, field)
    causes += _managed_by(spec.get("managedBy"), f"{field}.managedBy")
    causes += optional_one_of(spec.get("podReplacementPolicy"), _REPLACEMENT, f"{field}.podReplacementPolicy")
    causes += _failure_policy(spec, field)
    template = spec.get("template") or {}
    causes += validate_template(template, f"{field}.template")
    policy = (template.get("spec") or {}).get("restartPolicy", "")
    path = f"{field}.template.spec.restartPolicy"
    if policy == "Always":
        text = 'valid values: "OnFailure", "Never"'
        causes.append(required(path, text))
    elif policy in RESTART_POLICIES and policy not in ("OnFailure", "Never"):
        causes.append(not_supported(path, policy, ["OnFailure", "Never"]))
    elif spec.get("podFailurePolicy") and policy != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        causes.append(invalid(path, policy, text))
    return causes


def _failed_indexes(spec: Spec, field: str) -> list[Cause]:
    """How many indexes of an Indexed Job may fail: not more than there are."""
    most, completions = spec.get("maxFailedIndexes"), spec.get("completions")
    if most is None:
        return []
    path = f"{field}.maxFailedIndexes"
    if spec.get("completionMode") != "Indexed":
        return [invalid(path, most, "requires indexed completion mode")]
    if completions is not None and most > completions:
        return [invalid(path, most, "must be less than or equal to completions")]
    return []


def _managed_by(name: str | None, field: str) -> list[Cause]:
    """Another controller than Kubernetes' own: a path that begins with its domain."""
    if name is None:
        return []
    domain, slash, rest = name.partition("/")
    causes = [] if len(name) <= 63 else [too_long(field, 63)]
    if not slash or not domain or not rest or is_dns_subdomain(domain):
        causes.append(invalid(field, name, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    return causes


def _failure_policy(spec: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    names = {
        container.get("name") for container in ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    }
    for index, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or ()):
        path = f"{field}.podFailurePolicy.rules[{index}]"
        causes += one_of(rule.get("action"), ("Count", "FailIndex", "FailJob", "Ignore"), f"{path}.action")
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        if codes and conditions:
            text = "specifying both OnExitCodes and OnPodConditions is not supported"
            causes.append(invalid(path, "", text))
        elif not codes and not conditions:
            text = "specifying one of OnExitCodes and OnPodConditions is required"
            causes.append(invalid(path, "", text))
        if codes:
            causes += one_of(codes.get("operator"), ("In", "NotIn"), f"{path}.onExitCodes.operator")
            container = codes.get("containerName")
            if container is not None and container not in names:
                text = "must be one of the container or initContainer names in the pod template"
                causes.append(invalid(f"{path}.onExitCodes.containerName", container, text))
            if not codes.get("values"):
                causes.append(invalid(f"{path}.onExitCodes.values", [], "at least one value is required"))
            elif codes.get("operator") == "In" and 0 in codes["values"]:
                at = codes["values"].index(0)
                causes.append(invalid(f"{path}.onExitCodes.values[{at}]", 0, "must not be 0 for the In operator"))
    return causes


class JobStrategy(BuiltinStrategy):
    columns = columns("Status", "Completions", "Duration", "Age", wide=("Containers", "Images", "Selector"))
    status = True
    generation = True
    orphan_dependents = True
    field_labels = frozenset({"status.successful"})

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return workload_warnings(obj, old, obj["spec"].get("template"), "spec.template")

    def unknown_field_label(self, label: str) -> str:
        return f'field label "{label}" not supported for Job'

    def default(self, obj: Object) -> None:
        template = obj["spec"].get("template") or {}
        default_job_spec(obj["spec"])
        labels = (template.get("metadata") or {}).get("labels")
        if labels and not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        if not obj["spec"].get("manualSelector"):
            _generate_selector(obj)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        """Only a suspended Job that never started may have its scheduling directives changed: see the rules."""

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = validate_selector(spec, "job") if spec.get("manualSelector") else _selector_given(spec)
        causes += validate_job_spec(spec, "spec")
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
        wanted = (spec.get("selector") or {}).get("matchLabels") or {}
        if not wanted.items() <= labels.items():
            causes.append(
                invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
            )
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        causes = self.rules(obj)
        if new.get("completionMode") != "Indexed":
            causes += immutable(new.get("completions"), before.get("completions"), "spec.completions")
        causes += immutable(new.get("selector"), before.get("selector"), "spec.selector")
        if not same(_fixed_template(new, old), _fixed_template(before, old)):
            causes.append(invalid("spec.template", new.get("template"), "field is immutable"))
        for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
            causes += immutable(new.get(name), before.get(name), f"spec.{name}")
        return causes

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status = obj["status"]
        causes: list[Cause] = []
        for name in ("active", "succeeded", "failed", "ready", "terminating"):
            causes += non_negative(status.get(name), f"status.{name}")
        before = old.get("status") or {}
        finished = {c["type"] for c in before.get("conditions") or () if c.get("status") == "True"}
        kept = {c["type"] for c in status.get("conditions") or () if c.get("status") == "True"}
        for kind in ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"):
            if kind in finished and kind not in kept:
                text = f"cannot disable the terminal {kind}=True condition" if kind in ("Complete", "Failed") else (
                    f"cannot disable the {kind}=True condition"
                )  # fmt: skip
                causes.append(invalid("status.conditions", OMIT, text))
        if kept >= {"Complete", "Failed"}:
            text = "cannot set Complete=True and Failed=True conditions"
            causes.append(invalid("status.conditions", OMIT, text))
        if (
            before.get("startTime")
            and status.get("startTime") != before["startTime"]
            and not obj["spec"].get("suspend")
        ):
            text = "startTime cannot be modified for unsuspended jobs" if status.get("startTime") else (
                "startTime cannot be removed for unsuspended job"
            )  # fmt: skip
            causes.append(required("status.startTime", text))
        return causes

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


def _selector_given(spec: Spec) -> list[Cause]:
    return [] if spec.get("selector") is not None else [required("spec.selector")]


def _generate_selector(job: Object) -> None:
    """Jobs own their pods by a label with the Job's uid; older names of the labels are kept beside it."""
    uid, name = job["metadata"].get("uid", ""), name_of(job)
    labels = {"controller-uid": uid, _UID_LABEL: uid, "job-name": name, _NAME_LABEL: name}
    template = job["spec"].setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    job["metadata"]["labels"] = {**template["labels"], **(job["metadata"].get("labels") or {})}
    selector = job["spec"].setdefault("selector", {})
    selector.setdefault("matchLabels", {})[_UID_LABEL] = uid


def _fixed_template(spec: Spec, old: Object) -> Spec:
    """The part of the template that may not change: all of it, but for scheduling directives of an unstarted Job."""
    template: Spec = spec.get("template") or {}
    suspended = old["spec"].get("suspend") and not (old.get("status") or {}).get("startTime")
    if not suspended:
        return template
    free = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
    pod = {key: value for key, value in (template.get("spec") or {}).items() if key not in free}
    metadata = {k: v for k, v in (template.get("metadata") or {}).items() if k not in ("labels", "annotations")}
    return {"metadata": metadata, "spec": pod}


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
        return workload_warnings(obj, old, job.get("template"), "spec.jobTemplate.spec.template")

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        # Room for the eleven characters that the controller adds to the names of Jobs.
        too_long = [] if prefix or len(name) <= 52 else ["must be no more than 52 characters"]
        return dns_subdomain(name, prefix) + too_long

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("concurrencyPolicy", "Allow")
        spec.setdefault("suspend", False)
        spec.setdefault("successfulJobsHistoryLimit", 3)
        spec.setdefault("failedJobsHistoryLimit", 1)
        default_template((spec["jobTemplate"].get("spec") or {}).get("template"))

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = _schedule(spec)
        causes += non_negative(spec.get("startingDeadlineSeconds"), "spec.startingDeadlineSeconds")
        if "timeZone" in spec:
            causes += _time_zone(spec["timeZone"], "spec.timeZone")
        causes += one_of(spec.get("concurrencyPolicy"), _CONCURRENCY, "spec.concurrencyPolicy")
        template = spec.get("jobTemplate") or {}
        causes += validate_labels((template.get("metadata") or {}).get("labels"), "spec.jobTemplate.labels")
        job = template.get("spec") or {}
        causes += validate_job_spec(job, "spec.jobTemplate.spec")
        if job.get("manualSelector"):
            path = "spec.jobTemplate.spec.manualSelector"
            causes.append(not_supported(path, True, ["nil", "false"]))
        if job.get("selector") is not None:
            text = "`selector` will be auto-generated"
            causes.append(invalid("spec.jobTemplate.spec.selector", job["selector"], text))
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


_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def _schedule(spec: Spec) -> list[Cause]:
    schedule = spec.get("schedule", "")
    if not schedule:
        return [required("spec.schedule")]
    if "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return [invalid("spec.schedule", schedule, text)]
    problem = cron_problem(schedule)
    return [invalid("spec.schedule", schedule, problem)] if problem else []


def cron_problem(schedule: str) -> str | None:
    """Why a text is no standard cron schedule (five fields, or a descriptor such as ``@hourly``), or None."""
    if schedule.startswith("@"):
        known = schedule in _MACROS or re.fullmatch(r"@every ([0-9.]+(ns|us|µs|ms|s|m|h))+", schedule)
        return None if known else f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for index, (field, (low, high)) in enumerate(zip(fields, _RANGES, strict=True)):
        names = {3: _MONTHS, 4: _DAYS}.get(index, ())
        for part in field.split(","):
            if problem := _cron_part(part, low, high, names):
                return problem
    return None


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> str | None:
    span, slash, step = part.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return (
            f"failed to parse int from {step}"
            if not step.isdigit()
            else f"step of range should be a positive number: {part}"
        )
    if span in ("*", "?"):
        return None
    numbers = []
    for text in span.split("-", 1):
        if text.lower() in names:
            numbers.append(names.index(text.lower()) + low)
        elif text.isascii() and text.isdigit():
            numbers.append(int(text))
        else:
            return f"failed to parse int from {text}"
    start, end = numbers[0], numbers[-1]
    if start < low:
        return f"beginning of range ({start}) below minimum ({low}): {part}"
    if end > high:
        return f"end of range ({end}) above maximum ({high}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    return None


def _time_zone(name: str, field: str) -> list[Cause]:
    if not name:
        return [invalid(field, name, "timeZone must be nil or non-empty string")]
    if name.lower() == "local":
        return [
            invalid(field, name, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
        ]
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return [invalid(field, name, f"unknown time zone {name}")]
    return []
