"""The CronJob controller: a Job at each time of the schedule (`pkg/controller/cronjob`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kubewright.controller import Controller, EventRecorder, Requeue
from kubewright.controller.schedules import Schedule, ScheduleError
from kubewright.localcluster.jobs import finished_at
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, owner_reference
from kubewright.objects.batch_v1 import CronJob, Job
from kubewright.objects.core_v1 import ObjectReference
from kubewright.objects.errors import AlreadyExists, NotFound

_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def cronjob_controller(view: View) -> Controller[ObjectKey]:
    events = view.recorder("cronjob-controller")

    async def reconcile(cronjob: CronJob) -> Requeue | None:
        if cronjob.metadata.deletion_timestamp is not None:
            return None
        now = datetime.now(UTC)
        jobs = view.owned(Job, cronjob)
        active = [job for job in jobs if finished_at(job) is None]
        await _trim(view, events, cronjob, jobs)
        outcome: Requeue | None = None
        try:
            schedule = Schedule.parse(cronjob.spec.schedule)
        except ScheduleError as error:
            note = f"unparseable schedule {cronjob.spec.schedule!r}: {error}"
            events.record(cronjob, "UnparseableSchedule", note, type="Warning", action="Schedule")
            return None  # nothing to do until somebody writes another schedule
        if not cronjob.spec.suspend:
            due = due_time(cronjob, schedule, now)
            if due is not None and (job := await _start(view, events, cronjob, active, due)) is not None:
                active.append(job)
            outcome = Requeue(after=schedule.after(_local(cronjob, now)).astimezone(UTC) - now + timedelta(seconds=0.1))
        _observe(cronjob, jobs, active)
        return outcome

    return view.controller("cronjob", CronJob, reconcile, owns=[Job])


def due_time(cronjob: CronJob, schedule: Schedule, now: datetime) -> datetime | None:
    """The latest time of the schedule that has passed since the last run, unless it has been missed for too long."""
    since = cronjob.status.last_schedule_time or cronjob.metadata.creation_timestamp or now
    deadline = cronjob.spec.starting_deadline_seconds
    if deadline is not None:
        since = max(since, now - timedelta(seconds=deadline))
    due, following = None, schedule.after(_local(cronjob, since))
    for _ in range(1000):
        if following > now:
            break
        due, following = following, schedule.after(following)
    return due.astimezone(UTC) if due is not None else None


async def _start(view: View, events: EventRecorder, cronjob: CronJob, active: list[Job], due: datetime) -> Job | None:
    policy = cronjob.spec.concurrency_policy or "Allow"
    if active and policy == "Forbid":
        note = "Not starting job because prior execution is running and concurrency policy is Forbid"
        events.record(cronjob, "JobAlreadyActive", note, action="Create")
        return None
    if policy == "Replace":
        for job in active:
            await view.client.delete(job, propagation="Background")
        active.clear()
    template = cronjob.spec.job_template
    metadata = ObjectMeta(
        name=f"{cronjob.metadata.name}-{int(due.timestamp()) // 60}",
        namespace=cronjob.metadata.namespace,
        labels=dict(template.metadata.labels),
        annotations={**template.metadata.annotations, _SCHEDULED: f"{due:%Y-%m-%dT%H:%M:%SZ}"},
        owner_references=[owner_reference(cronjob)],
    )
    cronjob.status.last_schedule_time = due
    try:
        job = await view.client.create(Job(metadata=metadata, spec=template.spec))
    except AlreadyExists:
        return None
    events.record(cronjob, "SuccessfulCreate", f"Created job {job.metadata.name}", action="Create")
    return job


async def _trim(view: View, events: EventRecorder, cronjob: CronJob, jobs: list[Job]) -> None:
    """Keep only so many Jobs that have ended."""
    for type, limit in (
        ("Complete", cronjob.spec.successful_jobs_history_limit),
        ("Failed", cronjob.spec.failed_jobs_history_limit),
    ):
        ended = [job for job in jobs if any(one.type == type and one.status == "True" for one in job.status.conditions)]
        if limit is None:
            continue
        for job in ended[: max(len(ended) - limit, 0)]:
            try:
                await view.client.delete(job, propagation="Background")
            except NotFound:
                continue
            events.record(cronjob, "SuccessfulDelete", f"Deleted job {job.metadata.name}", action="Delete")


def _observe(cronjob: CronJob, jobs: list[Job], active: list[Job]) -> None:
    cronjob.status.active = [
        ObjectReference(
            api_version="batch/v1", kind="Job", name=job.metadata.name, namespace=job.metadata.namespace,
            uid=job.metadata.uid, resource_version=job.metadata.resource_version,
        )
        for job in active
    ]  # fmt: skip
    completed = [job.status.completion_time for job in jobs if job.status.completion_time is not None]
    if completed:
        cronjob.status.last_successful_time = max(completed)


def _local(cronjob: CronJob, time: datetime) -> datetime:
    return time.astimezone(ZoneInfo(cronjob.spec.time_zone)) if cronjob.spec.time_zone else time
