"""What simulated containers have written: ``pods/log``.

A container writes the lines of its Pod's annotation ``kubewright.dev/logs`` (or ``kubewright.dev/logs.NAME``, for the
container of that name alone) from its start on, one every ``kubewright.dev/log-interval`` seconds, all at once where
none is given.  Without the annotation a log is empty.  Refusals are worded as by ``pkg/kubelet``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kubewright.apiserver.registry.options import Query, first, integer, truth
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.watch_cache import Selection
from kubewright.objects.errors import BadRequest, NotFound
from kubewright.objects.time import parse_time

_PREFIX = "kubewright.dev/"
_ENDLESS = datetime.max.replace(tzinfo=UTC)
_PULLS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class LogOptions(NamedTuple):
    """A client's ``PodLogOptions``; ``since`` is the time before which lines are left out."""

    follow: bool
    previous: bool
    timestamps: bool
    since: datetime | None
    tail: int | None
    limit: int | None

    @classmethod
    def of(cls, query: Query, now: datetime) -> LogOptions:
        """:raises BadRequest: a number or time is none."""
        seconds, text = integer(query, "sinceSeconds"), first(query, "sinceTime")
        try:
            since = now - timedelta(seconds=seconds) if seconds is not None else parse_time(text) if text else None
        except ValueError:
            raise BadRequest(f"sinceTime: {text!r} is not an RFC 3339 time") from None
        return cls(
            truth(query, "follow"),
            truth(query, "previous"),
            truth(query, "timestamps"),
            since,
            integer(query, "tailLines"),
            integer(query, "limitBytes"),
        )


class Run(NamedTuple):
    """One run of a container: from when to when it writes, and what."""

    started: datetime
    finished: datetime
    lines: tuple[str, ...]
    interval: float

    def written(self, now: datetime) -> Iterator[tuple[datetime, str]]:
        """The lines so far, with their times."""
        for index, line in enumerate(self.lines):
            time = self.started + timedelta(seconds=index * self.interval)
            if time > now or time > self.finished:
                return
            yield time, line


def run_of(pod: Object, container: str, *, previous: bool) -> Run | None:
    """The run that is asked for; None where no kubelet says anything of the container.

    :raises BadRequest: the container has not run yet, or not before.
    """
    status = _status(pod, container)
    if status is None:
        return None
    state, before = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    name = pod["metadata"]["name"]
    if previous:
        if before is None:
            raise BadRequest(f'previous terminated container "{container}" in pod "{name}" not found')
        return _run(pod, container, before)
    run = state.get("running") or state.get("terminated") or before
    if run is None:
        reason = (state.get("waiting") or {}).get("reason", "ContainerCreating")
        why = _PULLS.get(reason, reason)
        raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    return _run(pod, container, run)


def _status(pod: Object, container: str) -> dict[str, Any] | None:
    kinds = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    known = [one for kind in kinds for one in (pod.get("status") or {}).get(kind) or ()]
    return next((one for one in known if one["name"] == container), None)


def _run(pod: Object, container: str, state: Object) -> Run:
    ended = state.get("finishedAt")
    text = _annotation(pod, container, "logs")
    lines = tuple(text.removesuffix("\n").split("\n")) if text else ()
    try:
        interval = max(float(_annotation(pod, container, "log-interval") or 0), 0.0)
    except ValueError:
        interval = 0.0  # as the simulated kubelet does with numbers that are none
    return Run(parse_time(state["startedAt"]), parse_time(ended) if ended else _ENDLESS, lines, interval)


def _annotation(pod: Object, container: str, what: str) -> str:
    annotations: dict[str, str] = pod["metadata"].get("annotations") or {}
    own = annotations.get(f"{_PREFIX}{what}.{container}", "")
    is_main = any(one["name"] == container for one in pod["spec"].get("containers") or ())
    return own or (annotations.get(f"{_PREFIX}{what}", "") if is_main else "")


def log_text(run: Run | None, options: LogOptions, now: datetime) -> bytes:
    """The log as of now."""
    lines = list(run.written(now)) if run is not None else []
    if options.since is not None:
        lines = [(time, line) for time, line in lines if time >= options.since]
    if options.tail is not None:
        lines = lines[len(lines) - min(options.tail, len(lines)) :]
    return b"".join(_line(time, line, options) for time, line in lines)[: options.limit]


def _line(time: datetime, line: str, options: LogOptions) -> bytes:
    stamp = f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}000Z " if options.timestamps else ""
    return f"{stamp}{line}\n".encode()


class LogStream:
    """A log that is followed until its container ends, or its Pod is gone."""

    def __init__(self, store: Store, namespace: str, name: str, container: str, options: LogOptions) -> None:
        self._store = store
        self._where = namespace, name
        self._container = container
        self._options = options
        self._wake = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop, cache, options = asyncio.get_running_loop(), self._store.cache, self._options
        watcher = cache.watch(Selection(self._where[0]), after=self._store.cluster.caches.revision, wake=self._wake.set)
        timer: asyncio.TimerHandle | None = None
        try:
            run, now = await self._run(), datetime.now(UTC)
            begun, left = run, options.limit
            part, seen = log_text(run, options, now), _count(run, now)
            while True:
                part = part if left is None else part[:left]
                left = None if left is None else left - len(part)
                if part:
                    yield part
                self._wake.clear()
                watcher.pending.clear()
                if begun is None or run is None or run.finished <= now or self._stopped or watcher.ended or left == 0:
                    return
                if seen < len(run.lines):
                    due = run.started + timedelta(seconds=seen * run.interval)
                    timer = loop.call_later(max((due - now).total_seconds(), 0.0), self._wake.set)
                await self._wake.wait()
                found, now = await self._run(), datetime.now(UTC)
                if found is None or found.started != begun.started:  # it has ended meanwhile, and maybe begun again
                    run = run._replace(finished=now)
                else:
                    run = found
                new = list(run.written(now))[seen:]
                part, seen = b"".join(_line(*one, options) for one in new), seen + len(new)
        finally:
            if timer is not None:
                timer.cancel()
            cache.unwatch(watcher)

    async def _run(self) -> Run | None:
        try:
            pod = await self._store.get(*self._where)
            return run_of(pod, self._container, previous=self._options.previous)
        except (NotFound, BadRequest):
            return None


def _count(run: Run | None, now: datetime) -> int:
    return sum(1 for _ in run.written(now)) if run is not None else 0
