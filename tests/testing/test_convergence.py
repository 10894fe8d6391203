from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import Any

import pytest
from tests.examples.loading import load

from kubewright import Context, Invalid, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.client import Client
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.errors import APIError
from kubewright.testing import NotConverged, verify_convergence
from kubewright.testing.convergence import DISTURBANCES

website: Any = load("website")


class TaskStatus(Status):
    phase: str = ""
    turns: int = 0


def operator_of_tasks(name: str) -> tuple[Operator, type[Resource[Spec, TaskStatus]]]:
    op = Operator(name)

    @op.resource(group=f"{name}.example.com", version="v1", kind="Task")
    class Task(Resource[Spec, TaskStatus]): ...

    return op, Task


async def test_the_website_operator_gets_there_whatever_happens() -> None:
    metadata = ObjectMeta(name="a", namespace="default")
    site = website.Website(metadata=metadata, spec=website.WebsiteSpec(host="a.example.com"))
    verified = await verify_convergence(website.op, [site])
    assert verified.writes >= 7
    assert verified.runs > verified.writes + 10


async def test_an_operator_that_forgets_what_it_was_about_to_do_is_found() -> None:
    op, Task = operator_of_tasks("forgetful")

    @op.reconcile(Task, owns=[ConfigMap])
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        if not obj.status.phase:
            await ctx.client.patch(Task, obj.metadata.name, merge={"status": {"phase": "Begun"}}, subresource="status")
            await ctx.apply(ConfigMap(metadata=ObjectMeta(name=obj.metadata.name)))

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    with pytest.raises(NotConverged, match=r"death before write 2 (.|\n)*ConfigMap default/a"):
        await verify_convergence(op, [task], disturbances={}, timeout=1.5)


async def test_what_users_do_meanwhile_is_part_of_it() -> None:
    op, Task = operator_of_tasks("diligent")

    @op.reconcile(Task, owns=[ConfigMap])
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        await ctx.apply(ConfigMap(metadata=ObjectMeta(name=obj.metadata.name), data=dict(obj.metadata.labels)))
        obj.status.phase = "Done"

    async def label(user: Client) -> None:
        await user.patch(Task, "a", "default", merge={"metadata": {"labels": {"tier": "web"}}})

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    verified = await verify_convergence(op, [task], steps=[label], disturbances={})
    assert verified == (3, 4)


async def test_webhooks_take_part() -> None:
    op, Task = operator_of_tasks("strict")

    @op.default(Task)
    def label(obj: Resource[Spec, TaskStatus]) -> None:
        obj.metadata.labels.setdefault("tier", "web")

    @op.validate(Task)
    def keep_the_label(new: Resource[Spec, TaskStatus], old: Resource[Spec, TaskStatus] | None) -> None:
        if old and new.metadata.labels != old.metadata.labels:
            raise Invalid("metadata.labels", "are immutable")

    @op.reconcile(Task, owns=[ConfigMap])
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        await ctx.apply(
            ConfigMap(metadata=ObjectMeta(name=obj.metadata.name), data={"tier": obj.metadata.labels["tier"]})
        )

    async def relabel(user: Client) -> None:
        assert (await user.get(ConfigMap, "a", "default")).data == {"tier": "web"}
        with pytest.raises(APIError, match="immutable"):
            await user.patch(Task, "a", "default", merge={"metadata": {"labels": {"tier": "db"}}})

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    verified = await verify_convergence(op, [task], steps=[relabel], disturbances={})
    assert verified.runs == verified.writes + 1


class Buckets:
    """Something outside the cluster that an operator manages."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def make(self, name: str = "") -> str:
        name = name or f"bucket-{len(self.names) + 1}"
        self.names.add(name)
        return name


async def test_what_is_made_outside_the_cluster_comes_and_goes_with_its_object() -> None:
    op, Task = operator_of_tasks("tidy")
    buckets = Buckets()

    @op.reconcile(Task)
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        obj.status.phase = buckets.make(f"of-{obj.metadata.name}")

    @op.finalize(Task)
    async def finalize(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        buckets.names.discard(f"of-{obj.metadata.name}")

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    some = {name: DISTURBANCES[name] for name in ("lost answers", "conflicts", "stale lists")}
    verified = await verify_convergence(op, [task], disturbances=some, outside=lambda: buckets.names)
    assert verified.writes == 3
    assert not buckets.names


async def test_what_is_left_behind_outside_the_cluster_is_found() -> None:
    op, Task = operator_of_tasks("leaky")
    buckets = Buckets()

    @op.reconcile(Task)
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        obj.status.phase = obj.status.phase or buckets.make()  # a name that is lost if the process dies here

    @op.finalize(Task)
    async def finalize(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        buckets.names.discard(obj.status.phase)

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    with pytest.raises(NotConverged, match=r"death before write \d (.|\n)*the cluster: \d instead of 1"):
        await verify_convergence(op, [task], disturbances={}, timeout=1.0, outside=lambda: len(buckets.names))


async def test_an_operator_that_writes_without_end_is_found() -> None:
    op, Task = operator_of_tasks("restless")

    @op.reconcile(Task)
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        obj.status.turns += 1

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    with pytest.raises(NotConverged, match="a loop of writes"):
        await verify_convergence(op, [task], timeout=1.0)


async def test_an_operator_that_compares_its_clock_with_the_servers_is_found() -> None:
    op, Task = operator_of_tasks("punctual")

    @op.reconcile(Task)
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        created = obj.metadata.creation_timestamp
        assert created is not None
        obj.status.phase = "Old" if dt.datetime.now(dt.UTC) - created > dt.timedelta(seconds=30) else "New"

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    skewed = {name: made for name, made in DISTURBANCES.items() if "clock" in name}
    with pytest.raises(NotConverged, match=r"a clock that is a minute ahead(.|\n)*phase"):
        await verify_convergence(op, [task], disturbances=skewed, crashes=False, timeout=1.0)


async def test_who_loses_its_lease_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    op, Task = operator_of_tasks("deposed")

    @op.reconcile(Task, owns=[ConfigMap])
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        await ctx.apply(ConfigMap(metadata=ObjectMeta(name=obj.metadata.name), data=dict(obj.metadata.labels)))

    async def label_when_it_is_lost(user: Client) -> None:
        if disturbed:
            await lost.wait()
        disturbed.append("from now on")
        await user.patch(Task, "a", "default", merge={"metadata": {"labels": {"tier": "web"}}})

    disturbed: list[str] = []
    lost = asyncio.Event()
    monkeypatch.setattr(logging.getLogger("kubewright.testing"), "info", lambda *_: lost.set())
    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    some = {"a lost lease": DISTURBANCES["a lost lease"]}
    await verify_convergence(op, [task], steps=[label_when_it_is_lost], disturbances=some, crashes=False)
    assert lost.is_set()
