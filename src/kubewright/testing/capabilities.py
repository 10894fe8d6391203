"""Capability levels that are shown, not declared: what an operator does with its samples, tried out on a cluster.

The requirements are those of the Operator Framework's capability levels; each check plays one of them through for one
sample and says in a `Result` what was seen.  Level 1 is played with the samples alone.  Of level 2 the restart of the
operator, and of level 4 the events, can be told without knowing what the operator is about.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from kubewright.client import Client, MetadataOnly, Untyped
from kubewright.manager import Manager
from kubewright.objects import Object, Unstructured
from kubewright.objects.errors import APIError, NotFound
from kubewright.objects.events_v1 import Event
from kubewright.operator import Operator
from kubewright.testing.cluster import TestCluster
from kubewright.testing.rehearsal import Outcome, children_of, gone, judge, rehearse, reread

Verdict = Literal["pass", "fail", "not applicable"]

_POLL = 0.05


class Result(NamedTuple):
    """One check of one sample."""

    level: int
    check: str
    sample: str
    verdict: Verdict
    seen: str


async def assess(
    cluster: TestCluster, operator: Operator, samples: Sequence[dict[str, Any]], *, timeout: float = 30.0
) -> list[Result]:
    """Play every check with every sample, on a cluster where nothing of the operator is yet.

    :param timeout: seconds that each thing has that is waited for.
    """
    results: list[Result] = []
    async with cluster.running(operator):
        outcomes = await rehearse(cluster.client, operator, samples, timeout=timeout)
        trials = [_Trial(cluster.client, operator, outcome, timeout) for outcome in outcomes]
        for trial in trials:
            results.append(trial.becomes_ready())
            if trial.outcome.ready:
                results += [await trial.observes_changes(), await trial.restores_children()]
    ready = [trial for trial in trials if trial.outcome.ready]
    before = {trial: await trial.versions() for trial in ready}
    async with cluster.running(operator) as manager:
        await _reconciled(manager, len(ready), timeout)
        for trial in ready:
            results.append(await trial.survives_a_restart(before[trial]))
            results.append(await trial.records_events())
            results.append(await trial.leaves_nothing())
    return sorted(results, key=lambda result: (result.sample, result.level))


async def _reconciled(manager: Manager, least: int, timeout: float) -> None:
    """Return when the operator, just started, has been through what was there, or after ``timeout`` seconds."""
    controllers = manager.controllers.values()
    with suppress(TimeoutError):  # an operator that is never done is judged by what it did so far
        async with asyncio.timeout(timeout):
            while True:
                busy = any(len(one.queue) or one.queue.processing() for one in controllers)
                if not busy and sum(one.counts.success for one in controllers) >= least:
                    return
                await asyncio.sleep(_POLL)


class _Trial:
    """The checks of one sample, in the order in which they are played."""

    def __init__(self, client: Client, operator: Operator, outcome: Outcome, timeout: float) -> None:
        self._client = client
        self._operator = operator
        self._timeout = timeout
        self.outcome = outcome
        self.sample = outcome.sample
        self.name = f"{self.sample.kind} {self.sample.metadata.name}"

    def _result(self, level: int, check: str, verdict: Verdict, seen: str) -> Result:
        return Result(level, check, self.name, verdict, seen)

    def becomes_ready(self) -> Result:
        verdict: Verdict = "pass" if self.outcome.ready else "fail"
        seen = self.outcome.why or f"ready, with {len(self.outcome.children)} children"
        return self._result(1, "becomes ready", verdict, seen)

    async def observes_changes(self) -> Result:
        """A change of the spec is looked at: the new generation is reported."""
        check = "reports that a change was looked at"
        if _observed(self.sample) is None:
            seen = "no observedGeneration, neither in status nor in a condition: users cannot tell"
            return self._result(1, check, "fail", seen)
        path = await self._change()
        if path is None:
            return self._result(1, check, "not applicable", "no field of the sample's spec can be changed")
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    now = await reread(self._client, self.sample)
                    if (_observed(now) or 0) >= (now.metadata.generation or 0) and judge(now, ()).ready:
                        return self._result(
                            1, check, "pass", f"{path} changed, and generation {now.metadata.generation} was observed"
                        )
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return self._result(1, check, "fail", f"{path} changed; {judge(now, ()).why or 'not ready'}")

    async def _change(self) -> str | None:
        """Change the first field of the spec that may be changed; its path."""
        now = await reread(self._client, self.sample)
        for path, value in _scalars(now.get("spec", default={}) or {}):
            for candidate in _others(value):
                patch: Any = candidate
                for step in reversed(path):
                    patch = {step: patch}
                try:
                    await self._client.patch(now, merge={"spec": patch}, dry_run=True)
                except APIError:
                    continue  # not allowed: another value, or another field
                await self._client.patch(now, merge={"spec": patch})
                return ".".join(("spec", *path))
        return None

    async def restores_children(self) -> Result:
        check = "restores a deleted child"
        children = await children_of(self._client, self._operator, self.sample)
        if not children:
            return self._result(1, check, "not applicable", "it has no children")
        lost = [child for child in children if not await self._comes_back(child)]
        names = ", ".join(f"{type(child).__name__} {child.metadata.name}" for child in lost or children)
        return self._result(1, check, "fail" if lost else "pass", f"{names} {'stayed away' if lost else 'came back'}")

    async def _comes_back(self, child: Object) -> bool:
        await self._client.delete(child)
        place = (child.metadata.name, child.metadata.namespace or None)
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    try:
                        now = await self._client.get(MetadataOnly(type(child)), *place)
                        if now.metadata.uid != child.metadata.uid:
                            return True
                    except NotFound:
                        pass
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False

    async def versions(self) -> dict[str, str | None]:
        """The generation of the sample and of each of its children: what an unneeded write of a spec would change."""
        found: list[Object | Unstructured] = [await reread(self._client, self.sample)]
        found += await children_of(self._client, self._operator, self.sample)
        return {f"{one.gvk.kind} {one.metadata.name}": f"{one.metadata.uid} {one.metadata.generation}" for one in found}

    async def survives_a_restart(self, before: dict[str, str | None]) -> Result:
        """The operator was stopped and started: nothing is made anew or rolled out again."""
        after = await self.versions()
        changed = [name for name in before if before[name] != after.get(name)]
        seen = f"{', '.join(changed)} changed" if changed else "nothing changed"
        return self._result(2, "stays as it is over a restart of the operator", "fail" if changed else "pass", seen)

    async def records_events(self) -> Result:
        namespace = self.sample.metadata.namespace or None
        events = await self._client.list(Event, namespace=namespace)
        uid = self.sample.metadata.uid
        reasons = {one.reason or "" for one in events if one.regarding and one.regarding.uid == uid}
        seen = f"events: {', '.join(sorted(reasons))}" if reasons else "no event about it; ctx.event(...) records one"
        return self._result(4, "records events", "pass" if reasons else "fail", seen)

    async def leaves_nothing(self) -> Result:
        check = "leaves nothing behind"
        children = await children_of(self._client, self._operator, self.sample)
        await self._client.delete(
            Untyped(self.sample.gvk), self.sample.metadata.name, self.sample.metadata.namespace or None
        )
        all_of_it: list[Object | Unstructured] = [self.sample, *children]
        left = [one for one in all_of_it if not await gone(self._client, one, timeout=self._timeout)]
        names = ", ".join(f"{one.gvk.kind} {one.metadata.name}" for one in left)
        return self._result(1, check, "fail" if left else "pass", f"{names} stayed" if left else "all is gone")


def level_of(results: Sequence[Result]) -> int:
    """The highest level up to which nothing that was played failed; 2 at most.

    Levels 3 and above are also about what the operand is, which no general check knows.
    """
    for level in (1, 2):
        if any(result.verdict == "fail" for result in results if result.level == level):
            return level - 1
    return 2


def _observed(obj: Unstructured) -> int | None:
    status = obj.get("status", default={}) or {}
    seen = [
        status.get("observedGeneration"),
        *(one.get("observedGeneration") for one in status.get("conditions") or ()),
    ]
    return max((one for one in seen if isinstance(one, int)), default=None)


def _scalars(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _scalars(one, (*path, key))
        elif isinstance(one, bool | int | str):
            yield (*path, key), copy.copy(one)


def _others(value: bool | int | str) -> Iterator[bool | int | str]:
    """Values that are not this one, but close."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case str():
            yield from (f"{value}x", f"{value}1")
