from datetime import UTC, datetime, timedelta

import pytest

from kubewright.localcluster.job_outcomes import INDEX, numbers, outcome, ranges, tally
from kubewright.objects import ObjectMeta
from kubewright.objects.batch_v1 import (
    Job,
    JobSpec,
    JobStatus,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from kubewright.objects.core_v1 import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
    PodTemplateSpec,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job(restart_policy: str = "Never", **spec: object) -> Job:
    template = PodTemplateSpec(spec=PodSpec(restart_policy=restart_policy))
    status = JobStatus(start_time=NOW)
    return Job(metadata=ObjectMeta(name="j"), spec=JobSpec(template=template, **spec), status=status)  # type: ignore[arg-type]


def pod(phase: str, index: int | None = None, code: int = 1, *, condition: str = "", restarts: int = 0) -> Pod:
    ended = phase in ("Succeeded", "Failed")
    state = ContainerState(terminated=ContainerStateTerminated(exit_code=code)) if ended else None
    return Pod(
        metadata=ObjectMeta(name="p", namespace="default", annotations={} if index is None else {INDEX: str(index)}),
        status=PodStatus(
            phase=phase,
            container_statuses=[ContainerStatus(name="c", state=state, restart_count=restarts)],
            conditions=[PodCondition(type=condition, status="True")] if condition else [],
        ),
    )


def ends(of: Job, *pods: Pod) -> tuple[str, str] | None:
    found = outcome(of, tally(of, pods), NOW)
    return None if found is None else (found.final, found.reason)


def policy(action: str, *codes: int, condition: str = "", operator: str = "In") -> PodFailurePolicy:
    exit_codes = PodFailurePolicyOnExitCodesRequirement(operator=operator, values=list(codes)) if codes else None
    conditions = [PodFailurePolicyOnPodConditionsPattern(type=condition)] if condition else []
    rule = PodFailurePolicyRule(action=action, on_exit_codes=exit_codes, on_pod_conditions=conditions)
    return PodFailurePolicy(rules=[rule])


def test_failures_up_to_the_limit_are_borne() -> None:
    assert ends(job(backoff_limit=1, completions=1), pod("Failed")) is None
    assert ends(job(backoff_limit=1, completions=1), pod("Failed"), pod("Failed")) == ("Failed", "BackoffLimitExceeded")


def test_restarts_count_as_failures_where_pods_are_restarted() -> None:
    assert ends(job("OnFailure", backoff_limit=2, completions=1), pod("Running", restarts=1)) is None
    assert ends(job("OnFailure", backoff_limit=2, completions=1), pod("Running", restarts=2)) == (
        "Failed",
        "BackoffLimitExceeded",
    )


@pytest.mark.parametrize(
    ("rules", "failed", "expected"),
    [
        (policy("FailJob", 42), pod("Failed", code=42), ("Failed", "PodFailurePolicy")),
        (policy("FailJob", 42), pod("Failed", code=1), None),
        (policy("FailJob", 42, operator="NotIn"), pod("Failed", code=1), ("Failed", "PodFailurePolicy")),
        (policy("Ignore", condition="DisruptionTarget"), pod("Failed", condition="DisruptionTarget"), None),
        (policy("Count", 1), pod("Failed"), None),
    ],
)
def test_the_failure_policy_decides_what_a_failure_means(
    rules: PodFailurePolicy, failed: Pod, expected: tuple[str, str] | None
) -> None:
    judged = job(pod_failure_policy=rules, backoff_limit=1, completions=1)
    assert ends(judged, failed) == expected
    if expected is None:
        ignored = rules.rules[0].action == "Ignore"
        assert (ends(judged, failed, failed) is None) is ignored


def test_the_rule_that_failed_the_job_is_named() -> None:
    judged = job(pod_failure_policy=policy("FailJob", 42), completions=1)
    found = outcome(judged, tally(judged, [pod("Failed", code=42)]), NOW)
    assert found
    assert found.message == "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 0"


def test_each_index_has_failures_of_its_own() -> None:
    indexed = job(completion_mode="Indexed", completions=3, backoff_limit_per_index=1, backoff_limit=2**31 - 1)
    pods = [pod("Failed", 0), pod("Failed", 1), pod("Succeeded", 2)]
    assert (ends(indexed, *pods), tally(indexed, pods).given_up) == (None, set())
    pods.append(pod("Failed", 0))
    assert (ends(indexed, *pods), tally(indexed, pods).given_up) == (None, {0})
    assert ends(indexed, *pods, pod("Succeeded", 1)) == ("Failed", "FailedIndexes")
    indexed.spec.max_failed_indexes = 0
    assert ends(indexed, *pods) == ("Failed", "MaxFailedIndexesExceeded")


@pytest.mark.parametrize(
    ("rule", "done", "met"),
    [
        (SuccessPolicyRule(succeeded_count=2), (0, 3), True),
        (SuccessPolicyRule(succeeded_count=2), (0,), False),
        (SuccessPolicyRule(succeeded_indexes="0,2-3"), (0, 2, 3), True),
        (SuccessPolicyRule(succeeded_indexes="0,2-3"), (0, 1, 2), False),
        (SuccessPolicyRule(succeeded_indexes="0-2", succeeded_count=1), (4,), False),
    ],
)
def test_a_success_policy_may_be_content_with_less(rule: SuccessPolicyRule, done: tuple[int, ...], met: bool) -> None:
    indexed = job(completion_mode="Indexed", completions=9, success_policy=SuccessPolicy(rules=[rule]))
    expected = ("Complete", "SuccessPolicy") if met else None
    assert ends(indexed, *(pod("Succeeded", index) for index in done)) == expected


def test_pods_that_are_gone_have_counted() -> None:
    indexed = job(completion_mode="Indexed", completions=2)
    indexed.status.completed_indexes = "0"
    assert ends(indexed, pod("Succeeded", 1)) == ("Complete", "CompletionsReached")


def test_a_deadline_ends_a_job() -> None:
    late = job(active_deadline_seconds=5, completions=1)
    found = outcome(late, tally(late, []), NOW + timedelta(seconds=5))
    assert found
    assert found.reason == "DeadlineExceeded"


@pytest.mark.parametrize("text", ["", "0", "0-2,5", "1,3,7-9"])
def test_indexes_are_written_as_ranges(text: str) -> None:
    assert ranges(numbers(text)) == text
