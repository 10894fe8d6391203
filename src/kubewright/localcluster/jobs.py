"""The Job controller: Pods until enough have succeeded, or too many failed (`pkg/controller/job`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.job_outcomes import (
    INDEX,
    Outcome,
    Tally,
    deadline,
    failed_count,
    failures_by_index,
    index_of,
    is_indexed,
    outcome,
    ranges,
    succeeded_count,
    tally,
    terminated,
)
from kubewright.localcluster.pod_control import PodControl
from kubewright.localcluster.pods import is_ready, pod_from, seconds_of
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, from_json, to_json
from kubewright.objects.batch_v1 import Job, JobCondition
from kubewright.objects.core_v1 import EnvVar, Pod, PodTemplateSpec

_CONTROLLER = "kubernetes.io/job-controller"
_INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 600.0
"""Seconds before a Pod that failed is replaced."""


def job_controller(view: View) -> Controller[ObjectKey]:
    control = PodControl(view, "job-controller")

    async def reconcile(job: Job) -> Requeue | None:
        if job.metadata.deletion_timestamp is not None or job.spec.managed_by not in (None, _CONTROLLER):
            return None
        now = datetime.now(UTC)
        if finished_at(job) is not None:
            return await _expire(view, job, now)
        _start_or_suspend(job, now)
        found = tally(job, await claim(view, job, Pod))
        ending = outcome(job, found, now)
        held: datetime | None = None
        if ending is None:
            held = await _adjust(control, job, found, now)
        else:
            await asyncio.gather(*(control.delete(job, pod) for pod in found.active))
        found = tally(job, view.owned(Pod, job))
        _observe(job, found)
        if ending is not None:
            _end(job, ending, now, all_gone=not found.active and not found.terminating)
        if finished_at(job) is not None:
            ttl = job.spec.ttl_seconds_after_finished
            return None if ttl is None else Requeue(after=ttl)
        times = [time for time in (held, deadline(job)) if time is not None]
        return Requeue(after=max(min(times) - now, timedelta())) if times and ending is None else None

    return watch_orphans(view.controller("job", Job, reconcile, owns=[Pod]), view, Pod, Job)


def finished_at(job: Job) -> datetime | None:
    """When the Job ended, either way."""
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True":
            return condition.last_transition_time
    return None


async def _expire(view: View, job: Job, now: datetime) -> Requeue | None:
    ended, ttl = finished_at(job), job.spec.ttl_seconds_after_finished
    if ended is None or ttl is None:
        return None
    if (left := ended + timedelta(seconds=ttl) - now) > timedelta():
        return Requeue(after=left)
    await view.client.delete(job, uid=job.metadata.uid, propagation="Foreground")
    return None


def _start_or_suspend(job: Job, now: datetime) -> None:
    """A Job that is suspended has not started, and its deadline does not run."""
    if job.spec.suspend:
        job.status.start_time = None
        _set(job, "Suspended", True, "JobSuspended", "Job suspended", now)
        return
    if any(condition.type == "Suspended" for condition in job.status.conditions):
        _set(job, "Suspended", False, "JobResumed", "Job resumed", now)
    job.status.start_time = job.status.start_time or now.replace(microsecond=0)


def next_pod_at(job: Job, pods: Iterable[Pod]) -> datetime | None:
    """When a Pod may be made in place of the last one that failed; None if none has failed since the last success.

    The wait is 10 s after the first failure and doubles with each up to 10 min.
    """
    failures, last = 0, None
    ended = ((_ended_at(pod), pod.status.phase == "Failed") for pod in pods)
    for time, failed in sorted((time, failed) for time, failed in ended if time is not None):
        failures, last = (failures + 1, time) if failed else (0, None)
    if last is None:
        return None
    first = seconds_of(job, "backoff", _FIRST_BACKOFF)
    return last + timedelta(seconds=min(first * 2 ** min(failures - 1, 32), _LONGEST_BACKOFF))


def _ended_at(pod: Pod) -> datetime | None:
    return max((state.finished_at for _, state in terminated(pod) if state.finished_at), default=None)


async def _adjust(control: PodControl, job: Job, found: Tally, now: datetime) -> datetime | None:
    """Have as many active Pods as may be; returns until when failures hold more of them back.

    :raises APIError: a Pod was refused.
    """
    wanted = _parallelism(job, found)
    if len(found.active) > wanted:
        await asyncio.gather(*(control.delete(job, pod) for pod in found.active[wanted:]))
        return None
    missing = wanted - len(found.active)
    if _waits_for_terminating(job):
        missing -= len(found.terminating)
    if missing <= 0:
        return None
    if is_indexed(job):
        return await _fill_indexes(control, job, found, missing, now)
    held = next_pod_at(job, found.failed + found.succeeded)
    if held is not None and held > now:
        return held
    await _create(control, job, [_pod(job, None) for _ in range(missing)])
    return None


async def _create(control: PodControl, job: Job, pods: list[Pod]) -> None:
    if (refused := await control.create_all(job, pods)) is not None:
        raise refused


def _waits_for_terminating(job: Job) -> bool:
    """Whether a Pod is replaced only when it has failed for good."""
    default = "TerminatingOrFailed" if job.spec.pod_failure_policy is None else "Failed"
    return (job.spec.pod_replacement_policy or default) == "Failed"


async def _fill_indexes(control: PodControl, job: Job, found: Tally, missing: int, now: datetime) -> datetime | None:
    alive = found.active + (found.terminating if _waits_for_terminating(job) else [])
    taken = {index_of(pod) for pod in alive} | found.done | found.given_up
    free = [index for index in range(job.spec.completions or 0) if index not in taken]
    ended = found.failed + found.succeeded
    per_index = job.spec.backoff_limit_per_index is not None
    due = {
        index: next_pod_at(job, [pod for pod in ended if index_of(pod) == index] if per_index else ended)
        for index in free
    }
    ready = [index for index, time in due.items() if time is None or time <= now]
    failures = failures_by_index(found.failed) if per_index else None
    await _create(control, job, [_pod(job, index, failures) for index in ready[:missing]])
    waiting = [time for index, time in due.items() if time is not None and index not in ready]
    return min(waiting) if waiting and len(ready) < missing else None


def _parallelism(job: Job, found: Tally) -> int:
    """How many Pods shall be active."""
    if job.spec.suspend:
        return 0
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    succeeded = succeeded_count(job, found)
    if job.spec.completions is None:
        return parallelism if not succeeded else len(found.active)
    return min(parallelism, max(job.spec.completions - succeeded - len(found.given_up), 0))


def _pod(job: Job, index: int | None, failures: dict[int, int] | None = None) -> Pod:
    """A Pod of the Job; ``failures`` of each index are written down where they are counted one by one."""
    template = from_json(PodTemplateSpec, to_json(job.spec.template))
    if index is None:
        return pod_from(template, job)
    for container in (*template.spec.containers, *template.spec.init_containers):
        container.env.append(EnvVar(name="JOB_COMPLETION_INDEX", value=str(index)))
    template.metadata.annotations[INDEX] = str(index)
    if failures is not None:
        template.metadata.annotations[_INDEX_FAILURES] = str(failures.get(index, 0))
    template.spec.hostname = f"{job.metadata.name}-{index}"
    pod = pod_from(template, job, labels={INDEX: str(index)})
    pod.metadata.generate_name = f"{job.metadata.name}-{index}-"
    return pod


def _observe(job: Job, found: Tally) -> None:
    status = job.status
    status.active = len(found.active) or None
    status.ready = sum(map(is_ready, found.active))
    status.terminating = len(found.terminating)
    status.failed = failed_count(job, found) or None
    status.succeeded = succeeded_count(job, found) or None
    if is_indexed(job):
        status.completed_indexes = ranges(found.done) or None
    if job.spec.backoff_limit_per_index is not None:
        status.failed_indexes = ranges(found.given_up)


def _end(job: Job, ending: Outcome, now: datetime, *, all_gone: bool) -> None:
    """Say how the Job ends, and once no Pod of it is left, that it has."""
    _set(job, ending.target, True, ending.reason, ending.message, now)
    if all_gone:
        _set(job, ending.final, True, ending.reason, ending.message, now)
        if ending.final == "Complete":
            job.status.completion_time = now.replace(microsecond=0)


def _set(job: Job, type: str, holds: bool, reason: str, message: str, now: datetime) -> None:
    """Add the condition, or turn it; one that says the same stays as it is."""
    wanted, now = str(holds), now.replace(microsecond=0)
    known = next((condition for condition in job.status.conditions if condition.type == type), None)
    if known is not None and known.status == wanted:
        return
    new = JobCondition(
        type=type, status=wanted, reason=reason, message=message, last_probe_time=now, last_transition_time=now
    )
    if known is None:
        job.status.conditions.append(new)
    else:
        job.status.conditions[job.status.conditions.index(known)] = new
