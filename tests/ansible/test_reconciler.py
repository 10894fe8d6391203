"""The reconciler with plays that are lists of events: what becomes of the object, case by case."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.serving import Server, api_server

from kubewright.ansible.conditions import find
from kubewright.ansible.definitions import crd_of
from kubewright.ansible.events import Event, Stats
from kubewright.ansible.metrics import AnsibleMetrics
from kubewright.ansible.ownership import Owner
from kubewright.ansible.reconciler import PERIOD, VERBOSITY, AnsibleReconciler
from kubewright.ansible.runner import Access, PlayEvents
from kubewright.ansible.watches import DEFAULT_PERIOD, Finalizer, Play, Watch
from kubewright.cache import Cache
from kubewright.cache import Event as ObjectEvent
from kubewright.client import Untyped
from kubewright.controller import EventRecorder, Requeue
from kubewright.manager import install
from kubewright.objects import GroupVersionKind, ObjectKey, Unstructured
from kubewright.objects.core_v1 import Secret
from kubewright.objects.errors import NotFound
from kubewright.objects.time import Duration
from kubewright.workqueue import Item

SITE = GroupVersionKind("web.example.com", "v1", "Site")
KEY = ObjectKey("default", "a")
MAIN, BYE = Play(role="/roles/main"), Play(role="/roles/bye")
GOOD = [Event("ok", "a"), Event("stats", stats=Stats(ok=1, changed=1)), Event("exit")]
BAD = [Event("failed", "a", message="new failure message"), Event("stats", stats=Stats(failures=1)), Event("exit")]


class FakePlayer:
    """Plays nothing; tells prepared events."""

    def __init__(self) -> None:
        self.events: Sequence[Event] = GOOD
        self.played: list[Play] = []
        self.variables: Mapping[str, Any] = {}
        self.verbosity = 0
        self.began = asyncio.Event()
        self.ended = asyncio.Event()
        self.endless = False

    @contextlib.asynccontextmanager
    async def playing(
        self, play: Play, variables: Mapping[str, Any], *, access: Access, verbosity: int = 0
    ) -> AsyncIterator[PlayEvents]:
        self.played.append(play)
        self.variables, self.verbosity = variables, verbosity
        try:
            yield self._happening()
        finally:
            self.ended.set()

    async def _happening(self) -> PlayEvents:
        self.began.set()
        for event in self.events:
            yield event
        if self.endless:
            await asyncio.get_running_loop().create_future()


class World:
    def __init__(self, server: Server) -> None:
        self.client = server.client()
        self.cache = Cache(self.client)
        self.player = FakePlayer()
        self.registry = CollectorRegistry()
        self.metrics = AnsibleMetrics(self.registry)
        self.owners: list[Owner] = []

    def reconciler(self, **fields: Any) -> AnsibleReconciler:
        watch = Watch(**{"kind": SITE, "play": MAIN, "reconcile_period": DEFAULT_PERIOD, **fields})
        return AnsibleReconciler(
            watch,
            self.player,
            client=self.client,
            cache=self.cache,
            events=EventRecorder(self.client, "test"),
            metrics=self.metrics,
            admit=self.admit,
            field_manager="test",
        )

    @contextlib.contextmanager
    def admit(self, owner: Owner) -> Iterator[Access]:
        self.owners.append(owner)
        yield Access("http://127.0.0.1:1", "token", owner.key.namespace)

    async def create(self, *finalizers: str, **annotations: str) -> None:
        metadata = {"name": "a", "namespace": "default", "finalizers": list(finalizers), "annotations": annotations}
        content = {"apiVersion": "web.example.com/v1", "kind": "Site", "metadata": metadata}
        await self.client.create(Unstructured({**content, "spec": {"maxUnavailable": 1}}))
        await self.cache.list(Untyped(SITE))

    async def read(self) -> Unstructured:
        return await self.client.get(Untyped(SITE), "a", "default")

    async def condition(self, type: str) -> tuple[str, str]:
        condition = find((await self.read())["status"], type) or {}
        return condition.get("status", ""), condition.get("message", "")

    async def delete(self) -> None:
        await self.client.delete(Untyped(SITE), "a", "default")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with api_server() as server:
        world = World(server)
        definition = crd_of(Watch(kind=SITE, play=Play(role="/roles/main")))
        await install(world.client, [definition], field_manager="test")
        running = asyncio.create_task(world.cache.run())
        await asyncio.sleep(0)
        yield world
        running.cancel()
        await asyncio.wait({running})


ITEM = Item(KEY, 0, 0.0)


async def test_an_object_that_is_not_there_needs_nothing(world: World) -> None:
    assert await world.reconciler()(ITEM) is None
    assert not world.player.played


async def test_a_play_that_succeeds(world: World) -> None:
    await world.create()
    outcome = await world.reconciler()(ITEM)
    assert isinstance(outcome, Requeue) and outcome.after == DEFAULT_PERIOD.total_seconds()
    assert await world.condition("Running") == ("True", "Awaiting next reconciliation")
    assert await world.condition("Successful") == ("True", "Last reconciliation succeeded")
    assert await world.condition("Failure") == ("False", "")
    assert await world.condition("Ready") == ("True", "Last reconciliation succeeded")
    assert world.player.variables["max_unavailable"] == 1
    assert world.owners == [Owner(SITE, KEY, (await world.read()).metadata.uid)]


async def test_a_play_that_fails_is_tried_again_later_each_time(world: World) -> None:
    await world.create()
    world.player.events = BAD
    outcome = await world.reconciler()(ITEM)
    assert isinstance(outcome, Requeue) and outcome.after == 0
    assert await world.condition("Running") == ("False", "Running reconciliation")
    assert await world.condition("Failure") == ("True", "new failure message")
    assert await world.condition("Ready") == ("False", "new failure message")
    labels = {"GVK": str(SITE), "result": "failed"}
    assert world.registry.get_sample_value("ansible_operator_reconcile_result_total", labels) == 1


async def test_a_play_that_broke_off_has_failed(world: World) -> None:
    await world.create()
    world.player.events = [Event("exit", code=4, text="ERROR: no such role")]
    await world.reconciler()(ITEM)
    assert await world.condition("Failure") == ("True", "the play broke off: ERROR: no such role")


async def test_the_status_is_left_alone_where_it_is_not_managed(world: World) -> None:
    await world.create()
    world.player.events = BAD
    outcome = await world.reconciler(manage_status=False)(ITEM)
    assert isinstance(outcome, Requeue) and outcome.after == 0
    assert find((await world.read()).get("status", default={}), "Running") is None


async def test_a_task_that_asks_for_the_next_reconcile_still_leads_to_a_status(world: World) -> None:
    await world.create()
    world.player.events = [Event("ok", action="requeue_after", period="30s"), *GOOD]
    outcome = await world.reconciler()(ITEM)
    assert isinstance(outcome, Requeue) and outcome.after == 30
    assert await world.condition("Successful") == ("True", "Last reconciliation succeeded")


async def test_the_objects_annotations_go_before_the_watch(world: World) -> None:
    await world.create(**{PERIOD: "3s", VERBOSITY: "5"})
    outcome = await world.reconciler()(ITEM)
    assert isinstance(outcome, Requeue) and outcome.after == 3
    assert world.player.verbosity == 5


async def test_a_period_that_is_none_is_told_in_the_status(world: World) -> None:
    await world.create(**{PERIOD: "soon"})
    await world.reconciler()(ITEM)
    status, message = await world.condition("Failure")
    assert status == "True" and "Unable to parse reconcile period annotation" in message
    assert not world.player.played


async def test_without_a_period_nothing_comes_by_itself(world: World) -> None:
    await world.create()
    assert await world.reconciler(reconcile_period=None)(ITEM) is None


async def test_an_object_gets_the_finalizer_before_its_play(world: World) -> None:
    await world.create()
    await world.reconciler(finalizer=Finalizer("x.io/f", BYE, {}))(ITEM)
    assert (await world.read()).metadata.finalizers == ["x.io/f"]
    assert world.player.played == [MAIN]


@pytest.mark.parametrize(("play", "played"), [(BYE, BYE), (None, MAIN)])
async def test_a_finalizer_runs_on_deletion_before_the_object_goes(
    world: World, play: Play | None, played: Play
) -> None:
    await world.create("x.io/f")
    await world.delete()
    outcome = await world.reconciler(finalizer=Finalizer("x.io/f", play, {"gone": True}))(ITEM)
    assert outcome is None and world.player.played == [played] and world.player.variables["gone"] is True
    with pytest.raises(NotFound):
        await world.read()


async def test_a_finalizer_that_fails_keeps_the_object(world: World) -> None:
    await world.create("x.io/f")
    await world.delete()
    world.player.events = BAD
    assert await world.reconciler(finalizer=Finalizer("x.io/f", BYE, {}))(ITEM) is not None
    assert (await world.read()).metadata.finalizers == ["x.io/f"]


async def test_an_object_that_goes_without_our_finalizer_is_left_alone(world: World) -> None:
    await world.create("somebody.else/f")
    await world.delete()
    assert await world.reconciler()(ITEM) is None
    assert not world.player.played


async def test_a_run_that_takes_too_long_is_ended(world: World) -> None:
    await world.create()
    world.player.endless = True
    await world.reconciler(timeout=Duration("50ms"))(ITEM)
    assert world.player.ended.is_set()
    assert await world.condition("Failure") == ("True", "role main took longer than 50ms and was killed")


async def test_deleting_an_object_ends_its_run(world: World) -> None:
    await world.create("somebody.else/f")
    world.player.endless = True
    reconciler = world.reconciler()

    def on_events(events: Iterable[ObjectEvent[Any]]) -> None:
        assert {key for event in events for key in reconciler.requests(event)} == {KEY}

    following = asyncio.create_task(world.cache.informer(Untyped(SITE)).subscribe(on_events))
    reconcile = asyncio.create_task(reconciler(ITEM))
    await world.player.began.wait()
    await world.delete()
    assert await reconcile is None
    assert world.player.ended.is_set()
    following.cancel()


async def test_cancelling_a_reconcile_ends_its_run(world: World) -> None:
    await world.create()
    world.player.endless = True
    reconcile = asyncio.create_task(world.reconciler()(ITEM))
    await world.player.began.wait()
    reconcile.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reconcile
    assert world.player.ended.is_set()


async def test_a_kind_without_spec_and_status_can_be_watched_too(world: World) -> None:
    secret = Secret()
    secret.metadata.name, secret.metadata.namespace = "a", "default"
    await world.client.create(secret)
    kind = GroupVersionKind("", "v1", "Secret")
    assert await world.reconciler(kind=kind, manage_status=False)(ITEM) is not None
    assert world.player.variables["__secret"]["metadata"]["name"] == {"__ansible_unsafe": "a"}
