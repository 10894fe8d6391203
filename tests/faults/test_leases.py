"""A lease that is lost: its holder ends, and the standby goes on where it stopped."""

from __future__ import annotations

import asyncio

import pytest
from tests.serving import Server, api_server

from kubewright import Context, ObjectMeta, Operator
from kubewright.client import AsgiTransport, Client
from kubewright.manager import LeadershipLost, Manager, Timing
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing.faults import FaultyTransport, refuse, skew

TIMING = Timing(lease_duration=1.0, renew_deadline=0.6, retry_period=0.1)

op = Operator("patient")


@op.reconcile(ConfigMap)
async def reconcile(config: ConfigMap, ctx: Context) -> None:
    await ctx.client.patch(ConfigMap, config.metadata.name, "default", merge={"data": {"seen": "yes"}})


def config(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"))


def replica(server: Server) -> tuple[Manager, FaultyTransport]:
    transport = FaultyTransport(AsgiTransport(server.server.app, headers={"authorization": "Bearer admin"}))
    manager = Manager(
        Client(transport),
        op.name,
        leader_elect=True,
        timing=TIMING,
        warm_standby=True,
        health_address="0",
        metrics_address="0",
    )
    op.add_to(manager)
    return manager, transport


async def seen(user: Client, name: str) -> None:
    """Return when it has been reconciled."""
    async with user.watch(ConfigMap, namespace="default") as events:
        async for event in events:
            if event.object.metadata.name == name and event.object.data.get("seen"):
                return


@pytest.mark.parametrize("ahead", [0, 3600, -3600])
async def test_who_loses_its_lease_ends_and_the_standby_goes_on_whatever_their_clocks_say(ahead: float) -> None:
    async with api_server() as server, asyncio.timeout(20):
        user, stop = server.client(), asyncio.Event()
        first, network = replica(server)
        network.faults.append(skew(ahead))
        leading = asyncio.create_task(first.run(stop))
        await user.create(config("before"))
        await seen(user, "before")
        standby = asyncio.create_task(replica(server)[0].run(stop))
        network.faults.append(refuse("/leases/"))
        with pytest.raises(LeadershipLost):
            await leading
        await user.create(config("after"))
        await seen(user, "after")
        stop.set()
        await standby
