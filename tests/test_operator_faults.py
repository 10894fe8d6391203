"""Whatever goes wrong between operator and server: it converges, and no request storm follows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.serving import Server, api_server

from kubewright import Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.client import AsgiTransport, Client
from kubewright.manager import Manager
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing.faults import (
    Fault,
    FaultyTransport,
    conflict,
    cut_watch,
    expire_watch,
    internal_error,
    lose_answer,
    refuse,
    stale,
    truncate_watch,
)

COUNT = 12
op = Operator("fault-operator")


class SiteSpec(Spec):
    colour: str = "blue"


class SiteStatus(Status):
    colour: str = ""


@op.resource(group="faults.example.com", version="v1")
class Site(Resource[SiteSpec, SiteStatus]): ...


active: set[str] = set()


@op.reconcile(Site, owns=[ConfigMap], workers=4)
async def reconcile(site: Site, ctx: Context) -> None:
    name = site.metadata.name
    assert name not in active, "two workers at once"
    active.add(name)
    try:
        await ctx.apply(ConfigMap(metadata=ObjectMeta(name=name), data={"colour": site.spec.colour}))
        site.status.colour = site.spec.colour
    finally:
        active.remove(name)


async def start(transport: FaultyTransport, stop: asyncio.Event) -> asyncio.Task[None]:
    manager = Manager(Client(transport), op.name, health_address="0", metrics_address="0", grace_period=2)
    op.add_to(manager)
    return asyncio.ensure_future(manager.run(stop))


def faulty(
    server: Server, faults: Sequence[Fault], *, seed: int = 1, kill_after_writes: int | None = None
) -> FaultyTransport:
    inner = AsgiTransport(server.server.app, headers={"authorization": "Bearer admin"})
    return FaultyTransport(inner, faults, seed=seed, kill_after_writes=kill_after_writes)


async def has_converged(user: Client, colour: str) -> bool:
    sites = await user.list(Site)
    children = await user.list(ConfigMap, namespace="default")
    colours = {child.metadata.name: child.data["colour"] for child in children}
    return all(site.status.colour == colour == colours.get(site.metadata.name) for site in sites)


async def converges(user: Client, colour: str) -> None:
    async with asyncio.timeout(20):
        while True:
            if await has_converged(user, colour):
                return
            await asyncio.sleep(0.02)


FAULTS = {
    "refused connections": lambda: [refuse(r"configmaps|sites", probability=0.2)],
    "lost answers": lambda: [lose_answer(probability=0.3)],
    "server errors": lambda: [internal_error(r"configmaps/|status", probability=0.3)],
    "conflicts": lambda: [conflict(probability=0.4)],
    "broken watches": lambda: [cut_watch(after_events=3, probability=0.6, times=8)],
    "truncated watches": lambda: [truncate_watch(after_events=2, times=4)],
    "expired watches": lambda: [expire_watch(after_events=2, times=3)],
    "stale lists": lambda: [cut_watch(after_events=2, times=3), stale(times=3)],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
async def test_it_converges_in_spite_of(faults: object) -> None:
    assert callable(faults)
    async with api_server() as server:
        user, stop = server.client(), asyncio.Event()
        await op.install(user)
        running = await start(faulty(server, faults()), stop)
        for number in range(COUNT):
            await user.create(Site(metadata=ObjectMeta(name=f"s{number}", namespace="default"), spec=SiteSpec()))
            await asyncio.sleep(0.005)
        await converges(user, "blue")
        for number in range(COUNT):
            await user.patch(Site, f"s{number}", "default", merge={"spec": {"colour": "red"}})
        await user.delete(ConfigMap, "s0", "default")
        await converges(user, "red")
        stop.set()
        await running


@pytest.mark.parametrize("writes", range(0, 2 * COUNT, 5))
async def test_it_converges_after_a_death_between_any_two_writes(writes: int) -> None:
    async with api_server() as server:
        user, stop = server.client(), asyncio.Event()
        await op.install(user)
        for number in range(COUNT):
            await user.create(Site(metadata=ObjectMeta(name=f"s{number}", namespace="default"), spec=SiteSpec()))
        doomed = await start(faulty(server, [], kill_after_writes=writes), asyncio.Event())
        await asyncio.sleep(0.1)
        doomed.cancel()
        await asyncio.wait({doomed})
        successor = await start(faulty(server, []), stop)
        await converges(user, "blue")
        stop.set()
        await successor
