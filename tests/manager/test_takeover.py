from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.manager import CannotPause, Manager, Timing, lease_namespace, run_paused_by_others
from kubewright.objects import ObjectMeta
from kubewright.objects.coordination_v1 import Lease, LeaseSpec

QUICK = Timing(lease_duration=2.0, renew_deadline=1.0, retry_period=0.02)


class Work:
    """What only the leader does."""

    def __init__(self, name: str, log: list[str], said: asyncio.Event) -> None:
        self.name = name
        self._log = log
        self._said = said

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        self._say(f"{self.name} works")
        ready()
        await stop.wait()
        self._say(f"{self.name} rests")

    def _say(self, line: str) -> None:
        self._log.append(line)
        self._said.set()


async def test_a_developers_copy_pauses_the_deployed_one_while_it_runs() -> None:
    log, said = list[str](), asyncio.Event()

    async def says(*lines: str) -> None:
        async with asyncio.timeout(5):
            while log != list(lines):
                said.clear()
                await said.wait()

    async with api_server() as server:

        def make(name: str, *, go_before: bool = False) -> Manager:
            manager = Manager(
                server.client(),
                "site-operator",
                leader_elect=True,
                go_before=go_before,
                timing=QUICK,
                health_address="0",
                metrics_address="0",
            )
            manager.add(Work(name, log, said))
            return manager

        ends, dev_ends = asyncio.Event(), asyncio.Event()
        deployed = asyncio.create_task(run_paused_by_others(lambda: make("deployed"), ends))
        await says("deployed works")
        dev = asyncio.create_task(make("dev", go_before=True).run(dev_ends))
        story = ["deployed works", "deployed rests", "dev works"]
        await says(*story)
        dev_ends.set()
        await dev
        await says(*story, "dev rests", "deployed works")
        ends.set()
        await deployed


def lease(namespace: str) -> Lease:
    return Lease(metadata=ObjectMeta(name="op", namespace=namespace), spec=LeaseSpec(holder_identity="pod"))


@pytest.mark.parametrize(
    ("found", "expected"),
    [((), "default"), (("kube-system",), "kube-system"), (("default", "kube-system"), "default")],
)
async def test_the_deployed_copys_lease_is_found(found: tuple[str, ...], expected: str) -> None:
    async with api_server() as server:
        client: Client = server.client()
        for namespace in found:
            await client.create(lease(namespace))
        assert await lease_namespace(client, "op") == expected


async def test_a_copy_that_shares_its_objects_is_not_worked_beside() -> None:
    async with api_server() as server:
        client = server.client()
        shard = lease("kube-system")
        shard.metadata.labels = {"kubewright.dev/sharded": "op"}
        await client.create(shard)
        with pytest.raises(CannotPause, match="scale it down"):
            await lease_namespace(client, "op")
        shard.spec.holder_identity = ""  # it has said farewell
        await client.apply(shard, field_manager="op", force=True)
        assert await lease_namespace(client, "op") == "kube-system"


async def test_of_several_copies_none_is_paused_at_random() -> None:
    async with api_server() as server:
        client = server.client()
        for namespace in ("kube-public", "kube-system"):
            await client.create(lease(namespace))
        with pytest.raises(CannotPause, match="kube-public, kube-system"):
            await lease_namespace(client, "op")
