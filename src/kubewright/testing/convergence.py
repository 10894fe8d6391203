"""Whether an operator gets to the same end whatever goes wrong on its way.

An operator and some of its objects go in.  It is run once undisturbed on an embedded cluster; then again and again,
with faults between it and the API server, and with its death before each of its writes.  Every time, what it has made
must end up as it was the first time.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias

from kubewright.client import Client, Untyped
from kubewright.localcluster import LocalCluster
from kubewright.manager import LeadershipLost, Manager, Timing
from kubewright.objects import GroupVersionKind, Object, from_dict, to_dict
from kubewright.operator import Operator
from kubewright.testing import faults
from kubewright.testing.faults import Fault, FaultyTransport
from kubewright.testing.field_ownership import owned_fields
from kubewright.testing.foreign import install_foreign
from kubewright.testing.webhooks import serving_webhooks

logger = logging.getLogger("kubewright.testing")

State: TypeAlias = dict[str, dict[str, Any]]
"""By kind and name, what the operator has set; and what it has made outside the cluster."""

Step: TypeAlias = Callable[[Client], Awaitable[object]]

_QUIET = 0.25
"""Seconds without any change in the cluster after which an undisturbed run counts as finished."""

_POLL = 0.05

_TIMING = Timing(lease_duration=1.0, renew_deadline=0.6, retry_period=0.1)
"""Of the lease of a run in which it gets lost."""

DISTURBANCES: Mapping[str, Callable[[], Sequence[Fault]]] = {
    "refused connections": lambda: [faults.refuse(times=8, probability=0.3)],
    "lost answers": lambda: [faults.lose_answer(times=8, probability=0.5)],
    "server errors": lambda: [faults.internal_error(times=8, probability=0.3)],
    "an unavailable server": lambda: [faults.unavailable(times=2, probability=0.3)],
    "too many requests": lambda: [faults.too_many_requests(times=1)],
    "conflicts": lambda: [faults.conflict(times=8, probability=0.5)],
    "slow answers": lambda: [faults.delay(0.02, probability=0.5)],
    "broken watches": lambda: [faults.cut_watch(after_events=1, times=3)],
    "truncated watches": lambda: [faults.truncate_watch(after_events=1, times=3)],
    "expired watches": lambda: [faults.expire_watch(after_events=1, times=3)],
    "late watches": lambda: [faults.lag_watch(0.05)],
    "a clock that is a minute ahead": lambda: [faults.skew(60)],
    "a clock that is a minute behind": lambda: [faults.skew(-60)],
    "a lost lease": lambda: [faults.lose_lease()],
    "stale lists": lambda: [faults.cut_watch(after_events=1, times=2), faults.stale(times=2)],
}
"""What goes wrong by default, each in a run of its own."""


class NotConverged(AssertionError):
    """A run did not end as the undisturbed one; the text says in which run, after which step, and the difference."""


class Verified(NamedTuple):
    """What was tried."""

    writes: int
    """How many writes the undisturbed run took: so many deaths were tried."""
    runs: int


async def verify_convergence(
    operator: Operator,
    objects: Sequence[Object],
    *,
    steps: Sequence[Step] = (),
    disturbances: Mapping[str, Callable[[], Sequence[Fault]]] = DISTURBANCES,
    crashes: bool = True,
    timeout: float = 30.0,
    parallel: int = 4,
    outside: Callable[[], object] | None = None,
) -> Verified:
    """Create ``objects``, take ``steps``, delete the objects, under every fault; each time the end must be the same.

    Compared are the objects of the operator's kinds, with the fields that it has set, times aside.  The operator's
    webhooks take part: they are served by a process of their own, which doesn't die.

    :param steps: functions of a user's client, each called when the operator has settled after the one before.
    :param disturbances: what goes wrong, by name, each in a run of its own.
    :param crashes: run once for each write, with the process dying just before it and being started anew.
    :param timeout: seconds that the operator has to settle after each step.
    :param parallel: how many runs go on at once, all in this process.
    :param outside: shows what the operator has made outside the cluster, in a fake of what it manages there: that has
        to end up the same, too.  All runs share the fake, so they go on one after the other.
    :raises NotConverged: it ended differently, not in time, or goes on writing although nothing changes.
    """
    trial = _Trial(operator, objects, steps, timeout, outside)
    writes = await trial.undisturbed()
    runs = [trial.repeat(f"with {name}", make()) for name, make in disturbances.items()]
    if crashes:
        died = "after its death before write {} of {}".format
        runs += [trial.repeat(died(n + 1, writes), kill_after_writes=n) for n in range(writes)]
    slots = asyncio.Semaphore(parallel if outside is None else 1)

    async def in_turn(run: Awaitable[None]) -> None:
        async with slots:
            await run

    outcomes = await asyncio.gather(*map(in_turn, runs), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    return Verified(writes, 1 + len(runs))


class _Trial:
    """What is run again and again, and what it came to the first time."""

    def __init__(
        self,
        operator: Operator,
        objects: Sequence[Object],
        steps: Sequence[Step],
        timeout: float,
        outside: Callable[[], object] | None,
    ) -> None:
        self._operator = operator
        self._outside = outside
        self._objects = objects
        self._steps = [self._create, *steps, self._delete]
        owned = [cls.gvk for kind in operator.kinds() for cls in operator.owned(kind.group_kind)]
        self._kinds = dict.fromkeys([*operator.kinds(), *owned, *(cls.gvk for cls in operator.resources)])
        self._timeout = timeout
        self._expected: list[State] = []

    async def undisturbed(self) -> int:
        """Learn what should come out; returns the number of writes."""
        async with self._cluster() as cluster:
            user = cluster.client()
            async with _running(self._operator, cluster, []) as process:
                for step in self._steps:
                    await step(user)
                    self._expected.append(await self._settled(user))
                return process.transport.writes

    async def repeat(self, how: str, faults: Sequence[Fault] = (), *, kill_after_writes: int | None = None) -> None:
        """:raises NotConverged: something else came out."""
        async with self._cluster() as cluster:
            user = cluster.client()
            async with _running(self._operator, cluster, faults, kill_after_writes=kill_after_writes):
                for number, step in enumerate(self._steps):
                    await step(user)
                    await self._reaches(user, self._expected[number], f"{how}, {self._name(number)}")

    @asynccontextmanager
    async def _cluster(self) -> AsyncIterator[LocalCluster]:
        async with LocalCluster() as cluster:
            await self._operator.install(cluster.client())
            await install_foreign(cluster.client(), self._operator)
            async with serving_webhooks(self._operator, cluster):
                yield cluster

    async def _settled(self, user: Client) -> State:
        """The state once nothing in the cluster has changed for a while."""
        loop = asyncio.get_running_loop()
        deadline, since, last = loop.time() + self._timeout, loop.time(), ""
        while (now := loop.time()) < deadline:
            revision = await _revision(user, next(iter(self._kinds)))
            if revision != last:
                since, last = now, revision
            elif now - since >= _QUIET:
                return await self._state(user)
            await asyncio.sleep(_POLL)
        raise NotConverged(
            f"undisturbed, something is still being written after {self._timeout:g} s: a loop of writes?"
        )

    async def _reaches(self, user: Client, expected: State, where: str) -> None:
        state: State = {}
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    state = await self._state(user)
                    if state == expected:
                        return
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            lines = "\n".join(_differences(expected, state))
            raise NotConverged(f"{where}: not as without faults after {self._timeout:g} s\n{lines}") from None

    async def _state(self, user: Client) -> State:
        state: State = {} if self._outside is None else {"outside": {"the cluster": copy.deepcopy(self._outside())}}
        for kind in self._kinds:
            for obj in await user.list(Untyped(kind)):
                content = to_dict(obj)
                metadata = content["metadata"]
                if owned := owned_fields(content, self._operator.name):
                    state[f"{kind.kind} {metadata.get('namespace', '')}/{metadata['name']}"] = owned
                elif kind in {cls.gvk for cls in self._operator.resources}:
                    state[f"{kind.kind} {metadata.get('namespace', '')}/{metadata['name']}"] = {}
        return state

    async def _create(self, user: Client) -> None:
        for obj in self._objects:
            await user.create(from_dict(type(obj), to_dict(obj)))

    async def _delete(self, user: Client) -> None:
        for obj in reversed(self._objects):
            await user.delete(type(obj), obj.metadata.name, obj.metadata.namespace or None)

    def _name(self, number: int) -> str:
        if number == 0:
            return "after creating"
        return "after deleting" if number == len(self._steps) - 1 else f"after step {number}"


class _Process:
    """An operator's process, which is started anew when it has died, or has ended because it lost its lease."""

    def __init__(self, operator: Operator, cluster: LocalCluster, transport: FaultyTransport) -> None:
        self.transport = transport
        self._operator = operator
        self._cluster = cluster

    async def run(self, stop: asyncio.Event) -> None:
        # Nobody can lose a lease that nobody holds.
        elects = any(fault.path == faults.LEASES for fault in self.transport.faults)
        first = asyncio.create_task(self._manager(Client(self.transport), elects=elects).run(stop))
        died = asyncio.create_task(self.transport.killed.wait())
        try:
            await asyncio.wait({first, died}, return_when=asyncio.FIRST_COMPLETED)
            if not died.done():
                try:
                    return await first
                except LeadershipLost:
                    logger.info("%s has lost its lease, and is started anew", self._operator.name)
        finally:
            died.cancel()
            first.cancel()
            await asyncio.wait({first})
        return await self._manager(self._cluster.client()).run(stop)

    def _manager(self, client: Client, *, elects: bool = False) -> Manager:
        manager = Manager(
            client,
            self._operator.name,
            leader_elect=elects,
            timing=_TIMING,
            health_address="0",
            metrics_address="0",
            grace_period=1.0,
        )
        self._operator.add_to(manager)
        return manager


@asynccontextmanager
async def _running(
    operator: Operator, cluster: LocalCluster, faults: Sequence[Fault], *, kill_after_writes: int | None = None
) -> AsyncIterator[_Process]:
    transport = FaultyTransport(cluster.client().rest.transport, faults, kill_after_writes=kill_after_writes)
    process, stop = _Process(operator, cluster, transport), asyncio.Event()
    running = asyncio.create_task(process.run(stop))
    try:
        yield process
    finally:
        stop.set()
        await running


async def _revision(user: Client, kind: GroupVersionKind) -> str:
    """The cluster's: lists name that of all objects, not only their own."""
    return (await user.list(Untyped(kind))).metadata.resource_version


def _differences(expected: Any, found: Any, path: str = "") -> list[str]:
    if expected == found:
        return []
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        names = sorted({*expected, *found})
        return [
            line
            for name in names
            for line in _differences(expected.get(name), found.get(name), f"{path} {re.sub('^f:', '.', name)}")
        ]
    return [f" {path}: {found!r} instead of {expected!r}"]
