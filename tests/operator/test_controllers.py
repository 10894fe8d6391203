"""What ``op.reconcile`` and ``op.follow`` say of kinds, seen in what is reconciled and cached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.serving import api_server

from kubewright import Context, ObjectKey, ObjectMeta, Operator, Resource, Spec
from kubewright.client import Client
from kubewright.controller import annotations_changed, labels_changed
from kubewright.manager import Manager
from kubewright.objects import MicroTime, owner_reference
from kubewright.objects.coordination_v1 import Lease, LeaseSpec
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.objects.errors import NotFound
from kubewright.objects.selectors import SelectorError


class Seen(asyncio.Queue[str]):
    """The names of what is reconciled, in turn."""

    async def reconcile(self, obj: ConfigMap, ctx: Context) -> None:
        self.put_nowait(obj.metadata.name)

    async def next(self) -> str:
        async with asyncio.timeout(5):
            return await self.get()


@asynccontextmanager
async def running(op: Operator) -> AsyncIterator[tuple[Client, Manager]]:
    async with api_server() as server, op.running(server.client()) as manager:
        yield server.client(), manager


def config(name: str, **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", labels=labels))


async def test_each_watched_kind_has_a_filter_of_its_own() -> None:
    op, seen = Operator("picky"), Seen()

    def config_of(secret: Secret) -> Iterable[ObjectKey]:
        return [ObjectKey("default", f"of-{secret.metadata.name}")]

    op.reconcile(
        ConfigMap,
        watches={Secret: config_of},
        when={ConfigMap: labels_changed, Secret: annotations_changed},
    )(seen.reconcile)
    async with running(op) as (user, _):
        await user.create(config("of-s"))
        assert await seen.next() == "of-s"
        await user.patch(ConfigMap, "of-s", "default", merge={"data": {"a": "b"}})
        await user.create(config("of-other"))
        assert await seen.next() == "of-other"
        await user.create(Secret(metadata=ObjectMeta(name="s", namespace="default")))
        assert await seen.next() == "of-s"
        await user.patch(Secret, "s", "default", merge={"metadata": {"labels": {"a": "b"}}})
        await user.create(Secret(metadata=ObjectMeta(name="other", namespace="default")))
        assert await seen.next() == "of-other"
        await user.patch(Secret, "s", "default", merge={"metadata": {"annotations": {"a": "b"}}})
        assert await seen.next() == "of-s"


def test_a_filter_of_a_kind_that_is_not_watched_is_refused() -> None:
    with pytest.raises(ValueError, match="filters Secret, which is neither in owns= nor in watches="):
        Operator("picky").reconcile(ConfigMap, when={Secret: labels_changed})


async def test_a_kind_may_own_and_be_told_of_objects_of_the_same_kind() -> None:
    op, seen = Operator("family"), Seen()

    def twin(secret: ConfigMap) -> Iterable[ObjectKey]:
        return [ObjectKey("default", "twin")]

    op.reconcile(ConfigMap, owns=[ConfigMap], watches={ConfigMap: twin})(seen.reconcile)
    async with running(op) as (user, _):
        parent = await user.create(config("parent"))
        await user.create(config("twin"))
        while await seen.next() != "twin":
            pass
        child = config("child")
        child.metadata.owner_references = [owner_reference(parent)]
        await user.create(child)
        names = {await seen.next() for _ in range(3)}
        assert names == {"child", "parent", "twin"}


async def test_only_what_is_followed_is_cached_and_reconciled() -> None:
    op, seen = Operator("gold"), Seen()

    def forget_data(plain: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in plain.items() if name != "data"}

    op.follow(ConfigMap, label_selector="tier=gold", field_selector="metadata.name!=hidden", transform=forget_data)
    op.reconcile(ConfigMap)(seen.reconcile)
    async with running(op) as (user, manager):
        await user.create(config("plain"))
        await user.create(config("hidden", tier="gold"))
        shiny = config("shiny", tier="gold")
        shiny.data = {"big": "text"}
        await user.create(shiny)
        assert await seen.next() == "shiny"
        assert (await manager.cache.get(ConfigMap, "shiny", "default")).data == {}
        with pytest.raises(NotFound):
            await manager.cache.get(ConfigMap, "plain", "default")
        assert manager.cache.informer(ConfigMap) is manager.cache.informers[0]
        assert len(await manager.cache.list(ConfigMap)) == 1


async def test_a_kind_that_is_optional_may_be_installed_later() -> None:
    op, definitions = Operator("patient"), Operator("certificates")
    seen: asyncio.Queue[list[str]] = asyncio.Queue()

    @definitions.resource(group="later.example.com", version="v1")
    class Certificate(Resource[Spec, None]): ...

    def config_of(certificate: Certificate) -> Iterable[ObjectKey]:
        return [ObjectKey("default", "a")]

    op.follow(Certificate, optional=True)

    @op.reconcile(ConfigMap, watches={Certificate: config_of})
    async def look(obj: ConfigMap, ctx: Context) -> None:
        seen.put_nowait([found.metadata.name for found in await ctx.list(Certificate)])

    async with running(op) as (user, manager), asyncio.timeout(20):
        await user.create(config("a"))
        assert await seen.get() == []
        assert (await manager.readyz.answer("")).status == 200
        await definitions.install(user)
        await user.create(Certificate(metadata=ObjectMeta(name="c", namespace="default"), spec=Spec()))
        assert await seen.get() == ["c"]


def test_a_selector_that_is_none_is_told_when_it_is_declared() -> None:
    with pytest.raises(SelectorError):
        Operator("gold").follow(ConfigMap, label_selector="tier in gold")


def test_how_a_kind_is_followed_is_said_once() -> None:
    op = Operator("gold")
    op.follow(ConfigMap, namespaces=["a"])
    with pytest.raises(ValueError, match=r"op\.follow\(ConfigMap\) is said twice"):
        op.follow(ConfigMap, namespaces=["b"])


async def test_how_long_failures_rest_is_declared() -> None:
    op, seen = Operator("hasty"), Seen()
    with pytest.raises(ValueError, match="backoff="):
        op.reconcile(ConfigMap, backoff=(5, 1))

    @op.reconcile(ConfigMap, backoff=0.001)
    async def fail(obj: ConfigMap, ctx: Context) -> None:
        await seen.reconcile(obj, ctx)
        raise OSError("busy")

    async with running(op) as (user, _):
        await user.create(config("a"))
        assert {await seen.next() for _ in range(20)} == {"a"}


async def test_what_needs_no_leader_is_reconciled_while_waiting_to_lead() -> None:
    op, seen = Operator("observer"), Seen()
    op.reconcile(ConfigMap, needs_leader=False)(seen.reconcile)
    held = LeaseSpec(holder_identity="another", lease_duration_seconds=3600, renew_time=MicroTime.of(datetime.now(UTC)))
    async with api_server() as server:
        user = server.client()
        await user.create(Lease(metadata=ObjectMeta(name="observer", namespace="default"), spec=held))
        async with op.running(server.client(), leader_elect=True) as manager:
            await user.create(config("a"))
            assert await seen.next() == "a"
            assert not manager.is_leader
