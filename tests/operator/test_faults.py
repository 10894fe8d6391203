"""Whatever goes wrong between operator and server: it converges, with one worker a key and no request storm."""

from __future__ import annotations

from collections import Counter

import pytest

from kubewright import Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.client import Client
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing import verify_convergence
from kubewright.testing.faults import freeze_watch

SITES = 12
op = Operator("fault-operator")


class SiteSpec(Spec):
    colour: str = "blue"


class SiteStatus(Status):
    colour: str = ""


@op.resource(group="faults.example.com", version="v1")
class Site(Resource[SiteSpec, SiteStatus]): ...


active: set[str] = set()
overlaps: list[str] = []
reconciles: Counter[str] = Counter()


@op.reconcile(Site, owns=[ConfigMap], workers=4)
async def reconcile(site: Site, ctx: Context) -> None:
    name, uid = site.metadata.name, site.metadata.uid
    if uid in active:
        overlaps.append(name)
    active.add(uid)
    reconciles[uid] += 1
    try:
        await ctx.apply(ConfigMap(metadata=ObjectMeta(name=name), data={"colour": site.spec.colour}))
        site.status.colour = site.spec.colour
    finally:
        active.discard(uid)


def site(name: str) -> Site:
    return Site(metadata=ObjectMeta(name=name, namespace="default"), spec=SiteSpec())


async def repaint(user: Client) -> None:
    for number in range(SITES):
        await user.patch(Site, f"s{number}", "default", merge={"spec": {"colour": "red"}})


async def take_a_child_away(user: Client) -> None:
    await user.delete(ConfigMap, "s0", "default")


async def test_many_objects_converge_with_one_worker_each_and_without_a_storm() -> None:
    overlaps.clear()
    reconciles.clear()
    sites = [site(f"s{number}") for number in range(SITES)]
    await verify_convergence(op, sites, steps=[repaint, take_a_child_away], crashes=False)
    assert overlaps == []
    assert max(reconciles.values()) < 60


async def test_a_watch_that_has_gone_silent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubewright.cache.reflector.IDLE_TIMEOUT", 0.3)
    monkeypatch.setattr("kubewright.cache.reflector.INITIAL_TIMEOUT", 0.3)
    deaf = {"deaf watches": lambda: [freeze_watch(after_events=1, times=2)]}
    await verify_convergence(op, [site("s0")], disturbances=deaf, crashes=False)
