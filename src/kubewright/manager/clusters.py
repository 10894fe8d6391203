"""Further clusters in one manager, added and removed while it runs.

Each has a client, caches and controllers of its own, and fails by itself: one that can't be reached is started anew
with growing pauses, and the others go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.controller import Controller
from kubewright.controller.event_recorder import EventRecorder
from kubewright.manager.caches import CacheRunner
from kubewright.manager.runnables import Group, Runnable, RunnableGroup, first_failure
from kubewright.manager.shard_member import ShardMember
from kubewright.manager.write_log import log_writes
from kubewright.transport import traced
from kubewright.workqueue import ExponentialBackoff

if TYPE_CHECKING:
    from kubewright.manager.metrics import Metrics

logger = logging.getLogger("kubewright.clusters")


class Cluster:
    """One run of the controllers of one cluster.

    :param name: the cluster's, which the names of its controllers end with.
    :param controller: who its events are from: the operator.
    :param namespaces: watch these only; None watches all.
    :param shards: shares the keys of its controllers with the other replicas, where they share those of the manager.
    :param grace_period: seconds that its controllers have for stopping.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        controller: str,
        *,
        namespaces: Sequence[str] | None = None,
        shards: ShardMember | None = None,
        grace_period: float = 30.0,
    ) -> None:
        self.name = name
        self.client = client
        client.rest.transport = traced(client.rest.transport)
        self.cache = Cache(client, namespaces=namespaces)
        log_writes(client)
        self.events = EventRecorder(client, controller)
        self.controllers: list[Controller[Any]] = []
        self._shards = shards
        self._grace_period = grace_period
        self._caches, self._work = RunnableGroup(Group.CACHES), RunnableGroup(Group.LEADER)
        self._caches.add(CacheRunner(self.cache))
        self._caches.add(self.events)

    def add(self, runnable: Runnable) -> None:
        """Run something beside the controllers."""
        self._work.add(runnable)

    def add_controller(self, controller: Controller[Any]) -> None:
        self.controllers.append(controller)
        if self._shards is not None:
            controller.share(self._shards.gate(controller.name))
        self._work.add(controller)

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set.

        :raises Exception: what ended a part of it.
        """
        failures: list[BaseException] = []
        failed = asyncio.Event()

        def fail(error: BaseException) -> None:
            failures.append(error)
            failed.set()

        async def start() -> None:
            for group in (self._caches, self._work):
                await group.start(fail)
                if failures:
                    return
            ready()

        starting = asyncio.create_task(start(), name=f"cluster/{self.name}/start")
        try:
            await _first_of(stop, failed)
        finally:
            starting.cancel()
            await asyncio.wait({starting})
            deadline = asyncio.get_running_loop().time() + self._grace_period
            for group in (self._work, self._caches):
                failures += await group.stop(deadline)
            self.cache.close()
        if (failure := first_failure(failures)) is not None:
            raise failure


class Clusters:
    """Keeps the clusters running that are added; one of the manager's runnables.

    :param assemble: makes a cluster and its controllers of a name and a client, for each start.
    """

    name = "clusters"

    def __init__(self, assemble: Callable[[str, Client], Cluster], metrics: Metrics) -> None:
        self._assemble = assemble
        self._metrics = metrics
        self._members: dict[str, _Member] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._backoff: ExponentialBackoff[str] = ExponentialBackoff(base=1.0, cap=60.0)

    @property
    def names(self) -> list[str]:
        return list(self._members)

    @property
    def controllers(self) -> list[Controller[Any]]:
        """Those of all clusters that are being worked on."""
        running = (member.cluster for member in self._members.values() if member.cluster is not None)
        return [controller for cluster in running for controller in cluster.controllers]

    def describe(self) -> dict[str, object]:
        """How each cluster does, for ``/debug``."""
        return {
            name: {
                "ready": member.ready.is_set(),
                "caches": [informer.describe() for informer in member.cluster.cache.informers]
                if member.cluster
                else [],
            }
            for name, member in self._members.items()
        }

    def add(self, name: str, client: Client) -> asyncio.Event:
        """Begin to work on a cluster; returns what is set once its controllers run.

        :raises ValueError: there is one of that name.
        """
        if name in self._members:
            raise ValueError(f"there is a cluster {name} already")
        member = self._members[name] = _Member(client)
        if self._tasks is not None:
            member.task = self._tasks.create_task(self._keep(name, member), name=f"cluster/{name}")
        return member.ready

    async def remove(self, name: str) -> None:
        """End the work on a cluster; returns when its controllers have finished.

        :raises KeyError: there is none of that name.
        """
        member = self._members.pop(name)
        member.stop.set()
        if member.task is not None:
            await asyncio.wait({member.task})

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Work on all until ``stop`` is set."""
        async with asyncio.TaskGroup() as self._tasks:
            for name, member in self._members.items():
                member.task = self._tasks.create_task(self._keep(name, member), name=f"cluster/{name}")
            ready()
            try:
                await stop.wait()
            finally:
                for member in self._members.values():
                    member.stop.set()
        self._tasks = None

    async def _keep(self, name: str, member: _Member) -> None:
        if member.client.rest.observe is None:
            member.client.rest.observe = self._metrics.requests
        while not member.stop.is_set():
            cluster = member.cluster = self._assemble(name, member.client)
            for controller in cluster.controllers:
                self._metrics.add_controller(controller)
            try:
                await cluster.run(member.stop, member.ready.set)
                self._backoff.forget(name)
            # Whatever one cluster fails with, the others go on.
            except Exception as error:
                pause = self._backoff.when(name)
                logger.error("cluster %s failed, next start in %.3g s: %s", name, pause, error, exc_info=error)
                await _within(pause, member.stop)
            finally:
                member.cluster = None
                member.ready.clear()
                for controller in cluster.controllers:
                    self._metrics.remove_controller(controller)


class _Member:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.stop = asyncio.Event()
        self.ready = asyncio.Event()
        self.cluster: Cluster | None = None
        self.task: asyncio.Task[None] | None = None


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiting:
            waiter.cancel()


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, but not for longer than that."""
    waiter = asyncio.ensure_future(event.wait())
    await asyncio.wait({waiter}, timeout=seconds)
    waiter.cancel()
