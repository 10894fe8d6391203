"""Containers that pretend: they start, become ready, end and are started again, as annotations of their Pod say.

A Pod and the present go in, the statuses of its containers come out; what has happened so far is read from the
statuses that are there.  Restarts and their back-off are the kubelet's (``pkg/kubelet``).

===================================  ==================================================================
``kubewright.dev/ready-after``       seconds from a container's start until it is ready (0)
``kubewright.dev/completes-after``   seconds until it ends (0.1; Pods that restart always: never)
``kubewright.dev/exit-code``         with which it ends, run after run: ``1,1,0`` fails twice (0)
``kubewright.dev/restart-backoff``   seconds before the second restart; they double up to 5 minutes (10)
``kubewright.dev/waiting``           the reason why it does not start at all, such as ``ImagePullBackOff``
===================================  ==================================================================

``kubewright.dev/exit-code.NAME`` and so on hold for the container of that name alone; init containers heed only these,
and end at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from kubewright.objects.core_v1 import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
)

PREFIX = "kubewright.dev/"

_COMPLETES_AFTER = 0.1
_BACKOFF, _LONGEST_BACKOFF = 10.0, 300.0
_KILLED = 137
"""The exit code of what was killed."""


class Played(NamedTuple):
    """How the containers of a Pod fare now.

    ``next_change`` is when that will be another way by itself.
    """

    init: list[ContainerStatus]
    main: list[ContainerStatus]
    phase: str
    initialized: bool
    next_change: datetime | None


class _Wishes:
    """What the annotations of a Pod say of one container; bad ones say nothing."""

    def __init__(self, pod: Pod, name: str, *, init: bool) -> None:
        self._annotations = pod.metadata.annotations
        self._name = name
        self._init = init

    def text(self, what: str) -> str:
        own = self._annotations.get(f"{PREFIX}{what}.{self._name}", "")
        return own or ("" if self._init else self._annotations.get(f"{PREFIX}{what}", ""))

    def seconds(self, what: str, default: float) -> float:
        try:
            return max(float(self.text(what) or default), 0.0)
        except ValueError:
            return default

    def exit_code(self, run: int) -> int:
        """Of the run with that number, counted from 0; the last code that is given goes for all later ones."""
        codes = self.text("exit-code").split(",")
        try:
            return int(codes[min(run, len(codes) - 1)] or 0)
        except ValueError:
            return 0


def play(pod: Pod, now: datetime) -> Played:
    """Let the containers go on until ``now``."""
    known = {one.name: one for one in (*pod.status.init_container_statuses, *pod.status.container_statuses)}
    init: list[ContainerStatus] = []
    times: list[datetime] = []
    for index, container in enumerate(pod.spec.init_containers):
        status = _step(pod, container, known.get(container.name), now, times, init=True)
        init.append(status)
        if _is_sidecar(container):
            if not status.ready:
                return _initializing(pod, [*init, *_not_yet(pod.spec.init_containers[index + 1 :])], times)
        elif (code := _ended(pod, container, status, init=True)) != 0:
            rest = [*init, *_not_yet(pod.spec.init_containers[index + 1 :])]
            if code is not None:
                return Played(rest, _not_yet(pod.spec.containers), "Failed", False, None)
            return _initializing(pod, rest, times)
    main = [_step(pod, one, known.get(one.name), now, times, init=False) for one in pod.spec.containers]
    codes = [_ended(pod, *pair, init=False) for pair in zip(pod.spec.containers, main, strict=True)]
    if all(code is not None for code in codes):
        return Played(init, main, "Failed" if any(codes) else "Succeeded", True, None)
    never_ran = any(one.state and one.state.waiting and one.last_state is None for one in main)
    return Played(init, main, "Pending" if never_ran else "Running", True, min(times, default=None))


def stop(pod: Pod, now: datetime) -> list[ContainerStatus]:
    """The containers of a Pod that is made to end."""
    now = now.replace(microsecond=0)
    known = {one.name: one for one in pod.status.container_statuses}
    stopped = []
    for container in pod.spec.containers:
        status = known.get(container.name) or _status(container)
        running = status.state.running if status.state else None
        if running is not None:
            ended = ContainerStateTerminated(
                exit_code=_KILLED, reason="Error", started_at=running.started_at, finished_at=now
            )
            status.state, status.ready, status.started = ContainerState(terminated=ended), False, False
        stopped.append(status)
    return stopped


def restarts(pod: Pod) -> int:
    """How often containers of a Pod were started again."""
    return sum(one.restart_count for one in (*pod.status.init_container_statuses, *pod.status.container_statuses))


def _initializing(pod: Pod, init: list[ContainerStatus], times: list[datetime]) -> Played:
    return Played(init, _not_yet(pod.spec.containers), "Pending", False, min(times, default=None))


def _not_yet(containers: Sequence[Container]) -> list[ContainerStatus]:
    return [_status(one) for one in containers]


def _step(
    pod: Pod, container: Container, status: ContainerStatus | None, now: datetime, times: list[datetime], *, init: bool
) -> ContainerStatus:
    """One container until ``now``; when it changes next is added to ``times``."""
    wishes = _Wishes(pod, container.name, init=init)
    status = status or _status(container)
    state = status.state or ContainerState()
    never_started = state.running is None and state.terminated is None and status.last_state is None
    if never_started and (reason := wishes.text("waiting")):
        text = f"{container.name} does not start, as an annotation says"
        status.state = ContainerState(waiting=ContainerStateWaiting(reason=reason, message=text))
        return status
    if state.running is None:
        ended = state.terminated or (status.last_state.terminated if status.last_state else None)
        if ended is not None:
            if not _starts_again(pod, container, ended.exit_code, init=init):
                return status
            if (again := _restarts_at(status, ended, wishes)) > now:
                _back_off(pod, status, ended, again)
                times.append(again)
                return status
            status.last_state = ContainerState(terminated=ended)
            status.restart_count += 1
        state = ContainerState(running=ContainerStateRunning(started_at=now.replace(microsecond=0)))
        status.state, status.started, status.container_id = state, True, f"simulated://{container.name}"
    assert state.running is not None
    started = state.running.started_at or now
    ends = _ends_at(pod, container, wishes, started, init=init)
    if ends is not None and ends <= now:
        code = wishes.exit_code(status.restart_count)
        _end(status, code, now)
        if _starts_again(pod, container, code, init=init):
            times.append(now)
        elif init:
            status.ready = code == 0  # it has done its work
        return status
    ready_at = started + timedelta(seconds=wishes.seconds("ready-after", 0.0))
    status.ready = ready_at <= now and (not init or _is_sidecar(container))
    times += [time for time in (ends, None if ready_at <= now else ready_at) if time is not None]
    return status


def _is_sidecar(container: Container) -> bool:
    """An init container that goes on beside the others."""
    return container.restart_policy == "Always"


def _ends_at(pod: Pod, container: Container, wishes: _Wishes, started: datetime, *, init: bool) -> datetime | None:
    if init and not _is_sidecar(container):
        return started + timedelta(seconds=wishes.seconds("completes-after", 0.0))
    always = (pod.spec.restart_policy or "Always") == "Always" or init
    if always and not wishes.text("completes-after") and not wishes.text("exit-code"):
        return None
    return started + timedelta(seconds=wishes.seconds("completes-after", _COMPLETES_AFTER))


def _starts_again(pod: Pod, container: Container, code: int, *, init: bool) -> bool:
    policy = pod.spec.restart_policy or "Always"
    if init and not _is_sidecar(container):
        return code != 0 and policy != "Never"
    return policy == "Always" or _is_sidecar(container) or (policy == "OnFailure" and code != 0)


def _restarts_at(status: ContainerStatus, ended: ContainerStateTerminated, wishes: _Wishes) -> datetime:
    """The first restart is at once; the wait then doubles with each."""
    finished = ended.finished_at
    assert finished is not None
    if not status.restart_count:
        return finished
    first = wishes.seconds("restart-backoff", _BACKOFF)
    return finished + timedelta(seconds=min(first * 2 ** min(status.restart_count - 1, 32), _LONGEST_BACKOFF))


def _back_off(pod: Pod, status: ContainerStatus, ended: ContainerStateTerminated, again: datetime) -> None:
    assert ended.finished_at is not None
    wait, metadata = again - ended.finished_at, pod.metadata
    named = f"container={status.name} pod={metadata.name}_{metadata.namespace}({metadata.uid})"
    text = f"back-off {_go_duration(wait)} restarting failed {named}"
    status.state = ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff", message=text))
    status.last_state = ContainerState(terminated=ended)
    status.ready = status.started = False


def _go_duration(wait: timedelta) -> str:
    minutes, seconds = divmod(wait.total_seconds(), 60)
    return f"{minutes:.0f}m{seconds:g}s" if minutes else f"{seconds:g}s"


def _end(status: ContainerStatus, code: int, now: datetime) -> None:
    assert status.state is not None and status.state.running is not None
    ended = ContainerStateTerminated(
        exit_code=code,
        reason="Completed" if code == 0 else "Error",
        started_at=status.state.running.started_at,
        finished_at=now.replace(microsecond=0),
        container_id=status.container_id,
    )
    status.state = ContainerState(terminated=ended)
    status.ready, status.started = False, False


def _ended(pod: Pod, container: Container, status: ContainerStatus, *, init: bool) -> int | None:
    """The exit code of a container that has ended for good; None of one that goes on."""
    ended = status.state.terminated if status.state else None
    if ended is None or _starts_again(pod, container, ended.exit_code, init=init):
        return None
    return ended.exit_code


def _status(container: Container) -> ContainerStatus:
    image = container.image or ""
    waiting = ContainerStateWaiting(reason="PodInitializing")
    return ContainerStatus(
        name=container.name, image=image, image_id=f"simulated://{image}", ready=False, started=False,
        state=ContainerState(waiting=waiting),
    )  # fmt: skip
