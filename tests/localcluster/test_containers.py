from datetime import UTC, datetime, timedelta

import pytest

from kubewright.localcluster.containers import Played, play, restarts
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import Container, ContainerStatus, Pod, PodSpec

START = datetime(2026, 1, 1, tzinfo=UTC)


def pod(restart_policy: str = "Always", init: list[Container] | None = None, **annotations: str) -> Pod:
    named = {f"kubewright.dev/{name.replace('_', '-').replace('--', '.')}": text for name, text in annotations.items()}
    metadata = ObjectMeta(name="p", namespace="default", uid="1", annotations=named, creation_timestamp=START)
    containers = [Container(name="c", image="i")]
    spec = PodSpec(containers=containers, init_containers=init or [], restart_policy=restart_policy)
    return Pod(metadata=metadata, spec=spec)


def at(of: Pod, seconds: float) -> Played:
    """Play on, as the kubelet does: whenever something is due, and at last then."""
    until = START + timedelta(seconds=seconds)
    played = play(of, START)
    while True:
        of.status.init_container_statuses, of.status.container_statuses = played.init, played.main
        if played.next_change is None or played.next_change > until:
            return play(of, until)
        played = play(of, played.next_change)


def waiting(status: ContainerStatus) -> tuple[str | None, str | None]:
    assert status.state
    assert status.state.waiting
    return status.state.waiting.reason, status.state.waiting.message


def test_a_container_that_crashes_is_started_again_and_again_with_growing_breaks() -> None:
    crashing = pod(exit_code="1", completes_after="2")
    assert at(crashing, 0).main[0].ready
    played = at(crashing, 5)
    assert (played.phase, restarts(crashing)) == ("Running", 1)
    [status] = played.main
    assert waiting(status) == (
        "CrashLoopBackOff",
        "back-off 10s restarting failed container=c pod=p_default(1)",
    )
    assert status.last_state
    assert status.last_state.terminated
    assert status.last_state.terminated.exit_code == 1
    at(crashing, 14.5)
    assert (restarts(crashing), at(crashing, 17).main[0].ready) == (2, False)
    assert "back-off 20s" in str(waiting(at(crashing, 17).main[0]))


def test_a_container_may_fail_a_few_times_first() -> None:
    flaky = pod("OnFailure", exit_code="1,3,0", completes_after="1", restart_backoff="1")
    played = at(flaky, 10)
    assert (played.phase, restarts(flaky), played.next_change) == ("Succeeded", 2, None)
    last = played.main[0].last_state
    assert last
    assert last.terminated
    assert last.terminated.exit_code == 3


@pytest.mark.parametrize(("policy", "code", "phase"), [("Never", "2", "Failed"), ("OnFailure", "0", "Succeeded")])
def test_what_is_not_started_again_ends_the_pod(policy: str, code: str, phase: str) -> None:
    played = at(pod(policy, exit_code=code), 5)
    assert (played.phase, played.main[0].restart_count) == (phase, 0)


def test_a_container_without_its_image_never_starts() -> None:
    played = at(pod(waiting="ImagePullBackOff"), 60)
    assert (played.phase, waiting(played.main[0])[0]) == ("Pending", "ImagePullBackOff")


def test_an_annotation_may_be_meant_for_one_container() -> None:
    two = pod("Never", exit_code__d="1")
    two.spec.containers.append(Container(name="d", image="i"))
    played = at(two, 5)
    codes = [one.state.terminated.exit_code for one in played.main if one.state and one.state.terminated]
    assert (played.phase, codes) == ("Failed", [0, 1])


def test_init_containers_end_one_after_the_other_before_the_others_start() -> None:
    init = [Container(name="first"), Container(name="second")]
    slow = pod(init=init, completes_after__second="5")
    played = at(slow, 3)
    assert (played.phase, played.initialized, waiting(played.main[0])[0]) == ("Pending", False, "PodInitializing")
    assert played.init[0].ready
    played = at(slow, 6)
    assert (played.phase, played.initialized, played.init[1].ready) == ("Running", True, True)


def test_an_init_container_that_fails_holds_the_pod_or_fails_it() -> None:
    init = [Container(name="first")]
    assert at(pod("Never", init, exit_code__first="1"), 1).phase == "Failed"
    played = at(pod("Always", init, exit_code__first="1"), 5)
    assert (played.phase, waiting(played.init[0])[0]) == ("Pending", "CrashLoopBackOff")


def test_a_sidecar_goes_on_beside_the_others() -> None:
    played = at(pod("Never", [Container(name="side", restart_policy="Always")]), 5)
    assert played.phase == "Succeeded"
    assert played.init[0].state
    assert played.init[0].state.running


def test_the_time_of_a_container_runs_from_its_own_start() -> None:
    late = pod("Never", [Container(name="first")], completes_after="2", completes_after__first="5")
    assert at(late, 6).phase == "Running"
    assert at(late, 7).phase == "Succeeded"
