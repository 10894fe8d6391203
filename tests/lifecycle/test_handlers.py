from __future__ import annotations

import asyncio
from typing import Any

from tests.lifecycle.running import Calls, operator, stage
from tests.lifecycle.site import Site, SiteSpec, SiteStatus, site

from kubewright import Context, ObjectMeta, Requeue, Retry, TerminalError
from kubewright.objects.core_v1 import ConfigMap

ANNOTATION = "handled.kubewright.dev/site-operator"


async def test_a_field_is_handled_with_its_old_and_new_value() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    async def host(old: str | None, new: str | None) -> None:
        calls.append((old, new))

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="a")))
        await calls.reach(1)
        await s.change(host="b")
        await calls.reach(2)
        await s.change(host=None)
        await calls.reach(3)
        assert calls == [(None, "a"), ("a", "b"), ("b", None)]


async def test_what_changed_while_no_operator_ran_is_handled_and_nothing_twice() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    def host(old: str | None, new: str | None) -> None:
        calls.append((old, new))

    async with stage() as s:
        async with s.running(op):
            await s.user.create(site(spec=SiteSpec(host="a")))
            await s.user.create(site("shop", spec=SiteSpec(host="x")))
            await s.until(lambda found: ANNOTATION in found.metadata.annotations)
            await s.until(lambda found: ANNOTATION in found.metadata.annotations, "shop")
        await s.change(host="b")
        await s.change(host="c")
        async with s.running(op):
            await calls.reach(3)
            await s.until(lambda found: '"c"' in found.metadata.annotations[ANNOTATION])
        assert sorted(calls[:2], key=str) == [(None, "a"), (None, "x")] and calls[2:] == [("a", "c")]


async def test_what_changes_while_a_handler_runs_is_handled_after_it() -> None:
    op, calls, changed = operator(), Calls(), asyncio.Event()

    @op.on_create(Site)
    async def created(name: str) -> None:
        calls.append(name)
        await changed.wait()

    @op.on_update(Site, "spec.host")
    async def host(old: str | None, new: str | None) -> None:
        calls.append((old, new))

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="a")))
        await calls.reach(1)
        await s.change(host="b")
        changed.set()
        await calls.reach(2)
        assert calls == ["blog", ("a", "b")]


async def test_a_copy_of_an_object_is_a_new_one() -> None:
    op, calls = operator(), Calls()

    @op.on_create(Site)
    async def created(name: str) -> None:
        calls.append(name)

    async with stage() as s, s.running(op):
        await s.user.create(site())
        handled = await s.until(lambda found: ANNOTATION in found.metadata.annotations)
        await s.user.create(site("copy", annotations=handled.metadata.annotations))
        await calls.reach(2)
        assert calls == ["blog", "copy"]


async def test_one_change_costs_one_write_and_other_changes_none() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    async def host(new: str | None) -> None: ...

    @op.on_create(Site)
    async def created(name: str) -> None: ...

    @op.on_resume(Site)
    async def resumed(name: str) -> None: ...

    @op.timer(Site, interval=3600)
    async def witness(spec: SiteSpec) -> None: ...

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="a")))
        await s.until(lambda found: ANNOTATION in found.metadata.annotations)
        await s.change(replicas=2)
        await s.change(host="b")
        handled = await s.until(lambda found: '"b"' in found.metadata.annotations[ANNOTATION])
        assert [write.verb for write in s.writes if write.resource.resource == "sites"] == ["patch", "patch"]
        assert len(handled.metadata.annotations[ANNOTATION]) < 160 and not handled.metadata.finalizers
    assert not calls


async def test_create_and_resume_on_one_function_call_it_once_and_again_after_a_restart() -> None:
    op, calls = operator(), Calls()

    @op.on_resume(Site)
    @op.on_create(Site)
    async def begin(name: str) -> None:
        calls.append(name)

    async with stage() as s:
        async with s.running(op):
            await s.user.create(site())
            await s.until(lambda found: ANNOTATION in found.metadata.annotations)
            assert calls == ["blog"]
        async with s.running(op):
            await calls.reach(2)


async def test_an_update_is_a_change_after_the_first_value() -> None:
    op, calls = operator(), Calls()

    @op.on_update(Site)
    async def updated(old: Any, new: Any) -> None:
        calls.append((old["replicas"], new["replicas"]))

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await s.until(lambda found: ANNOTATION in found.metadata.annotations)
        await s.change(replicas=5)
        await calls.reach(1)
        assert calls == [(1, 5)]


async def test_a_failing_handler_is_tried_again_and_the_others_are_not() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    async def flaky(new: str) -> Requeue | None:
        calls.append("flaky")
        if calls.count("flaky") == 1:
            raise OSError("not reachable")
        if calls.count("flaky") == 2:
            raise Retry("starting", after=0.001)
        return Requeue(after=0.001) if calls.count("flaky") == 3 else None

    @op.on_change(Site, "spec.host")
    async def sound(new: str, status: SiteStatus) -> None:
        calls.append("sound")
        status.message = f"serves {new}"

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="a")))
        done = await s.until(lambda found: "flaky" in found.metadata.annotations.get(ANNOTATION, ""))
        assert (calls.count("flaky"), calls.count("sound"), done.status.message) == (4, 1, "serves a")


async def test_what_failed_for_good_waits_for_the_next_change() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    async def picky(new: str) -> None:
        calls.append(new)
        if new == "bad":
            raise TerminalError("no such host")

    @op.on_create(Site, retries=2)
    async def hopeless() -> None:
        calls.append("try")
        raise ValueError("never")

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="bad")))
        await s.until(lambda found: "hopeless" in found.metadata.annotations.get(ANNOTATION, ""))
        await s.change(host="good")
        await calls.reach(5)
        assert calls == ["bad", "try", "try", "try", "good"]


async def test_deletion_waits_for_its_handlers_and_only_where_they_match() -> None:
    op, calls = operator(), Calls()

    @op.on_delete(Site, labels="keep=yes")
    def clean_up(name: str, attempt: int) -> None:
        calls.append(name)
        if calls.count(name) == 1:
            raise OSError("busy")

    async with stage() as s, s.running(op):
        await s.user.create(site(labels={"keep": "yes"}))
        await s.user.create(site("shop", labels={"keep": "no"}))
        held = await s.until(lambda found: found.metadata.finalizers)
        assert held.metadata.finalizers == ["web.example.com/site-operator.site-handlers"]
        for name in ("blog", "shop"):
            await s.user.delete(Site, name, "default")
        await calls.reach(2)
        await s.gone()
        assert calls == ["blog", "blog"]


async def test_an_object_that_ceases_to_match_loses_the_finalizer() -> None:
    op = operator()

    @op.on_delete(Site, fields={"spec.paused": False})
    async def clean_up() -> None: ...

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await s.until(lambda found: found.metadata.finalizers)
        await s.change(paused=True)
        await s.until(lambda found: not found.metadata.finalizers)


async def test_a_memo_lives_as_long_as_its_object() -> None:
    op, calls = operator(), Calls()

    @op.on_change(Site, "spec.host")
    async def count(memo: dict[str, Any], new: str) -> None:
        memo["count"] = memo.get("count", 0) + 1
        calls.append((new, memo["count"]))

    async with stage() as s, s.running(op):
        for host in ("a", "b"):
            await s.user.create(site(spec=SiteSpec(host=host)))
            await calls.reach(len(calls) + 1)
            await s.change(host=host * 2)
            await calls.reach(len(calls) + 1)
            await s.user.delete(Site, "blog", "default")
        assert calls == [("a", 1), ("aa", 2), ("b", 1), ("bb", 2)]


async def test_a_handler_does_not_prune_what_another_one_has_applied() -> None:
    op, calls = operator(), Calls()

    @op.on_create(Site, owns=[ConfigMap])
    async def make(ctx: Context) -> None:
        await ctx.apply(ConfigMap(metadata=ObjectMeta(name="page")))

    @op.on_update(Site, "spec.host")
    async def host(ctx: Context) -> None:
        calls.append(len(await ctx.prune()))

    async with stage() as s, s.running(op):
        await s.user.create(site(spec=SiteSpec(host="a")))
        await s.until(lambda found: ANNOTATION in found.metadata.annotations)
        await s.change(host="b")
        await calls.reach(1)
        assert calls == [0]
        assert (await s.user.get(ConfigMap, "page", "default")).metadata.uid
