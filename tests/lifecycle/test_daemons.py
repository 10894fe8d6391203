from __future__ import annotations

import asyncio
import threading

import pytest
from tests.lifecycle.running import Calls, operator, stage
from tests.lifecycle.site import Site, SiteSpec, SiteStatus, site

from kubewright import Context, Requeue, Retry, TerminalError


async def test_a_daemon_lives_as_long_as_its_object() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site)
    async def guard(name: str, uid: str) -> None:
        calls.append(f"+{name}")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            calls.append(f"-{name}")

    async with stage() as s, s.running(op):
        created = await s.user.create(site())
        await calls.reach(1)
        assert not created.metadata.finalizers
        await s.change(replicas=3)
        await s.user.delete(Site, "blog", "default")
        await calls.reach(2)
        await s.user.create(site())
        await calls.reach(3)
        assert calls == ["+blog", "-blog", "+blog"]
    assert calls == ["+blog", "-blog", "+blog", "-blog"]


async def test_it_follows_whether_its_object_matches() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site, fields={"spec.paused": False})
    async def guard(stopped: asyncio.Event) -> None:
        calls.append("+")
        try:
            await stopped.wait()
        finally:
            calls.append("-")

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(1)
        await s.change(paused=True)
        await calls.reach(2)
        await s.change(paused=False)
        await calls.reach(3)
        assert calls == ["+", "-", "+"]


async def test_a_plain_function_is_told_to_stop_and_waited_for() -> None:
    op, calls = operator(), Calls()
    loop = asyncio.get_running_loop()

    @op.daemon(Site, finalizer=True)
    def guard(stopped: threading.Event) -> None:
        loop.call_soon_threadsafe(calls.append, "+")
        stopped.wait()
        loop.call_soon_threadsafe(calls.append, "-")

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(1)
        held = await s.until(lambda found: found.metadata.finalizers)
        assert held.metadata.finalizers == ["web.example.com/site-operator.site-guard"]
        await s.user.delete(Site, "blog", "default")
        await s.gone()
        assert calls == ["+", "-"]


async def test_with_grace_it_may_end_by_itself() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site, grace=5.0)
    async def guard(stopped: asyncio.Event) -> None:
        calls.append("+")
        await stopped.wait()
        calls.append("said goodbye")

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(1)
    assert calls == ["+", "said goodbye"]


@pytest.mark.parametrize("ending", ["requeue", "retry"])
async def test_it_starts_again_if_it_asks_for_it_and_sees_the_object_as_it_is_then(ending: str) -> None:
    op, calls = operator(), Calls()
    changed = asyncio.Event()

    @op.daemon(Site)
    async def guard(spec: SiteSpec, ctx: Context, status: SiteStatus) -> Requeue | None:
        calls.append(spec.replicas)
        if spec.replicas == 5:
            return None
        status.message = "first"
        await ctx.write_status()
        await changed.wait()
        if ending == "retry":
            raise Retry("once more", after=0.001)
        return Requeue(after=0.001)

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await s.until(lambda found: found.status.message == "first")
        await s.change(replicas=5)
        changed.set()
        await calls.reach(2)
        while calls[-1] != 5:
            await calls.reach(len(calls) + 1)


async def test_what_failed_for_good_does_not_start_again() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site)
    async def guard() -> None:
        calls.append("guard")
        raise TerminalError("no")

    @op.on_change(Site, "spec.replicas")
    async def witness(new: int) -> None:
        calls.append(new)

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(2)
        await s.change(replicas=2)
        await calls.reach(3)
        assert calls.count("guard") == 1


async def test_after_a_failure_it_rests_for_as_long_as_it_says() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site, backoff=0.001)
    async def guard() -> None:
        calls.append("+")
        raise OSError("busy")

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(20)


async def test_it_may_begin_later_and_is_not_waited_for_until_then() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site, initial_delay=lambda spec: 0.001 * spec.replicas, grace=3600.0)
    async def guard(name: str, stopped: asyncio.Event) -> None:
        calls.append(name)
        await stopped.wait()

    async with stage() as s:
        async with s.running(op):
            await s.user.create(site("late", spec=SiteSpec(replicas=3_600_000)))
            await s.user.create(site("soon"))
            await calls.reach(1)
        assert calls == ["soon"]


async def test_a_cancellation_from_within_is_a_failure_and_starts_it_again() -> None:
    op, calls = operator(), Calls()

    @op.daemon(Site)
    async def guard(stopped: asyncio.Event) -> None:
        calls.append("+")
        if len(calls) == 1:
            task = asyncio.ensure_future(stopped.wait())
            task.cancel()
            await task
        await stopped.wait()

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await calls.reach(2)
