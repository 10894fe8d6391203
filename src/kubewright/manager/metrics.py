"""The manager's metrics: one registry of its own, never the process-wide one, and the endpoint that shows it."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from kubewright.client.metrics import RequestMetrics
from kubewright.controller.controller import Controller
from kubewright.controller.metrics import ControllerCollector
from kubewright.manager.endpoints import Query
from kubewright.manager.shard_member import ShardMember
from kubewright.workqueue.metrics import QueueCollector


class Metrics:
    """Everything that can be measured in this process; other rooms register their collectors with ``registry``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._controllers = ControllerCollector()
        self._queues = QueueCollector()
        self.registry.register(self._controllers)
        self.registry.register(self._queues)
        self.requests = RequestMetrics(self.registry)
        self.leader = Gauge(
            "leader_election_master_status", "Whether this process is the leader", ["name"], registry=self.registry
        )
        self.slow_paths = Counter(
            "leader_election_slowpath",
            "Total number of lease renewals that needed another look at the lease",
            ["name"],
            registry=self.registry,
        )
        self.blocked = Counter(
            "kubewright_event_loop_blocked_seconds",
            "Seconds that the event loop was blocked, a second or more at a time",
            registry=self.registry,
        )

    def add_controller(self, controller: Controller[Any]) -> None:
        self._controllers.add(controller.name, controller.counts)
        self._queues.add(controller.queue)

    def remove_controller(self, controller: Controller[Any]) -> None:
        self._controllers.remove(controller.name)
        self._queues.remove(controller.queue)

    def add_shards(self, member: ShardMember) -> None:
        members = Gauge("kubewright_shard_members", "Replicas that share the keys", registry=self.registry)
        members.set_function(lambda: len(member.shard.members))
        working = Gauge("kubewright_shard_working_keys", "Keys that this replica works on", registry=self.registry)
        working.set_function(lambda: len(member.shard.working))
        moves = Gauge("kubewright_shard_moves", "How often the members have changed", registry=self.registry)
        moves.set_function(lambda: member.moves)

    async def route(self, rest: str, query: Query, accept: str) -> tuple[int, str, bytes]:
        """``/metrics`` in the format that the client accepts; ``?name[]=`` restricts it."""
        registry = self.registry.restricted_registry(query["name[]"]) if "name[]" in query else self.registry
        encoder, content_type = choose_encoder(accept)
        return 200, content_type, encoder(registry)
