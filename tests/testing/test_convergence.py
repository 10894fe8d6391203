from __future__ import annotations

from typing import Any

import pytest
from tests.examples.loading import load

from kubewright import Context, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.client import Client
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing import NotConverged, verify_convergence

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


async def test_an_operator_that_writes_without_end_is_found() -> None:
    op, Task = operator_of_tasks("restless")

    @op.reconcile(Task)
    async def reconcile(obj: Resource[Spec, TaskStatus], ctx: Context) -> None:
        obj.status.turns += 1

    task = Task(metadata=ObjectMeta(name="a", namespace="default"), spec=Spec())
    with pytest.raises(NotConverged, match="a loop of writes"):
        await verify_convergence(op, [task], timeout=1.0)
