from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.serving import Server, api_server

from kubewright.cache import Cache
from kubewright.controller import (
    BlockingContext,
    Context,
    EventRecorder,
    ReconcileCancelled,
    ReconcileFunction,
    Reconciler,
    Requeue,
)
from kubewright.objects import Object, ObjectKey, ObjectMeta, OwnerReference
from kubewright.objects.core_v1 import ConfigMap, Namespace, Secret
from kubewright.objects.networking_v1 import (
    Ingress,
    IngressBackend,
    IngressLoadBalancerIngress,
    IngressLoadBalancerStatus,
    IngressServiceBackend,
    IngressSpec,
    ServiceBackendPort,
)
from kubewright.workqueue import Item

KEY = ObjectKey("default", "web")
ITEM = Item(KEY, 0, 0.0)
ADDRESS = IngressLoadBalancerStatus(ingress=[IngressLoadBalancerIngress(ip="10.0.0.1")])
FINALIZER = "networking.k8s.io/test-operator"


def ingress() -> Ingress:
    backend = IngressBackend(service=IngressServiceBackend(name="web", port=ServiceBackendPort(number=80)))
    return Ingress(metadata=ObjectMeta(name="web", namespace="default"), spec=IngressSpec(default_backend=backend))


def config_map(name: str, *, namespace: str = "", **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace), data=data)


class World:
    """A server, an operator's client with its cache, and the requests that this client has sent."""

    def __init__(self, server: Server) -> None:
        self.user = server.client()
        self.client = server.client()
        self.cache = Cache(self.client)
        self.writes: list[str] = []
        self.client.write_observers.append(lambda write: self.writes.append(f"{write.verb} {write.resource.resource}"))
        self.events = EventRecorder(self.client, "test-operator")

    async def create(self) -> None:
        """The user makes the object, and the operator's cache hears of it."""
        await self.user.create(ingress())
        heard = asyncio.Event()
        listening = asyncio.ensure_future(self.cache.informer(Ingress).subscribe(lambda events: heard.set()))
        await asyncio.wait_for(heard.wait(), 5)
        listening.cancel()

    def reconciler(
        self,
        reconcile: ReconcileFunction[Ingress],
        *,
        finalize: ReconcileFunction[Ingress] | None = None,
        owns: Sequence[type[Object]] = (ConfigMap,),
    ) -> Reconciler[Ingress]:
        return Reconciler(
            Ingress,
            reconcile,
            client=self.client,
            cache=self.cache,
            events=self.events,
            field_manager="test-operator",
            finalize=finalize,
            finalizer=FINALIZER,
            owns=owns,
        )


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with api_server() as server:
        subject = World(server)
        subject.cache.informer(Ingress)
        subject.cache.informer(ConfigMap)
        running = asyncio.ensure_future(subject.cache.run())
        await subject.cache.wait_for_sync(5)
        yield subject
        running.cancel()
        await asyncio.wait({running})


async def reconcile_until(reconciler: Reconciler[Ingress], until: Callable[[], Awaitable[bool]]) -> None:
    """Reconcile again and again, as a controller does that sees every change."""
    async with asyncio.timeout(5):
        while not await until():
            await reconciler(ITEM)
            await asyncio.sleep(0.001)


async def test_an_object_that_does_not_exist_needs_nothing() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        raise AssertionError

    async with world() as w:
        assert await w.reconciler(reconcile)(ITEM) is None
        assert w.writes == []


async def test_children_are_applied_with_their_owner_and_only_when_that_changes_something() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        await ctx.apply(config_map("a", colour="blue"))

    async with world() as w:
        reconciler = w.reconciler(reconcile)
        await w.create()
        await reconciler(ITEM)
        child = await w.user.get(ConfigMap, "a", "default")
        assert [(owner.kind, owner.name, owner.controller) for owner in child.metadata.owner_references] == [
            ("Ingress", "web", True)
        ]
        await reconciler(ITEM)
        await reconciler(ITEM)
        assert w.writes == ["apply configmaps"]


async def test_drift_is_undone() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        await ctx.apply(config_map("a", colour="blue"))

    async with world() as w:
        reconciler = w.reconciler(reconcile)
        await w.create()
        await reconciler(ITEM)
        await w.user.patch(ConfigMap, "a", "default", merge={"data": {"colour": "red", "other": "kept"}})

        async def restored() -> bool:
            return (await w.user.get(ConfigMap, "a", "default")).data == {"colour": "blue", "other": "kept"}

        await reconcile_until(reconciler, restored)


async def test_a_child_that_is_no_longer_wanted_is_pruned() -> None:
    wanted = ["a", "b"]

    async def reconcile(obj: Ingress, ctx: Context) -> None:
        for name in wanted:
            await ctx.apply(config_map(name))
        await ctx.prune()

    async with world() as w:
        reconciler = w.reconciler(reconcile)
        await w.create()
        await w.user.create(config_map("somebody-elses", namespace="default"))
        await reconciler(ITEM)
        wanted.remove("b")
        await reconciler(ITEM)
        assert {found.metadata.name for found in await w.user.list(ConfigMap, namespace="default")} == {
            "a",
            "somebody-elses",
        }


async def test_a_changed_status_is_written_as_a_minimal_patch_and_an_unchanged_one_is_not() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        obj.status.load_balancer = ADDRESS

    async with world() as w:
        reconciler = w.reconciler(reconcile)
        await w.create()
        await reconciler(ITEM)
        await reconciler(ITEM)
        assert w.writes == ["patch ingresses"]
        assert (await w.user.get(Ingress, "web", "default")).status.load_balancer == ADDRESS


async def test_what_was_observed_is_written_even_if_the_reconcile_fails() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        obj.status.load_balancer = ADDRESS
        raise RuntimeError("boom")

    async with world() as w:
        await w.create()
        with pytest.raises(RuntimeError, match="boom"):
            await w.reconciler(reconcile)(ITEM)
        assert (await w.user.get(Ingress, "web", "default")).status.load_balancer == ADDRESS


async def test_a_finalizer_is_set_only_where_it_is_needed() -> None:
    async def nothing(obj: Ingress, ctx: Context) -> None: ...

    async with world() as w:
        await w.create()
        await w.reconciler(nothing)(ITEM)
        assert (await w.user.get(Ingress, "web", "default")).metadata.finalizers == []
        await w.reconciler(nothing, finalize=nothing)(ITEM)
        assert (await w.user.get(Ingress, "web", "default")).metadata.finalizers == [FINALIZER]


async def test_deletion_waits_until_the_finalize_function_is_done() -> None:
    outcomes: list[Requeue | None] = [Requeue(after=1), None]

    async def nothing(obj: Ingress, ctx: Context) -> None: ...

    async def finalize(obj: Ingress, ctx: Context) -> Requeue | None:
        return outcomes.pop(0)

    async with world() as w:
        reconciler = w.reconciler(nothing, finalize=finalize)
        await w.create()
        await reconciler(ITEM)
        await w.user.patch(Ingress, "web", "default", merge={"metadata": {"finalizers": [FINALIZER, "other.io/x"]}})
        await w.user.delete(Ingress, "web", "default")

        async def released() -> bool:
            return (await w.user.get(Ingress, "web", "default")).metadata.finalizers == ["other.io/x"]

        await reconcile_until(reconciler, released)
        assert outcomes == []


async def test_a_finalize_function_that_fails_keeps_the_finalizer_and_what_it_observed() -> None:
    async def nothing(obj: Ingress, ctx: Context) -> None: ...

    async def finalize(obj: Ingress, ctx: Context) -> None:
        obj.status.load_balancer = ADDRESS
        raise RuntimeError("the cloud is down")

    async with world() as w:
        reconciler = w.reconciler(nothing, finalize=finalize)
        await w.create()
        await reconciler(ITEM)
        await w.client.delete(Ingress, "web", "default")
        with pytest.raises(RuntimeError, match="the cloud is down"):
            await reconciler(ITEM)
        kept = await w.user.get(Ingress, "web", "default")
        assert kept.metadata.finalizers == [FINALIZER]
        assert kept.status.load_balancer == ADDRESS


async def test_a_plain_function_runs_in_a_thread_with_a_blocking_context() -> None:
    threads: list[str] = []

    def reconcile(obj: Ingress, ctx: BlockingContext) -> Requeue:
        threads.append(threading.current_thread().name)
        ctx.apply(config_map("a"))
        ctx.log.info("%d children", len(ctx.list(ConfigMap)))
        assert ctx.client.get(ConfigMap, "a", "default").metadata.uid
        assert [found.metadata.name for found in ctx.cache.list(Ingress, namespace="default")] == [obj.metadata.name]
        ctx.client.delete_collection(ConfigMap, "default")
        return Requeue(after=7)

    async with world() as w:
        await w.create()
        outcome = await w.reconciler(reconcile)(ITEM)
        assert outcome is not None and outcome.after == 7
        assert threads == ["ingress_0"]


async def test_a_cancelled_thread_keeps_its_key_until_it_has_returned() -> None:
    entered, release = threading.Event(), threading.Event()
    ended: list[str] = []

    def reconcile(obj: Ingress, ctx: BlockingContext) -> None:
        entered.set()
        release.wait(5)
        try:
            ctx.list(ConfigMap)
        except ReconcileCancelled:
            ended.append("cancelled")

    async with world() as w:
        await w.create()
        running = asyncio.ensure_future(w.reconciler(reconcile)(ITEM))
        await asyncio.to_thread(entered.wait, 5)
        running.cancel()
        await asyncio.sleep(0.01)
        assert not running.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert ended == ["cancelled"]


async def test_reads_of_kinds_that_nobody_watches_are_live_and_start_no_watch() -> None:
    found: list[str] = []

    async def reconcile(obj: Ingress, ctx: Context) -> None:
        found.extend(secret.metadata.name for secret in await ctx.list(Secret))
        await ctx.get(Secret, "s")

    async with world() as w:
        await w.create()
        await w.user.create(Secret(metadata=ObjectMeta(name="s", namespace="default")))
        await w.reconciler(reconcile)(ITEM)
        assert found == ["s"]
        assert [informer.target for informer in w.cache.informers] == [Ingress, ConfigMap]


async def test_a_child_in_another_namespace_cannot_be_owned() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        await ctx.apply(config_map("a", namespace="kube-system"))

    async with world() as w:
        await w.create()
        with pytest.raises(ValueError, match=r"cannot own ConfigMap a, which is in namespace kube-system"):
            await w.reconciler(reconcile)(ITEM)


async def test_a_child_outside_of_namespaces_cannot_be_owned_by_one_inside() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        await ctx.apply(Namespace(metadata=ObjectMeta(name="shop")))

    async with world() as w:
        await w.create()
        with pytest.raises(ValueError, match="cannot own Namespace shop"):
            await w.reconciler(reconcile)(ITEM)


async def test_waiting_for_another_object() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        waiting.set()
        found = await ctx.wait_for(ConfigMap, "late", lambda found: found.data.get("ready") == "yes")
        assert found.metadata.name == "late"

    waiting = asyncio.Event()
    async with world() as w:
        await w.create()
        running = asyncio.ensure_future(w.reconciler(reconcile)(ITEM))
        await waiting.wait()
        await w.user.create(config_map("late", namespace="default"))
        await w.user.patch(ConfigMap, "late", "default", merge={"data": {"ready": "yes"}})
        await asyncio.wait_for(running, 5)


async def test_conditions_need_a_place() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        ctx.condition("Ready", True, reason="Done")

    async with world() as w:
        await w.create()
        with pytest.raises(TypeError, match="status of Ingress needs a field"):
            await w.reconciler(reconcile)(ITEM)


async def test_an_orphan_is_adopted_found_by_its_owner_and_released() -> None:
    steps: list[object] = []

    async def reconcile(obj: Ingress, ctx: Context) -> None:
        adopted = await ctx.adopt(await w.user.get(ConfigMap, "orphan", "default"))
        owner = await ctx.owner_of(adopted, Ingress)
        steps.append(owner and owner.metadata.name)
        steps.append(await ctx.owner_of(adopted, Secret))
        released = await ctx.release(adopted)
        steps.append(released.metadata.owner_references)

    async with world() as w:
        await w.create()
        await w.user.create(config_map("orphan", namespace="default"))
        await w.reconciler(reconcile)(ITEM)
        assert steps == ["web", None, []]


async def test_a_child_of_another_controller_cannot_be_adopted() -> None:
    async def reconcile(obj: Ingress, ctx: Context) -> None:
        taken = config_map("taken", namespace="default")
        taken.metadata.owner_references = [
            OwnerReference(api_version="v1", kind="Secret", name="s", uid="u", controller=True)
        ]
        await ctx.adopt(taken)

    async with world() as w:
        await w.create()
        with pytest.raises(ValueError, match="is controlled by Secret s"):
            await w.reconciler(reconcile)(ITEM)
