"""How a Job stands and how it ends: failures counted by its policy, indexes that are done, and what it all means.

A Job and its Pods go in, nothing is read or written here.  The rules are those of `pkg/controller/job`; what Pods that
are gone have contributed is read from the Job's status.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from kubewright.localcluster.containers import restarts
from kubewright.localcluster.pods import is_active
from kubewright.objects.batch_v1 import Job, PodFailurePolicyRule, SuccessPolicyRule
from kubewright.objects.core_v1 import ContainerStateTerminated, Pod

INDEX = "batch.kubernetes.io/job-completion-index"


class Outcome(NamedTuple):
    """How a Job ends: ``target`` is the condition that says so while Pods of it are still there."""

    target: str
    reason: str
    message: str

    @property
    def final(self) -> str:
        return "Complete" if self.target == "SuccessCriteriaMet" else "Failed"


@dataclass
class Tally:
    """The Pods of a Job, sorted; ``failed`` are those that count as failures."""

    active: list[Pod] = field(default_factory=list)
    terminating: list[Pod] = field(default_factory=list)
    succeeded: list[Pod] = field(default_factory=list)
    failed: list[Pod] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    """Indexes that have succeeded."""
    given_up: set[int] = field(default_factory=set)
    """Indexes that have failed for good."""
    fatal: str = ""
    """Which Pod fails the whole Job by its failure policy, and by which rule."""


def is_indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def index_of(pod: Pod) -> int | None:
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdigit() else None


def tally(job: Job, pods: Iterable[Pod]) -> Tally:
    """Sort the Pods of a Job, and take its failure policy into account."""
    found = Tally(done=numbers(job.status.completed_indexes), given_up=numbers(job.status.failed_indexes))
    for pod in pods:
        if pod.status.phase == "Succeeded":
            found.succeeded.append(pod)
        elif pod.status.phase == "Failed":
            action, why = _verdict(job, pod)
            if action == "FailJob":
                found.fatal = found.fatal or why
            if action == "FailIndex" and (index := index_of(pod)) is not None:
                found.given_up.add(index)
            if action != "Ignore":
                found.failed.append(pod)
        elif is_active(pod):
            found.active.append(pod)
        else:
            found.terminating.append(pod)
    if is_indexed(job):
        most = job.spec.completions or 0
        found.done |= {index for pod in found.succeeded if (index := index_of(pod)) is not None and index < most}
        if (limit := job.spec.backoff_limit_per_index) is not None:
            found.given_up |= {index for index, count in failures_by_index(found.failed).items() if count > limit}
        found.given_up -= found.done
    return found


def failures_by_index(pods: Iterable[Pod]) -> dict[int, int]:
    """How often each index has failed."""
    counts: dict[int, int] = {}
    for pod in pods:
        if (index := index_of(pod)) is not None:
            counts[index] = counts.get(index, 0) + 1
    return counts


def outcome(job: Job, found: Tally, now: datetime) -> Outcome | None:
    """How the Job ends, if it does; what has been said once stays."""
    for condition in job.status.conditions:
        if condition.type in ("FailureTarget", "SuccessCriteriaMet") and condition.status == "True":
            return Outcome(condition.type, condition.reason or "", condition.message or "")
    if found.fatal:
        return Outcome("FailureTarget", "PodFailurePolicy", found.fatal)
    if _is_past_backoff_limit(job, found):
        return Outcome("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    end = deadline(job)
    if end is not None and now >= end:
        return Outcome("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")
    return _failed_indexes(job, found) or _success(job, found)


def deadline(job: Job) -> datetime | None:
    """When the Job has been active for too long."""
    seconds, started = job.spec.active_deadline_seconds, job.status.start_time
    return started + timedelta(seconds=seconds) if seconds is not None and started is not None else None


def succeeded_count(job: Job, found: Tally) -> int:
    if is_indexed(job):
        return len(found.done)
    return max(len(found.succeeded), job.status.succeeded or 0)


def failed_count(job: Job, found: Tally) -> int:
    return max(len(found.failed), job.status.failed or 0)


def _is_past_backoff_limit(job: Job, found: Tally) -> bool:
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if failed_count(job, found) > limit:
        return True
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    again = sum(restarts(pod) for pod in found.active)
    return again > 0 if limit == 0 else again >= limit


def _failed_indexes(job: Job, found: Tally) -> Outcome | None:
    if job.spec.backoff_limit_per_index is None:
        return None
    most = job.spec.max_failed_indexes
    if most is not None and len(found.given_up) > most:
        text = "Job has exceeded the specified maximal number of failed indexes"
        return Outcome("FailureTarget", "MaxFailedIndexesExceeded", text)
    if found.given_up and len(found.given_up) + len(found.done) >= (job.spec.completions or 0):
        return Outcome("FailureTarget", "FailedIndexes", "Job has failed indexes")
    return None


def _success(job: Job, found: Tally) -> Outcome | None:
    policy = job.spec.success_policy
    if policy is not None and is_indexed(job):
        for place, rule in enumerate(policy.rules):
            if _is_met(rule, found.done):
                return Outcome("SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {place}")
    if job.spec.completions is None:
        # One success means that the work is done; those still at it may finish.
        complete = succeeded_count(job, found) > 0 and not found.active
    else:
        complete = succeeded_count(job, found) >= job.spec.completions
    if not complete:
        return None
    return Outcome("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")


def _is_met(rule: SuccessPolicyRule, done: set[int]) -> bool:
    wanted = numbers(rule.succeeded_indexes) if rule.succeeded_indexes is not None else None
    counting = done if wanted is None else done & wanted
    if rule.succeeded_count is not None:
        return len(counting) >= rule.succeeded_count
    return wanted is not None and wanted <= done


def _verdict(job: Job, pod: Pod) -> tuple[str, str]:
    """The action of the first rule that a failed Pod matches, and which that was."""
    policy = job.spec.pod_failure_policy
    for place, rule in enumerate(policy.rules if policy is not None else ()):
        if (what := _match(rule, pod)) is not None:
            return rule.action, f"{what} matching {rule.action} rule at index {place}"
    return "Count", ""


def _match(rule: PodFailurePolicyRule, pod: Pod) -> str | None:
    named = f"pod {pod.metadata.namespace}/{pod.metadata.name}"
    if (codes := rule.on_exit_codes) is not None:
        for name, state in terminated(pod):
            if codes.container_name not in (None, "", name) or state.exit_code == 0:
                continue
            if (state.exit_code in codes.values) == (codes.operator == "In"):
                return f"Container {name} for {named} failed with exit code {state.exit_code}"
        return None
    for pattern in rule.on_pod_conditions:
        for condition in pod.status.conditions:
            if condition.type == pattern.type and condition.status == (pattern.status or "True"):
                return f"P{named[1:]} has condition {pattern.type}"
    return None


def terminated(pod: Pod) -> Iterator[tuple[str, ContainerStateTerminated]]:
    """The containers that have ended, by name."""
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        if status.state is not None and status.state.terminated is not None:
            yield status.name, status.state.terminated


def ranges(indexes: set[int]) -> str:
    """``{0, 1, 2, 5}`` as Kubernetes writes it: ``0-2,5``."""
    parts: list[list[int]] = []
    for index in sorted(indexes):
        if parts and parts[-1][-1] == index - 1:
            parts[-1] = [parts[-1][0], index]
        else:
            parts.append([index])
    return ",".join("-".join(map(str, part)) for part in parts)


def numbers(text: str | None) -> set[int]:
    """What `ranges` has written."""
    found: set[int] = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
