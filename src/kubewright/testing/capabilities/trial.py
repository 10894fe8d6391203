"""One sample that is being tried out: what the checks of all levels read from it and do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from kubewright.client import Client
from kubewright.controller.readiness import Readiness
from kubewright.manager import Manager
from kubewright.objects import Object, Unstructured
from kubewright.objects.errors import APIError
from kubewright.operator import Operator
from kubewright.testing.rehearsal import Outcome, children_of, judge, reread

T = TypeVar("T")

Path = tuple[str, ...]

_POLL = 0.05


class Trial:
    """A sample on the cluster where its operator runs.

    :param outcome: what became of the sample when it was applied.
    :param timeout: seconds that each thing has that is waited for.
    """

    def __init__(self, client: Client, operator: Operator, outcome: Outcome, *, timeout: float) -> None:
        self.client = client
        self.operator = operator
        self.outcome = outcome
        self.timeout = timeout
        self.sample = outcome.sample
        self.name = f"{self.sample.kind} {self.sample.metadata.name}"
        self.namespace = self.sample.metadata.namespace or None

    async def now(self) -> Unstructured:
        return await reread(self.client, self.sample)

    async def children(self) -> list[Object]:
        return await children_of(self.client, self.operator, self.sample)

    async def state(self) -> Readiness:
        return judge(await self.now(), await self.children())

    async def until(self, look: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> tuple[bool, T]:
        """Look until something holds, or time is up; whether it does, and what was seen last."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.timeout
        while True:
            seen = await look()
            if (done := holds(seen)) or clock() >= deadline:
                return done, seen
            await asyncio.sleep(_POLL)

    async def is_ready(self) -> tuple[bool, str]:
        """Whether the sample becomes ready in time, and what it says."""
        ready, state = await self.until(self.state, lambda state: state.ready)
        return ready, state.why

    async def put_back(self) -> None:
        """Make the spec what it was again, but for fields that cannot be changed once they are set."""
        for path, value in scalars(self.sample.get("spec", default={}) or {}):
            await self.change(path, value)
        await self.is_ready()

    async def change(self, path: Path, value: object) -> Unstructured | None:
        """Change a field of the spec; None where that is refused."""
        patch = {"spec": nested(path, value)}
        now = await self.now()
        try:
            await self.client.patch(now, merge=patch, dry_run=True)
        except APIError:
            return None
        return await self.client.patch(now, merge=patch)


async def settled(manager: Manager, least: int, timeout: float) -> None:
    """Return when the operator, just started, has been through what was there, or after ``timeout`` seconds."""
    controllers = manager.controllers.values()
    with suppress(TimeoutError):  # an operator that is never done is judged by what it did so far
        async with asyncio.timeout(timeout):
            while True:
                busy = any(len(one.queue) or one.queue.processing() for one in controllers)
                if not busy and sum(one.counts.success for one in controllers) >= least:
                    return
                await asyncio.sleep(_POLL)


def nested(path: Path, value: object) -> Any:
    """``value`` below the keys of a path."""
    for step in reversed(path):
        value = {step: value}
    return value


def scalars(value: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, bool | int | str]]:
    """The fields that hold a single value, with their paths; what is in lists is left out."""
    for key, one in value.items():
        if isinstance(one, Mapping):
            yield from scalars(one, (*path, key))
        elif isinstance(one, bool | int | str):
            yield (*path, key), one


def others(value: bool | int | str) -> Sequence[bool | int | str]:
    """Values that are not this one, but close."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1]
        case str():
            return [f"{value}x", f"{value}1"]
