"""The Job controller: Pods until enough have succeeded, or too many failed (`pkg/controller/job`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pods import is_active, is_ready, pod_from, seconds_of
from kubewright.localcluster.replicasets import delete_pod
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, from_json, to_json
from kubewright.objects.batch_v1 import Job, JobCondition
from kubewright.objects.core_v1 import EnvVar, Pod, PodTemplateSpec

_INDEX = "batch.kubernetes.io/job-completion-index"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 600.0
"""Seconds before a Pod that failed is replaced."""


def job_controller(view: View) -> Controller[ObjectKey]:
    async def reconcile(job: Job) -> Requeue | None:
        if job.metadata.deletion_timestamp is not None:
            return None
        now = datetime.now(UTC)
        if finished_at(job) is not None:
            return await _expire(view, job, now)
        if job.status.start_time is None and not job.spec.suspend:
            job.status.start_time = now.replace(microsecond=0)
        pods = await claim(view, job, Pod)
        failure = _failure(job, pods, now)
        held: datetime | None = None
        if failure is None and not _is_complete(job, pods):
            held = await _adjust(view, job, pods, now)
            pods = view.owned(Pod, job)
        else:
            await asyncio.gather(*(delete_pod(view, pod) for pod in pods if is_active(pod)))
        _observe(job, pods, failure, now)
        if finished_at(job) is not None and job.spec.ttl_seconds_after_finished is not None:
            return Requeue(after=job.spec.ttl_seconds_after_finished)
        if finished_at(job) is not None:
            return None
        times = [time for time in (held, _deadline(job)) if time is not None]
        return Requeue(after=max(min(times) - now, timedelta())) if times else None

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


def _failure(job: Job, pods: list[Pod], now: datetime) -> tuple[str, str] | None:
    """Reason and message of why the Job has failed, if it has."""
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    if sum(pod.status.phase == "Failed" for pod in pods) > limit:
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    deadline = _deadline(job)
    if deadline is not None and now >= deadline:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _deadline(job: Job) -> datetime | None:
    seconds, started = job.spec.active_deadline_seconds, job.status.start_time
    return started + timedelta(seconds=seconds) if seconds is not None and started is not None else None


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
    states = [one.state.terminated for one in pod.status.container_statuses if one.state]
    return max((state.finished_at for state in states if state and state.finished_at), default=None)


def _is_complete(job: Job, pods: list[Pod]) -> bool:
    succeeded = [pod for pod in pods if pod.status.phase == "Succeeded"]
    if job.spec.completions is None:
        # One success means that the work is done; those still at it may finish.
        return bool(succeeded) and not any(is_active(pod) for pod in pods)
    done = len(_indexes(succeeded)) if _is_indexed(job) else len(succeeded)
    return done >= job.spec.completions


async def _adjust(view: View, job: Job, pods: list[Pod], now: datetime) -> datetime | None:
    """Have as many active Pods as may be; returns until when failures hold more of them back."""
    active = [pod for pod in pods if is_active(pod)]
    wanted = _parallelism(job, pods)
    if len(active) > wanted:
        await asyncio.gather(*(delete_pod(view, pod) for pod in active[wanted:]))
        return None
    missing = wanted - len(active)
    held = next_pod_at(job, pods)
    if missing and held is not None and held > now:
        return held
    if not _is_indexed(job):
        await asyncio.gather(*(view.client.create(_pod(job, None)) for _ in range(missing)))
        return None
    taken = _indexes(pod for pod in pods if is_active(pod) or pod.status.phase == "Succeeded")
    free = [index for index in range(job.spec.completions or 0) if index not in taken]
    await asyncio.gather(*(view.client.create(_pod(job, index)) for index in free[:missing]))
    return None


def _parallelism(job: Job, pods: list[Pod]) -> int:
    """How many Pods shall be active."""
    if job.spec.suspend:
        return 0
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    succeeded = sum(pod.status.phase == "Succeeded" for pod in pods)
    if job.spec.completions is None:
        return parallelism if not succeeded else sum(map(is_active, pods))
    return min(parallelism, max(job.spec.completions - succeeded, 0))


def _pod(job: Job, index: int | None) -> Pod:
    template = from_json(PodTemplateSpec, to_json(job.spec.template))
    if index is None:
        return pod_from(template, job)
    for container in (*template.spec.containers, *template.spec.init_containers):
        container.env.append(EnvVar(name="JOB_COMPLETION_INDEX", value=str(index)))
    template.metadata.annotations[_INDEX] = str(index)
    template.spec.hostname = f"{job.metadata.name}-{index}"
    pod = pod_from(template, job, labels={_INDEX: str(index)})
    pod.metadata.generate_name = f"{job.metadata.name}-{index}-"
    return pod


def _observe(job: Job, pods: list[Pod], failure: tuple[str, str] | None, now: datetime) -> None:
    status = job.status
    succeeded = [pod for pod in pods if pod.status.phase == "Succeeded"]
    active = [pod for pod in pods if is_active(pod)] if failure is None and not _is_complete(job, pods) else []
    status.active = len(active) or None
    status.ready = sum(map(is_ready, active))
    status.terminating = 0
    status.succeeded = len(succeeded) or None
    status.failed = sum(pod.status.phase == "Failed" for pod in pods) or None
    if _is_indexed(job):
        status.completed_indexes = _ranges(_indexes(succeeded)) or None
    if failure is not None:
        _add(job, "FailureTarget", *failure, now)
        _add(job, "Failed", *failure, now)
    elif _is_complete(job, pods):
        message = "Reached expected number of succeeded pods"
        _add(job, "SuccessCriteriaMet", "CompletionsReached", message, now)
        _add(job, "Complete", "CompletionsReached", message, now)
        status.completion_time = now.replace(microsecond=0)


def _add(job: Job, type: str, reason: str, message: str, now: datetime) -> None:
    now = now.replace(microsecond=0)
    job.status.conditions.append(
        JobCondition(
            type=type, status="True", reason=reason, message=message, last_probe_time=now, last_transition_time=now
        )
    )


def _is_indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def _indexes(pods: Iterable[Pod]) -> set[int]:
    return {int(text) for pod in pods if (text := pod.metadata.annotations.get(_INDEX, "")).isdigit()}


def _ranges(indexes: set[int]) -> str:
    """``{0, 1, 2, 5}`` as Kubernetes writes it: ``0-2,5``."""
    parts: list[list[int]] = []
    for index in sorted(indexes):
        if parts and parts[-1][-1] == index - 1:
            parts[-1] = [parts[-1][0], index]
        else:
            parts.append([index])
    return ",".join("-".join(map(str, part)) for part in parts)
