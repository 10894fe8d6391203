from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from tests.serving import api_server

from kubewright import (
    BlockingContext,
    Column,
    Condition,
    Context,
    Invalid,
    Meta,
    ObjectKey,
    ObjectMeta,
    Operator,
    Requeue,
    Resource,
    Spec,
    Status,
)
from kubewright.client import Client
from kubewright.manager import Manager, NotReady
from kubewright.objects.core_v1 import ConfigMap, Secret

op = Operator("website-operator")


class WebsiteSpec(Spec):
    image: Annotated[str, Meta(min_length=1)] = "nginx:1.27"
    theme: str | None = None
    host: str | None = None


class WebsiteStatus(Status):
    children: int = 0
    conditions: list[Condition] = []


@op.resource(
    group="web.example.com",
    version="v1",
    storage=True,
    short_names=["ws"],
    columns=[Column("Children", ".status.children")],
)
class Website(Resource[WebsiteSpec, WebsiteStatus]): ...


@op.validate(Website)
def host_is_immutable(new: Website, old: Website | None) -> None:
    if old and new.spec.host != old.spec.host:
        raise Invalid("spec.host", "is immutable")


def sites_of(secret: Secret) -> Iterable[ObjectKey]:
    return [ObjectKey(secret.metadata.namespace, secret.metadata.name)]


@op.reconcile(Website, owns=[ConfigMap], watches={Secret: sites_of}, workers=4)
async def reconcile(site: Website, ctx: Context) -> Requeue | None:
    await ctx.apply(ConfigMap(metadata=ObjectMeta(name=site.metadata.name), data={"image": site.spec.image}))
    if site.spec.theme:
        theme = ConfigMap(metadata=ObjectMeta(name=f"{site.metadata.name}-theme"), data={"theme": site.spec.theme})
        await ctx.apply(theme)
    await ctx.prune()
    site.status.children = len(await ctx.list(ConfigMap))
    ctx.condition("Ready", True, reason="Applied")
    return None


@op.finalize(Website)
def clean_up(site: Website, ctx: BlockingContext) -> None:
    ctx.client.create(ConfigMap(metadata=ObjectMeta(name="obituary", namespace="default")))


def website(name: str, spec: WebsiteSpec) -> Website:
    return Website(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


@asynccontextmanager
async def running() -> AsyncIterator[Client]:
    """The operator runs; yields a user's client."""
    async with api_server() as server:
        client, stop = server.client(), asyncio.Event()
        await op.install(client)
        await op.check(client)
        manager = Manager(client, op.name, health_address="0", metrics_address="0")
        op.add_to(manager)
        task = asyncio.ensure_future(manager.run(stop))
        yield server.client()
        stop.set()
        await task


async def wait_for_config_maps(user: Client, *names: str) -> None:
    async with asyncio.timeout(5), user.watch(ConfigMap, namespace="default") as events:
        found: set[str] = set()
        async for event in events:
            name = event.object.metadata.name
            (found.discard if event.type == "DELETED" else found.add)(name)
            if found == set(names):
                return


async def wait_for_ready(user: Client, name: str) -> Website:
    async with asyncio.timeout(5), user.watch(Website, field_selector={"metadata.name": name}) as events:
        async for event in events:
            if event.object.status.conditions:
                return event.object
    raise AssertionError


async def test_a_resource_becomes_its_children_and_status() -> None:
    async with running() as user:
        await user.create(website("blog", WebsiteSpec(theme="dark")))
        site = await wait_for_ready(user, "blog")
        (ready,) = site.status.conditions
        assert (ready.type, ready.status, ready.observed_generation, site.status.children) == ("Ready", "True", 1, 2)
        assert (await user.get(ConfigMap, "blog", "default")).data == {"image": "nginx:1.27"}


async def test_children_follow_the_spec_and_are_repaired_and_pruned() -> None:
    async with running() as user:
        await user.create(website("blog", WebsiteSpec(theme="dark")))
        await wait_for_config_maps(user, "blog", "blog-theme")
        await user.delete(ConfigMap, "blog", "default")
        await wait_for_config_maps(user, "blog", "blog-theme")
        await user.patch(Website, "blog", "default", merge={"spec": {"theme": None}})
        await wait_for_config_maps(user, "blog")


async def test_what_existed_before_the_start_is_reconciled() -> None:
    async with api_server() as server:
        user, client, stop = server.client(), server.client(), asyncio.Event()
        await op.install(client)
        await user.create(website("old", WebsiteSpec()))
        manager = Manager(client, op.name, leader_elect=True, health_address="0", metrics_address="0")
        op.add_to(manager)
        task = asyncio.ensure_future(manager.run(stop))
        await wait_for_ready(user, "old")
        stop.set()
        await task


async def test_a_finalizer_runs_before_the_object_goes() -> None:
    async with running() as user:
        await user.create(website("blog", WebsiteSpec()))
        await wait_for_ready(user, "blog")
        async with asyncio.timeout(5), user.watch(Website) as events:
            await user.delete(Website, "blog", "default")
            async for event in events:
                if event.type == "DELETED":
                    break
        await user.get(ConfigMap, "obituary", "default")


async def test_a_missing_definition_is_said_before_anything_starts() -> None:
    async with api_server() as server:
        with pytest.raises(NotReady, match=r"kind Website .*install its CustomResourceDefinition"):
            await op.check(server.client())
