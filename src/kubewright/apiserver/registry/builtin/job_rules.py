"""What must hold for Jobs: their spec, how it may change, and the steps that their status may take.

In go the spec or status and the path of its field; out come field errors, after ``pkg/apis/batch/validation`` and the
options that ``pkg/registry/batch/job/strategy.go`` gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.field_rules import (
    domain_prefixed_path,
    label_selector,
    non_negative,
    optional_one_of,
    problems,
    unique,
)
from kubewright.apiserver.registry.builtin.pod_rules import RESTART_POLICIES, validate_template
from kubewright.apiserver.registry.metadata_rules import immutable, is_qualified_name
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import OMIT, duplicate, invalid, not_supported, required, show, too_long, too_many
from kubewright.objects.selectors import LabelSelector, SelectorError

Spec = Mapping[str, Any]

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_REPLACEMENT = ("Failed", "TerminatingOrFailed")
_STATUSES = ("False", "True", "Unknown")
_MISMATCH = "`selector` does not match template `labels`"
_MAX_INDEXED = 100_000
_MANY_COMPLETIONS = 100_000
_LIMIT_FOR_MANY = 10_000
_MAX_RULES = 20
_MAX_MANAGED_BY = 63
_MAX_EXIT_CODES = 255
_MAX_INDEXES_TEXT = 64 * 1024


def validate_job_spec(spec: Spec, field: str) -> list[Cause]:
    """The spec of a Job or of a CronJob's template, but for the selector, which only a Job has."""
    causes: list[Cause] = []
    for name in (
        "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
        "backoffLimitPerIndex", "maxFailedIndexes",
    ):  # fmt: skip
        causes += non_negative(spec.get(name), f"{field}.{name}")
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        causes.append(required(f"{field}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if "managedBy" in spec:
        causes += domain_prefixed_path(spec["managedBy"], f"{field}.managedBy")
        if len(spec["managedBy"].encode()) > _MAX_MANAGED_BY:
            causes.append(too_long(f"{field}.managedBy", _MAX_MANAGED_BY))
    causes += optional_one_of(spec.get("completionMode"), ("Indexed", "NonIndexed"), f"{field}.completionMode")
    if spec.get("completionMode") == "Indexed":
        causes += _indexed(spec, field)
    elif spec.get("completionMode", "NonIndexed") == "NonIndexed":
        causes += [
            invalid(f"{field}.{name}", spec[name], "requires indexed completion mode")
            for name in ("backoffLimitPerIndex", "maxFailedIndexes")
            if name in spec
        ]
    if "podFailurePolicy" in spec:
        causes += _failure_policy(spec, f"{field}.podFailurePolicy")
    if "successPolicy" in spec:
        causes += _success_policy(spec, f"{field}.successPolicy")
    replacement = ("Failed",) if "podFailurePolicy" in spec else _REPLACEMENT
    causes += optional_one_of(spec.get("podReplacementPolicy"), replacement, f"{field}.podReplacementPolicy")
    template = spec.get("template") or {}
    return causes + validate_template(template, f"{field}.template") + _restart_policy(spec, template, field)


def _restart_policy(spec: Spec, template: Spec, field: str) -> list[Cause]:
    policy = (template.get("spec") or {}).get("restartPolicy", "")
    path = f"{field}.template.spec.restartPolicy"
    if policy == "Always":
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if policy in RESTART_POLICIES and policy not in ("OnFailure", "Never"):
        return [not_supported(path, policy, ["OnFailure", "Never"])]
    if "podFailurePolicy" in spec and policy != "Never":
        return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def _indexed(spec: Spec, field: str) -> list[Cause]:
    """The bounds of a Job whose pods are numbered: what is done is kept as a list of numbers."""
    causes: list[Cause] = []
    completions, parallelism, failures = (spec.get(key) for key in ("completions", "parallelism", "maxFailedIndexes"))
    if completions is None:
        causes.append(required(f"{field}.completions", "when completion mode is Indexed"))
    if (parallelism or 0) > _MAX_INDEXED:
        text = f"must be less than or equal to {_MAX_INDEXED} when completion mode is Indexed"
        causes.append(invalid(f"{field}.parallelism", parallelism, text))
    if failures is not None and completions is not None and failures > completions:
        causes.append(invalid(f"{field}.maxFailedIndexes", failures, "must be less than or equal to completions"))
    if (failures or 0) > _MAX_INDEXED:
        causes.append(invalid(f"{field}.maxFailedIndexes", failures, f"must be less than or equal to {_MAX_INDEXED}"))
    if (completions or 0) <= _MANY_COMPLETIONS or "backoffLimitPerIndex" not in spec:
        return causes
    if failures is None:
        text = f"must be specified when completions is above {_MANY_COMPLETIONS}"
        causes.append(required(f"{field}.maxFailedIndexes", text))
    for name in ("parallelism", "maxFailedIndexes"):
        if (spec.get(name) or 0) > _LIMIT_FOR_MANY:
            text = (
                f"must be less than or equal to {_LIMIT_FOR_MANY} when completions are above {_MANY_COMPLETIONS} "
                "and used with backoff limit per index"
            )
            causes.append(invalid(f"{field}.{name}", spec[name], text))
    return causes


def _failure_policy(spec: Spec, field: str) -> list[Cause]:
    rules = spec["podFailurePolicy"].get("rules") or []
    causes = _at_most(rules, _MAX_RULES, f"{field}.rules")
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {one.get("name") for kind in ("containers", "initContainers") for one in pod.get(kind) or ()}
    for index, rule in enumerate(rules):
        path = f"{field}.rules[{index}]"
        action = rule.get("action", "")
        causes += _chosen(action, _ACTIONS, f"{path}.action")
        if action == "FailIndex" and "backoffLimitPerIndex" not in spec:
            causes.append(invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions") or []
        if codes is not None:
            causes += _exit_codes(codes, names, f"{path}.onExitCodes")
        causes += _at_most(conditions, _MAX_RULES, f"{path}.onPodConditions")
        for at, pattern in enumerate(conditions):
            where, kind = f"{path}.onPodConditions[{at}]", pattern.get("type", "")
            causes += problems(is_qualified_name(kind), kind, f"{where}.type")
            causes += _chosen(pattern.get("status", ""), _STATUSES, f"{where}.status")
        if codes is not None and conditions:
            text = "specifying both OnExitCodes and OnPodConditions is not supported"
            causes.append(invalid(path, OMIT, text))
        if codes is None and not conditions:
            causes.append(invalid(path, OMIT, "specifying one of OnExitCodes and OnPodConditions is required"))
    return causes


def _exit_codes(codes: Spec, names: set[str], field: str) -> list[Cause]:
    causes = _chosen(codes.get("operator", ""), ("In", "NotIn"), f"{field}.operator")
    container, values = codes.get("containerName"), codes.get("values") or []
    if container is not None and container not in names:
        text = "must be one of the container or initContainer names in the pod template"
        causes.append(invalid(f"{field}.containerName", container, text))
    if not values:
        causes.append(invalid(f"{field}.values", values, "at least one value is required"))
    causes += _at_most(values, _MAX_EXIT_CODES, f"{field}.values")
    seen: set[int] = set()
    for index, value in enumerate(values):
        if codes.get("operator") == "In" and value == 0:
            causes.append(invalid(f"{field}.values[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            causes.append(duplicate(f"{field}.values[{index}]", value))
        seen.add(value)
    if any(first > second for first, second in pairwise(values)):
        causes.append(invalid(f"{field}.values", values, "must be ordered"))
    return causes


def _success_policy(spec: Spec, field: str) -> list[Cause]:
    if spec.get("completionMode") != "Indexed":
        return [invalid(field, spec["successPolicy"], "requires indexed completion mode")]
    rules = spec["successPolicy"].get("rules") or []
    causes = _at_most(rules, _MAX_RULES, f"{field}.rules")
    if not rules:
        text = "at least one rules must be specified when the successPolicy is specified"
        causes.append(required(f"{field}.rules", text))
    for index, rule in enumerate(rules):
        causes += _success_rule(rule, spec.get("completions") or 0, f"{field}.rules[{index}]")
    return causes


def _success_rule(rule: Spec, completions: int, path: str) -> list[Cause]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    causes: list[Cause] = []
    if count is None and indexes is None:
        causes.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    total = 0
    if indexes is not None:
        if len(indexes) > _MAX_INDEXES_TEXT:
            causes.append(too_long(f"{path}.succeededIndexes", _MAX_INDEXES_TEXT))
        try:
            total = sum(last - first + 1 for first, last in parse_indexes(indexes, completions))
        except ValueError as error:
            causes.append(invalid(f"{path}.succeededIndexes", indexes, f"error parsing succeededIndexes: {error}"))
    if count is None:
        return causes
    causes += non_negative(count, f"{path}.succeededCount")
    bounds = [(completions, "completions")]
    if indexes is not None:
        bounds.append((total, "indexes in the specified succeededIndexes field"))
    for most, what in bounds:
        if count > most:
            of = "specified completions" if what == "completions" else what
            text = f"must be less than or equal to {most} (the number of {of})"
            causes.append(invalid(f"{path}.succeededCount", count, text))
    return causes


def parse_indexes(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals of a text such as ``1,3-5``, in rising order.

    :raises ValueError: it is not written so, or names an index that the Job doesn't have.
    """
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        bounds = part.split("-")
        if len(bounds) > 2:
            why = "violates the requirement that an index interval can have at most two parts separated by '-'"
            raise ValueError(f"the fragment {show(part)} {why}")
        first, last = _index(bounds[0], completions), _index(bounds[-1], completions)
        if len(bounds) == 2 and first >= last:
            raise ValueError(f"non-increasing order, previous: {first}, current: {last}")
        if found and found[-1][1] >= first:
            raise ValueError(f"non-increasing order, previous: {found[-1][1]}, current: {first}")
        found.append((first, last))
    return found


def _index(text: str, completions: int) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"cannot convert string to integer for index: {show(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {show(text)}")
    return int(text)


def _at_most(items: list[Any], limit: int, field: str) -> list[Cause]:
    return [too_many(field, len(items), limit)] if len(items) > limit else []


def _chosen(value: str, allowed: tuple[str, ...], field: str) -> list[Cause]:
    """A value that must be given; what is missing is said with the choice that there is."""
    if not value:
        return [required(field, f"valid values: [{' '.join(show(name) for name in allowed)}]")]
    return optional_one_of(value, allowed, field)


def validate_job_selector(spec: Spec, field: str) -> list[Cause]:
    """Whoever made the selector, it has to match the pods of the Job."""
    selector = spec.get("selector")
    causes = [required(f"{field}.selector")] if selector is None else label_selector(selector, f"{field}.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    try:
        matches = selector is not None and LabelSelector.from_object(selector).matches(labels)
    except SelectorError:
        return causes
    if not matches:
        causes.append(invalid(f"{field}.template.metadata.labels", labels, _MISMATCH))
    return causes


def validate_generated_selector(job: Object, wanted: Mapping[str, str]) -> list[Cause]:
    """A generated selector and the labels that go with it, which the author of a Job may have given otherwise."""
    labels = ((job["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    causes: list[Cause] = []
    for key, value in wanted.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            causes.append(required(path, f"must be '{value}'"))
        if labels.get(key, "") != value:
            causes.append(invalid(path, labels, f"must be '{value}'"))
    try:
        if LabelSelector.from_object(job["spec"]["selector"]).matches(wanted):
            return causes
    except SelectorError:
        return causes
    return [*causes, invalid("spec.selector", job["spec"]["selector"], "`selector` not auto-generated")]


def validate_job_change(job: Object, old: Object) -> list[Cause]:
    """What a Job keeps once it is made; one that is suspended may still be placed, and sized, otherwise."""
    new, before = job["spec"], old["spec"]
    causes: list[Cause] = []
    if new.get("completionMode") != "Indexed":
        causes += immutable(new.get("completions"), before.get("completions"), "spec.completions")
    elif new.get("completions") not in (None, before.get("completions"), new.get("parallelism")):
        text = "can only be modified in tandem with spec.parallelism"
        causes.append(invalid("spec.completions", new["completions"], text))
    causes += immutable(new.get("selector"), before.get("selector"), "spec.selector")
    causes += _template_change(new.get("template") or {}, old)
    for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        causes += immutable(new.get(name), before.get(name), f"spec.{name}")
    return causes


def _template_change(template: Spec, old: Object) -> list[Cause]:
    before: Spec = old["spec"].get("template") or {}
    status = old.get("status") or {}
    suspended = bool(old["spec"].get("suspend"))
    stopped = "Suspended" in true_conditions(status)
    if suspended and (stopped or not status.get("startTime")):
        before = _placed_like(before, template)
    if suspended and stopped:
        wanted = template.get("spec") or {}
        allowed = _sized_like(before.get("spec") or {}, wanted)
        return [] if same(wanted, allowed) else [invalid("spec.template.spec", wanted, "field is immutable")]
    return [] if same(template, before) else [invalid("spec.template", template, "field is immutable")]


def _placed_like(before: Spec, template: Spec) -> Spec:
    """A template with what steers its scheduling taken from another."""
    old, new = before.get("spec") or {}, template.get("spec") or {}
    spec = {**old, **{name: new.get(name) for name in ("nodeSelector", "tolerations", "schedulingGates")}}
    node = (new.get("affinity") or {}).get("nodeAffinity")
    spec["affinity"] = {**(old.get("affinity") or {}), "nodeAffinity": node}
    metadata = template.get("metadata") or {}
    labels = {name: metadata.get(name) for name in ("labels", "annotations")}
    return {**before, "metadata": {**(before.get("metadata") or {}), **labels}, "spec": spec}


def _sized_like(before: Spec, wanted: Spec) -> Spec:
    """A pod's spec with the resources of another's containers."""
    sized = dict(before)
    for kind in ("containers", "initContainers"):
        old, new = before.get(kind) or [], wanted.get(kind) or []
        if old and [one.get("name") for one in old] == [one.get("name") for one in new]:
            sized[kind] = [{**a, "resources": b.get("resources")} for a, b in zip(old, new, strict=True)]
    return sized


def true_conditions(status: Spec) -> set[str]:
    return {one.get("type", "") for one in status.get("conditions") or () if one.get("status") == "True"}


def validate_job_status(job: Object, old: Object) -> list[Cause]:
    """A status is checked where it changes, so that one that broke a rule earlier does not stand in the way."""
    status, before = job["status"], old.get("status") or {}
    causes: list[Cause] = []
    for name in ("active", "succeeded", "failed", "ready", "terminating"):
        causes += non_negative(status.get(name), f"status.{name}")
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        uids = (status.get("uncountedTerminatedPods") or {}).get(name) or []
        causes += _uncounted(uids, seen, f"status.uncountedTerminatedPods.{name}")
        seen |= set(uids)
    changed = {name for name in {*status, *before} if not same(status.get(name), before.get(name))}
    causes += _conditions(job, true_conditions(status), true_conditions(before), changed)
    causes += _times(job, before, changed)
    causes += _finished(status, true_conditions(before), changed)
    return causes + _counters(job, before) + _status_indexes(job, changed)


def _uncounted(uids: list[str], before: Iterable[str], field: str) -> list[Cause]:
    causes = [invalid(f"{field}[{index}]", uid, "must not be empty") for index, uid in enumerate(uids) if not uid]
    known = [uid for uid in before if uid]
    repeated = unique([*known, *uids])
    return causes + [duplicate(f"{field}[{at - len(known)}]", uid) for at, uid in repeated if uid and at >= len(known)]


_EXCLUSIVE = (
    ("Complete", "Failed", True),
    ("Complete", "FailureTarget", True),
    ("SuccessCriteriaMet", "Failed", False),
    ("SuccessCriteriaMet", "FailureTarget", False),
)
"""Conditions that exclude each other, and whether that is said only when one of them changes."""
_PRECEDED = (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet"))


def _conditions(job: Object, now: set[str], before: set[str], changed: set[str]) -> list[Cause]:
    turned = now ^ before
    texts: list[str] = []
    for first, second, on_change in _EXCLUSIVE:
        if {first, second} <= now and (not on_change or turned & {first, second}):
            texts.append(f"cannot set {first}=True and {second}=true conditions")
    for last, earlier in _PRECEDED:
        matters = turned & {last} or (turned & {earlier} if last == "Complete" else "failedIndexes" in changed)
        if last in now and earlier not in now and matters:
            texts.append(f"cannot set {last}=True condition without the {earlier}=true condition")
    if "successPolicy" in job["spec"] and "Complete" in now and "SuccessCriteriaMet" not in now:
        texts.append("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")
    texts += [
        f"cannot disable the terminal {kind}=True condition"
        for kind in ("Failed", "Complete", "FailureTarget")
        if kind in before - now
    ]
    if "SuccessCriteriaMet" in before - now:
        texts.append("cannot disable the SuccessCriteriaMet=True condition")
    if "Complete" in before and "SuccessCriteriaMet" in now - before:
        texts.append("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
    return [invalid("status.conditions", OMIT, text) for text in texts]


def _times(job: Object, before: Spec, changed: set[str]) -> list[Cause]:
    status = job["status"]
    start, end = status.get("startTime"), status.get("completionTime")
    complete, was = "Complete" in true_conditions(status), "Complete" in true_conditions(before)
    causes: list[Cause] = []
    if complete != was or "completionTime" in changed:
        if end and not complete:
            text = "cannot set completionTime when there is no Complete=True condition"
            causes.append(invalid("status.completionTime", end, text))
        if complete and not end:
            causes.append(required("status.completionTime", "completionTime is required for Complete jobs"))
    moved = changed & {"startTime", "completionTime"}
    if moved and start and end and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        causes.append(invalid("status.completionTime", end, "must be equal to or after `startTime`"))
    if end and before.get("completionTime") and "completionTime" in changed:
        causes.append(invalid("status.completionTime", end, "field is immutable"))
    resumed = "Suspended" in true_conditions(before) - true_conditions(status)
    if before.get("startTime") and "startTime" in changed and not resumed and not job["spec"].get("suspend"):
        causes.append(required("status.startTime", "startTime cannot be removed for unsuspended job"))
    return causes


def _finished(status: Spec, before: set[str], changed: set[str]) -> list[Cause]:
    """A Job is over only when none of its pods is left."""
    ends = {"Complete", "Failed"}
    if not ends & true_conditions(status):
        return []
    checked = {"active", "terminating", "startTime", "uncountedTerminatedPods"}
    if ends & before:
        checked &= changed
    causes = [
        invalid(f"status.{name}", status[name], f"{name}>0 is invalid for finished job")
        for name in ("active", "terminating")
        if name in checked and status.get(name, 0) > 0
    ]
    if "startTime" in checked and not status.get("startTime"):
        causes.append(required("status.startTime", "startTime is required for finished job"))
    uncounted = status.get("uncountedTerminatedPods") or {}
    if "uncountedTerminatedPods" in checked and (uncounted.get("succeeded") or uncounted.get("failed")):
        causes.append(invalid("status.uncountedTerminatedPods", uncounted, "must be empty for finished job"))
    return causes


def _counters(job: Object, before: Spec) -> list[Cause]:
    status, spec = job["status"], job["spec"]
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    causes = [
        invalid(f"status.{name}", status.get(name, 0), f"cannot decrease the {name} counter")
        for name in (("failed",) if elastic else ("failed", "succeeded"))
        if status.get(name, 0) < before.get(name, 0)
    ]
    moved = status.get("ready") != before.get("ready") or status.get("active", 0) != before.get("active", 0)
    if moved and (status.get("ready") or 0) > status.get("active", 0):
        causes.append(invalid("status.ready", status["ready"], "cannot set more ready pods than active"))
    return causes


def _status_indexes(job: Object, changed: set[str]) -> list[Cause]:
    spec, status = job["spec"], job["status"]
    completions = spec.get("completions")
    causes: list[Cause] = []
    intervals: dict[str, list[tuple[int, int]]] = {}
    for name in ("completedIndexes", "failedIndexes"):
        text = status.get(name)
        if text is None or completions is None:
            continue
        try:
            intervals[name] = parse_indexes(text, completions)
        except ValueError as error:
            if name in changed and (name == "completedIndexes" or "backoffLimitPerIndex" in spec):
                causes.append(invalid(f"status.{name}", text, f"error parsing {name}: {error}"))
    if "completedIndexes" in changed and status.get("completedIndexes") and spec.get("completionMode") != "Indexed":
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        causes.append(invalid("status.completedIndexes", status["completedIndexes"], text))
    failed = status.get("failedIndexes")
    if "failedIndexes" in changed and failed is not None and "backoffLimitPerIndex" not in spec:
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        causes.append(invalid("status.failedIndexes", failed, text))
    if changed & {"completedIndexes", "failedIndexes"}:
        pairs = [(a, b) for a in intervals.get("completedIndexes", ()) for b in intervals.get("failedIndexes", ())]
        common = [max(a[0], b[0]) for a, b in pairs if a[0] <= b[1] and b[0] <= a[1]]
        if common:
            text = f"failedIndexes and completedIndexes overlap at index: {common[0]}"
            causes.append(invalid("status.failedIndexes", failed, text))
    return causes
