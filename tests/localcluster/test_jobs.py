from datetime import UTC, datetime, timedelta

import pytest
from tests.localcluster.waiting import eventually, gone
from tests.localcluster.workloads import template

from kubewright.client import Client
from kubewright.controller.schedules import Schedule
from kubewright.localcluster.cronjobs import due_time
from kubewright.localcluster.jobs import finished_at, next_pod_at
from kubewright.objects import ObjectMeta
from kubewright.objects.batch_v1 import (
    CronJob,
    CronJobSpec,
    CronJobStatus,
    Job,
    JobSpec,
    JobTemplateSpec,
    SuccessPolicy,
    SuccessPolicyRule,
)
from kubewright.objects.core_v1 import ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodStatus

START = datetime(2026, 1, 1, tzinfo=UTC)


def job(**spec: object) -> Job:
    spec = {"template": template(restart_policy="Never"), **spec}
    return Job(metadata=ObjectMeta(name="j", namespace="default"), spec=JobSpec(**spec))  # type: ignore[arg-type]


async def ended(client: Client) -> Job:
    async def check() -> Job | None:
        found = await client.get(Job, "j")
        return found if finished_at(found) else None

    return await eventually(check)


async def test_a_job_runs_until_enough_pods_have_succeeded(client: Client) -> None:
    await client.create(job(completions=3, parallelism=2, completion_mode="Indexed"))
    done = await ended(client)
    assert (done.status.succeeded, done.status.completed_indexes) == (3, "0-2")
    assert [one.type for one in done.status.conditions] == ["SuccessCriteriaMet", "Complete"]


async def test_a_job_whose_pods_fail_gives_up(client: Client) -> None:
    failing = job(backoff_limit=1, template=template(restart_policy="Never", exit_code="1"))
    failing.metadata.annotations["kubewright.dev/backoff"] = "0.1"
    await client.create(failing)
    done = await ended(client)
    assert done.status.failed == 2
    assert done.status.conditions[-1].reason == "BackoffLimitExceeded"


@pytest.mark.parametrize(
    ("ends", "due"),
    [([], None), ([1], None), ([-5], 15), ([-1, -5], 25), ([-1, -3, -5], 45), ([-1, -3, 4, -5], 15)],
)
def test_each_failure_in_a_row_doubles_the_wait(ends: list[int], due: int | None) -> None:
    # Seconds at which Pods ended; below zero for those that failed.
    pods = []
    for end in ends:
        ended = ContainerStateTerminated(finished_at=START + timedelta(seconds=abs(end)))
        container = ContainerStatus(name="c", state=ContainerState(terminated=ended))
        pods.append(Pod(status=PodStatus(phase="Failed" if end < 0 else "Succeeded", container_statuses=[container])))
    assert next_pod_at(job(), pods) == (START + timedelta(seconds=due) if due is not None else None)


async def test_a_job_waits_before_it_replaces_a_pod_that_failed(client: Client) -> None:
    await client.create(job(template=template(restart_policy="Never", exit_code="1")))

    async def failed() -> bool:
        return (await client.get(Job, "j")).status.failed == 1

    await eventually(failed)
    [pod] = await client.list(Pod, namespace="default")
    assert pod.status.phase == "Failed"


async def test_a_job_disappears_when_its_time_is_up(client: Client) -> None:
    await client.create(job(ttl_seconds_after_finished=0))
    await gone(lambda: client.get(Job, "j"))


async def test_a_suspended_job_waits(client: Client) -> None:
    await client.create(job(suspend=True))
    await client.patch(Job, "j", merge={"metadata": {"labels": {"seen": "yes"}}})
    assert await client.list(Pod, namespace="default") == []
    await client.patch(Job, "j", merge={"spec": {"suspend": False}})
    assert (await ended(client)).status.succeeded == 1


@pytest.mark.parametrize(
    ("minutes", "last", "deadline", "due"),
    [
        (4, None, None, None),
        (6, None, None, 5),
        (16, None, None, 15),
        (16, 15, None, None),
        (16, 5, None, 15),
        (16, None, 30, None),
    ],
)
def test_a_run_is_due_once_for_the_latest_time_missed(
    minutes: int, last: int | None, deadline: int | None, due: int | None
) -> None:
    def at(minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    cronjob = CronJob(
        metadata=ObjectMeta(name="c", creation_timestamp=START + timedelta(seconds=1)),
        spec=CronJobSpec(schedule="*/5 * * * *", starting_deadline_seconds=deadline),
        status=CronJobStatus(last_schedule_time=at(last) if last is not None else None),
    )
    found = due_time(cronjob, Schedule.parse("*/5 * * * *"), at(minutes))
    assert found == (at(due) if due is not None else None)


async def test_a_cron_job_starts_what_is_due(client: Client) -> None:
    spec = CronJobSpec(
        schedule="* * * * *",
        job_template=JobTemplateSpec(spec=JobSpec(template=template(restart_policy="Never"))),
    )
    made = await client.create(CronJob(metadata=ObjectMeta(name="c", namespace="default"), spec=spec))
    past = (datetime.now(UTC) - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await client.patch(made, merge={"status": {"lastScheduleTime": past}}, subresource="status")

    async def started() -> Job | None:
        jobs = await client.list(Job, namespace="default")
        return jobs[0] if jobs else None

    started_job = await eventually(started)
    assert started_job.metadata.owner_references[0].name == "c"


async def test_a_job_tells_that_it_is_suspended_and_when_it_goes_on(client: Client) -> None:
    await client.create(job(template=template(restart_policy="Never", completes_after="60")))

    async def active(count: int | None) -> Job | None:
        found = await client.get(Job, "j")
        return found if found.status.active == count else None

    await eventually(lambda: active(1))
    await client.patch(Job, "j", merge={"spec": {"suspend": True}})
    suspended = await eventually(lambda: active(None))
    assert [(one.type, one.status) for one in suspended.status.conditions] == [("Suspended", "True")]
    assert suspended.status.start_time is None
    await client.patch(Job, "j", merge={"spec": {"suspend": False}})
    resumed = await eventually(lambda: active(1))
    assert [(one.type, one.status) for one in resumed.status.conditions] == [("Suspended", "False")]


async def test_indexes_fail_one_by_one(client: Client) -> None:
    indexed = job(
        completions=2,
        parallelism=2,
        completion_mode="Indexed",
        backoff_limit_per_index=1,
        template=template(restart_policy="Never", exit_code="1"),
    )
    indexed.metadata.annotations["kubewright.dev/backoff"] = "0.1"
    await client.create(indexed)
    done = await ended(client)
    assert (done.status.failed, done.status.failed_indexes) == (4, "0-1")
    assert [one.reason for one in done.status.conditions] == ["FailedIndexes", "FailedIndexes"]
    pods = await client.list(Pod, namespace="default")
    counts = sorted(one.metadata.annotations["batch.kubernetes.io/job-index-failure-count"] for one in pods)
    assert counts == ["0", "0", "1", "1"]


async def test_a_success_policy_ends_the_others(client: Client) -> None:
    policy = SuccessPolicy(rules=[SuccessPolicyRule(succeeded_count=1)])
    indexed = job(completions=2, parallelism=1, completion_mode="Indexed", success_policy=policy)
    await client.create(indexed)
    done = await ended(client)
    assert [(one.type, one.reason) for one in done.status.conditions] == [
        ("SuccessCriteriaMet", "SuccessPolicy"),
        ("Complete", "SuccessPolicy"),
    ]


async def test_a_job_that_others_manage_is_left_to_them(client: Client) -> None:
    await client.create(job(managed_by="example.com/queue"))
    await client.create(Job(metadata=ObjectMeta(name="k", namespace="default"), spec=job().spec))

    async def complete() -> bool:
        return finished_at(await client.get(Job, "k")) is not None

    await eventually(complete)
    assert (await client.get(Job, "j")).status.start_time is None
