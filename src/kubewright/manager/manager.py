"""The manager: everything that one operator process runs, started and stopped in the right order.

HTTP endpoints come first (the kubelet asks early), then webhooks (listing may need our own conversion), caches, the
rest, and last, once this process leads, the controllers.  Stopping goes the other way: sources and controllers finish
what they have begun within the grace period, then what they used ends, and the lease is let go last of all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from kubewright.cache import Cache
from kubewright.client import Client
from kubewright.controller.controller import Controller
from kubewright.controller.event_recorder import EventRecorder
from kubewright.manager.caches import CacheRunner
from kubewright.manager.clusters import Clusters
from kubewright.manager.election import Timing
from kubewright.manager.endpoints import Endpoints, Query, health_route, json_route
from kubewright.manager.health import HealthChecks
from kubewright.manager.leader_elector import LeaderElector, LeadershipLost, Lock, Superseded
from kubewright.manager.lease_lock import LeaseLock
from kubewright.manager.loop_watchdog import LoopWatchdog
from kubewright.manager.metrics_access import MetricsAccess
from kubewright.manager.profiling import profile_route
from kubewright.manager.runnables import STOP_ORDER, Group, Runnable, RunnableGroup, Standby, first_failure
from kubewright.manager.serving import BindAddress, HTTPServer, self_signed
from kubewright.manager.shard_leases import ShardLeases
from kubewright.manager.shard_member import ShardMember
from kubewright.manager.sharding import Shard
from kubewright.manager.write_log import log_writes
from kubewright.transport import Application, traced
from kubewright.webhook import Webhooks

logger = logging.getLogger("kubewright.manager")


class Manager:
    """Runs controllers, and what they need.

    :param name: of the operator: its lease, its events and its field manager are called so.
    :param namespace: where the operator itself lives, and its Lease; by default the client's.
    :param namespaces: watch these only; None watches all.
    :param leader_elect: run controllers only while holding the Lease ``name``.
    :param sharding: share the keys of the controllers with the other replicas, instead of electing one for all.
    :param timing: of the Leases.
    :param lock: what is held while leading, such as a `LeaseLock` of another name or with labels; by default the
        Lease ``name`` in ``namespace``.
    :param health_address: where ``/healthz`` and ``/readyz`` are served; ``0`` switches them off.
    :param metrics_address: where ``/metrics`` and ``/debug`` are served; ``0`` switches them off.  Beyond this machine
        they are served over TLS, to bearers of a token whose user may ``get`` the path.
    :param go_before: ask another process that holds the lease to make way; see docs/coming-from-kopf.md, ``--dev``.
    :param warm_standby: fill the queues of the controllers before this process leads, so that it can go on at once.
    :param grace_period: seconds that everything together has for stopping.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        namespace: str = "",
        namespaces: Sequence[str] | None = None,
        leader_elect: bool = False,
        sharding: bool = False,
        go_before: bool = False,
        warm_standby: bool = False,
        timing: Timing | None = None,
        lock: Lock | None = None,
        health_address: str = "127.0.0.1:8081",
        metrics_address: str = "127.0.0.1:8080",
        grace_period: float = 30.0,
    ) -> None:
        # prometheus_client takes 20 ms and 4 MB, which only a process has to spend that runs something.
        from kubewright.manager.metrics import Metrics

        self.client = client
        self.name = name
        self.namespace = namespace or client.namespace
        self.cache = Cache(client, namespaces=namespaces)
        self.metrics = Metrics()
        client.rest.transport = traced(client.rest.transport)
        self._counts_requests = client.rest.observe is None
        if self._counts_requests:
            client.rest.observe = self.metrics.requests
        log_writes(client)
        self.events = EventRecorder(client, name)
        self.healthz = HealthChecks("healthz")
        self.readyz = HealthChecks("readyz")
        self.elector: LeaderElector | None = None
        self.shards: ShardMember | None = None
        self._warm_standby = warm_standby
        self.controllers: dict[str, Controller[Any]] = {}
        self.clusters: list[Clusters] = []
        self._standbys: dict[str, Standby] = {}
        self.started = asyncio.Event()
        """Set when everything runs, or waits only for the lease."""
        self._groups = {group: RunnableGroup(group) for group in Group}
        self._grace_period = grace_period
        self._starting = "not started"
        self._failures: list[BaseException] = []
        self._end = asyncio.Event()
        self.readyz.add("started", lambda: self._starting or None)
        self.add(LoopWatchdog(self.metrics.blocked.inc), Group.HTTP)
        caches = CacheRunner(self.cache)
        self.readyz.add("caches", caches.unsynced)
        self.add(caches, Group.CACHES)
        self.add(self.events, Group.CACHES)
        self._serve(BindAddress.parse(health_address), BindAddress.parse(metrics_address))
        if leader_elect:
            self._elect(lock or LeaseLock(client, self.namespace, name), timing or Timing(), go_before)
        if sharding:
            self._share(timing or Timing())

    def add(self, runnable: Runnable, group: Group = Group.LEADER) -> None:
        """Run something with the others of its group; at once if they run already."""
        self._groups[group].add(runnable)

    def add_controller(self, controller: Controller[Any]) -> None:
        """:raises ValueError: there is a controller of that name: its metrics and logs could not be told apart."""
        if controller.name in self.controllers:
            raise ValueError(f"two controllers are called {controller.name}: give one another name")
        self.controllers[controller.name] = controller
        self.metrics.add_controller(controller)
        if self.shards is not None and controller.needs_leader:
            controller.share(self.shards.gate(controller.name))
            self.add(controller, Group.OTHERS)
        elif self.elector is not None and self._warm_standby and controller.needs_leader:
            standby = self._standbys[controller.name] = Standby(controller)
            self.add(standby, Group.OTHERS)
            self.add(controller, Group.LEADER)
        else:
            self.add(controller, Group.LEADER if controller.needs_leader else Group.OTHERS)

    async def remove_controller(self, name: str) -> Controller[Any]:
        """End a controller, and return it when what it works on is finished.

        :meth:`add_controller` starts it again; it then begins with all objects, as after a start of the process.

        :raises KeyError: there is none of that name.
        """
        controller = self.controllers.pop(name)
        shared = self.shards is not None or not controller.needs_leader
        await self._groups[Group.OTHERS if shared else Group.LEADER].remove(controller)
        if standby := self._standbys.pop(name, None):
            await self._groups[Group.OTHERS].remove(standby)
        self.metrics.remove_controller(controller)
        return controller

    def add_clusters(self, clusters: Clusters) -> None:
        """Run the controllers on further clusters, too."""
        self.clusters.append(clusters)
        self.add(clusters)

    def add_webhooks(self, webhooks: Webhooks) -> None:
        """Serve webhooks; the process is ready when they are."""
        self.add(webhooks, Group.WEBHOOKS)
        self.readyz.add("webhooks", webhooks.check)
        self.metrics.registry.register(webhooks.server.app.metrics)

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until ``stop`` is set, or forever.

        :raises LeadershipLost: and the process must end without writing anything more.
        :raises Superseded: another process goes before; everything has ended in good order, and may be run again.
        :raises Exception: what ended a runnable, or went wrong while stopping.
        """
        from kubewright.cache.metrics import CacheMetrics  # with prometheus_client

        CacheMetrics(self.cache, self.metrics.registry)
        leading = asyncio.create_task(self._start(), name="manager/start")
        stopped = asyncio.create_task((stop or asyncio.Event()).wait())
        ended = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (leading, stopped, ended):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leading
            await self._stop()
            self.cache.close()
            if self._counts_requests:
                self.client.rest.observe = None
        if (failure := first_failure(self._failures)) is not None:
            raise failure

    @property
    def is_leader(self) -> bool:
        """Whether the controllers may run; without leader election always."""
        return self.elector is None or self.elector.election.is_leader

    async def _start(self) -> None:
        try:
            for group in (Group.HTTP, Group.WEBHOOKS, Group.CACHES, Group.OTHERS):
                self._starting = f"starting {group.name.lower()}"
                await self._groups[group].start(self._fail)
                if self._end.is_set():
                    return
            # A replica that waits to lead is ready: it serves webhooks, and a rollout must not wait for its turn.
            self._starting = ""
            if self.elector is not None:
                self.started.set()
                await self.elector.acquire()
            await self._groups[Group.LEADER].start(self._fail)
            self.started.set()
            logger.info("%s runs: %s", self.name, ", ".join(self.controllers) or "no controllers")
            if self.elector is not None:
                await self.elector.hold()
                raise LeadershipLost(f"{self.name} no longer holds its lease")
        # Whatever it is, run() is waiting to hear of it.
        except Exception as error:
            self._fail(error)

    async def _stop(self) -> None:
        self._starting = "stopping"
        lost = any(isinstance(failure, LeadershipLost) for failure in self._failures)
        grace_period = 0.0 if lost else self._grace_period
        if self.elector is not None and any(isinstance(failure, Superseded) for failure in self._failures):
            grace_period = min(grace_period, self.elector.election.timing.renew_deadline)
        deadline = asyncio.get_running_loop().time() + grace_period
        async with self._still_leading():
            for group in STOP_ORDER:
                self._failures += await self._groups[group].stop(deadline)
        if self.elector is not None and not lost:
            await self.elector.release()

    @contextlib.asynccontextmanager
    async def _still_leading(self) -> AsyncIterator[None]:
        """Renew the lease meanwhile: controllers may take longer to finish than it lasts."""
        elector = self.elector
        if elector is None or self._failures or not elector.election.is_leader:
            yield
            return
        holding = asyncio.create_task(elector.hold(), name="manager/hold")
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

    def _fail(self, error: BaseException) -> None:
        self._failures.append(error)
        self._end.set()

    def _elect(self, lock: Lock, timing: Timing, go_before: bool) -> None:
        identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        master = self.metrics.leader.labels(self.name)
        self.elector = elector = LeaderElector(
            lock,
            identity,
            timing=timing,
            go_before=go_before,
            on_new_leader=lambda leader: master.set(leader == identity),
            on_slow_path=self.metrics.slow_paths.labels(self.name).inc,
        )
        self.healthz.add("leader-election", lambda: _overdue(elector.overdue()))

    def _share(self, timing: Timing) -> None:
        host = re.sub("[^a-z0-9-]+", "-", socket.gethostname().lower()).strip("-")
        identity = f"{self.name}-{host}-{uuid.uuid4().hex[:8]}"
        leases = ShardLeases(self.client, self.namespace, self.name, identity, duration=timing.lease_duration)
        self.shards = shards = ShardMember(Shard(identity, timing), leases)
        # Among the caches: it starts before the controllers, and ends when they have finished.
        self.add(shards, Group.CACHES)
        self.metrics.add_shards(shards)
        self.healthz.add("sharding", lambda: _overdue(shards.overdue()))

    def _serve(self, health: BindAddress | None, metrics: BindAddress | None) -> None:
        """What the kubelet asks is open; what tells of objects leaves this machine only for the authorized."""
        if health is not None:
            routes = {"healthz": health_route(self.healthz), "readyz": health_route(self.readyz)}
            option = "--health-probe-bind-address"
            self.add(HTTPServer("health", Endpoints(routes), health, option=option), Group.HTTP)
        if metrics is not None:
            routes = {"metrics": self.metrics.route, "debug": self._debug_route}
            app: Application = Endpoints(routes)
            tls = None
            if not metrics.is_loopback:
                app, tls = MetricsAccess(app, self.client), self_signed(socket.gethostname())
            option = "--metrics-bind-address"
            self.add(HTTPServer("metrics", app, metrics, tls=tls, option=option), Group.HTTP)

    async def _debug_route(self, rest: str, query: Query, accept: str) -> tuple[int, str, bytes]:
        route = profile_route if rest == "profile" else json_route(self.describe)
        return await route(rest, query, accept)

    def _all_controllers(self) -> Iterator[Controller[Any]]:
        yield from self.controllers.values()
        for clusters in self.clusters:
            yield from clusters.controllers

    def describe(self) -> dict[str, object]:
        """What runs and what waits: what ``/debug`` shows."""
        return {
            "leader": self.elector.election.leader if self.elector is not None else None,
            "shards": self.shards.describe() if self.shards is not None else None,
            "controllers": {controller.name: controller.describe() for controller in self._all_controllers()},
            "caches": [informer.describe() for informer in self.cache.informers],
            "clusters": {name: what for clusters in self.clusters for name, what in clusters.describe().items()},
            "tasks": sorted(task.get_name() for task in asyncio.all_tasks()),
        }


def _overdue(seconds: float) -> str | None:
    return f"the lease expired {seconds:.1f} s ago and this process still runs" if seconds > 0 else None
