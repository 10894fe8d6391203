from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.virtual_time import run

from kubewright.controller.controller import Controller, SourceNotReady
from kubewright.controller.outcome import Requeue, TerminalError
from kubewright.controller.scope import ReconcileScope, current_reconcile
from kubewright.controller.sources import Channel, Source
from kubewright.workqueue import Cause, Item, WorkQueue

Reconcile = Callable[[Item[str]], Awaitable[Requeue | None]]


@asynccontextmanager
async def running(controller: Controller[str]) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(controller.run(stop, ready.set))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        stop.set()
        await task


def make(reconcile: Reconcile, *, workers: int = 1, timeout: float | None = None) -> Controller[str]:
    queue = WorkQueue[str]("test", clock=asyncio.get_running_loop().time)
    return Controller("test", reconcile, workers=workers, timeout=timeout, queue=queue)


def results(reconcile: Reconcile, *, seconds: float = 60.0, timeout: float | None = None) -> Controller[str]:
    """Reconcile the key ``a`` for so many (virtual) seconds."""

    async def main() -> Controller[str]:
        controller = make(reconcile, timeout=timeout)
        controller.queue.add("a")
        async with running(controller):
            await asyncio.sleep(seconds)
        return controller

    return run(main)


def test_success_forgets_failures() -> None:
    calls: list[float] = []

    async def fail_twice(item: Item[str]) -> None:
        calls.append(asyncio.get_running_loop().time())
        if len(calls) < 3:
            raise RuntimeError("boom")

    controller = results(fail_twice)
    assert [round(later - calls[0], 3) for later in calls] == [0.0, 0.005, 0.015]
    assert (controller.counts.errors, controller.counts.success) == (2, 1)
    assert controller.queue.failures("a") == 0


def test_a_terminal_error_is_counted_and_not_tried_again() -> None:
    async def fail(item: Item[str]) -> None:
        raise TerminalError("spec makes no sense")

    counts = results(fail).counts
    assert (counts.terminal_errors, counts.errors) == (1, 1)


def test_an_outcome_that_is_none_is_an_ordinary_failure() -> None:
    async def thirty(item: Item[str]) -> Any:
        return 30

    controller = results(thirty)
    assert controller.counts.errors > 1
    assert controller.counts.success == 0


def test_a_number_of_seconds_is_told_how_to_be_said(caplog: pytest.LogCaptureFixture) -> None:
    async def thirty(item: Item[str]) -> Any:
        return 30

    results(thirty, seconds=0.001)
    assert caplog.messages[0].endswith("to look again after so many seconds, return Requeue(after=30)")


def test_a_traceback_is_told_once_and_again_when_the_error_is_another(caplog: pytest.LogCaptureFixture) -> None:
    errors = iter(["away", "away", "away", "gone", "gone"])

    async def fail(item: Item[str]) -> None:
        if (text := next(errors, "")) != "":
            raise RuntimeError(text)

    results(fail)
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False, True, False]


def test_something_cancelled_inside_a_reconcile_fails_it_and_leaves_the_worker_alive() -> None:
    calls: list[float] = []

    async def wait_for_what_is_cancelled(item: Item[str]) -> None:
        calls.append(asyncio.get_running_loop().time())
        if len(calls) == 1:
            waited_for = asyncio.ensure_future(asyncio.sleep(10))
            waited_for.cancel()
            await waited_for

    counts = results(wait_for_what_is_cancelled).counts
    assert (counts.errors, counts.success) == (1, 1)


def test_an_object_that_leads_to_itself_over_and_over_is_told_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def spin(seconds: float, *, warn: bool) -> int:
        async def change_itself(item: Item[str]) -> None:
            await asyncio.sleep(0.01)
            controller.queue.add("a", cause=Cause("update", "Website", "a"))

        queue = WorkQueue[str]("test", clock=asyncio.get_running_loop().time)
        controller = Controller("test", change_itself, queue=queue, warn_of_hot_loops=warn)
        controller.queue.add("a")
        async with running(controller):
            await asyncio.sleep(seconds)
        return controller.counts.hot_loops

    assert run(lambda: spin(25.0, warn=True)) == 3
    assert len(caplog.messages) == 1  # a minute later again
    assert "each time because of Website a" in caplog.messages[0]
    assert run(lambda: spin(25.0, warn=False)) == 0


def test_requeue_after_comes_back_then_and_counts_no_failure() -> None:
    async def again(item: Item[str]) -> Requeue:
        return Requeue(after=25)

    controller = results(again)
    assert controller.counts.requeue_after == 3
    assert controller.queue.failures("a") == 0


def test_a_bare_requeue_backs_off() -> None:
    async def again(item: Item[str]) -> Requeue:
        return Requeue()

    assert results(again).counts.requeue == 14


def test_a_retry_keeps_the_priority_and_says_why() -> None:
    seen: list[tuple[int, list[str], int]] = []

    async def fail_once(item: Item[str]) -> None:
        scope = current_reconcile()
        assert scope is not None
        seen.append((item.priority, [cause.event for cause in item.causes], scope.attempt))
        if len(seen) == 1:
            raise RuntimeError("boom")

    async def main() -> None:
        controller = make(fail_once)
        controller.queue.add("a", priority=-100)
        async with running(controller):
            await asyncio.sleep(1)

    run(main)
    assert seen == [(-100, [], 1), (-100, ["retry"], 2)]


def test_a_reconcile_that_takes_too_long_is_cancelled_and_retried() -> None:
    cancelled = 0

    async def hang(item: Item[str]) -> None:
        nonlocal cancelled
        try:
            await asyncio.sleep(1e6)
        except asyncio.CancelledError:
            cancelled += 1
            raise

    controller = results(hang, timeout=20, seconds=20.001)
    assert (cancelled, controller.counts.timeouts) == (1, 1)
    assert controller.counts.errors == 1


def test_a_timeout_inside_the_reconciler_is_an_ordinary_failure() -> None:
    async def fail(item: Item[str]) -> None:
        raise TimeoutError("the database")

    controller = results(fail, timeout=20, seconds=0.001)
    assert (controller.counts.timeouts, controller.counts.errors) == (0, 1)


def test_one_key_is_never_worked_on_twice_at_once_and_workers_run_side_by_side() -> None:
    active: set[str] = set()
    most = 0

    async def work(item: Item[str]) -> None:
        nonlocal most
        assert item.key not in active
        active.add(item.key)
        most = max(most, len(active))
        await asyncio.sleep(1)
        active.remove(item.key)

    async def main() -> Controller[str]:
        controller = make(work, workers=3)
        async with running(controller):
            for _ in range(20):
                for key in "abcde":
                    controller.queue.add(key)
                await asyncio.sleep(0.25)
        return controller

    assert run(main).counts.errors == 0
    assert most == 3


def test_stopping_finishes_what_runs_and_drops_what_waits() -> None:
    done: list[str] = []

    async def work(item: Item[str]) -> None:
        await asyncio.sleep(5)
        done.append(item.key)

    async def main() -> None:
        controller = make(work)
        controller.queue.add("a")
        controller.queue.add("b")
        async with running(controller):
            await asyncio.sleep(1)

    run(main)
    assert done == ["a"]


async def test_each_reconcile_has_its_own_scope() -> None:
    scopes: list[ReconcileScope | None] = []
    both = asyncio.Event()

    async def work(item: Item[str]) -> None:
        scopes.append(current_reconcile())
        if len(scopes) == 2:
            both.set()

    controller = make(work)
    controller.queue.add("a")
    controller.queue.add("b")
    async with running(controller):
        await both.wait()
    first, second = scopes
    assert first is not None and second is not None
    assert (first.controller, first.key, second.key) == ("test", "a", "b")
    assert first.id != second.id
    assert current_reconcile() is None


async def test_reconcilers_that_never_wait_leave_room_for_others() -> None:
    async def nothing(item: Item[str]) -> None:
        controller.queue.add(item.key)

    controller = make(nothing)
    controller.queue.add("a")
    async with running(controller):
        await asyncio.sleep(0.02)
    assert controller.counts.success > 10


def test_a_source_that_does_not_become_ready_is_named() -> None:
    class Silent:
        name = "Website"

        async def run(self, queue: WorkQueue[str], ready: Callable[[], None]) -> None:
            await asyncio.sleep(1e6)

    async def nothing(item: Item[str]) -> None: ...

    async def main() -> None:
        controller = make(nothing)
        source: Source[str] = Silent()
        controller.watch(source)
        async with running(controller):
            pass

    with pytest.raises(SourceNotReady, match="Website has not delivered its initial list within 120 s"):
        run(main)


def test_it_stops_while_a_source_is_not_ready() -> None:
    class Silent:
        name = "Website"

        async def run(self, queue: WorkQueue[str], ready: Callable[[], None]) -> None:
            await asyncio.sleep(1e6)

    async def nothing(item: Item[str]) -> None: ...

    async def main() -> None:
        controller, stop = make(nothing), asyncio.Event()
        source: Source[str] = Silent()
        controller.watch(source)
        task = asyncio.ensure_future(controller.run(stop, lambda: None))
        await asyncio.sleep(1)
        stop.set()
        await asyncio.wait_for(task, 1)

    run(main)


async def test_a_warm_queue_is_filled_before_the_workers_start() -> None:
    keys: asyncio.Queue[str] = asyncio.Queue()

    async def work(item: Item[str]) -> None:
        keys.put_nowait(item.key)

    controller, channel = make(work), Channel[str]("channel")
    controller.watch(channel)
    stop, ready = asyncio.Event(), asyncio.Event()
    warming = asyncio.ensure_future(controller.warm_up(stop, ready.set))
    await ready.wait()
    channel.send("a")
    assert (len(controller.queue), keys.qsize()) == (1, 0)
    working = asyncio.ensure_future(controller.run(stop, lambda: None))
    assert await keys.get() == "a"
    channel.send("b")
    assert await keys.get() == "b"
    stop.set()
    await asyncio.gather(warming, working)


async def test_sources_come_and_go_while_it_runs() -> None:
    keys: asyncio.Queue[str] = asyncio.Queue()

    async def work(item: Item[str]) -> None:
        keys.put_nowait(item.key)

    controller, first, second = make(work), Channel[str]("first"), Channel[str]("second")
    controller.watch(first)
    async with running(controller):
        controller.watch(second)
        second.send("b")
        assert await keys.get() == "b"
        controller.stop_watching(second)
        await asyncio.sleep(0)
        second.send("c")
        first.send("a")
        assert await keys.get() == "a"


async def test_it_describes_what_is_worked_on_and_what_waits_and_why() -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def work(item: Item[str]) -> None:
        begun.set()
        await release.wait()

    controller = make(work)
    controller.queue.add("a", cause=Cause("create", "Site", "a", "7"))
    async with running(controller):
        await begun.wait()
        controller.queue.add("b", cause=Cause("timer", "nightly"))
        described = controller.describe()
        release.set()
    assert (described["workers"], described["active"]) == (1, 1)
    queue = described["queue"]
    assert isinstance(queue, list)
    found = [(one["key"], one["state"], list(one["causes"])) for one in queue]
    assert found == [("a", "processing", ["create Site a@7"]), ("b", "ready", ["timer nightly"])]


async def cancelled() -> None:
    task = asyncio.ensure_future(asyncio.sleep(3600))
    task.cancel()
    await task


def test_a_cancellation_that_comes_from_within_costs_a_retry_and_no_worker() -> None:
    calls: list[str] = []

    async def wait_for_something_that_is_cancelled(item: Item[str]) -> None:
        calls.append(item.key)
        if len(calls) < 3:
            await cancelled()

    controller = results(wait_for_something_that_is_cancelled)
    assert calls == ["a", "a", "a"]
    assert (controller.counts.errors, controller.counts.success) == (2, 1)


async def test_a_source_that_is_cancelled_from_within_ends_the_controller_and_not_in_silence() -> None:
    class Broken(Channel[str]):
        async def run(self, queue: WorkQueue[str], ready: Callable[[], None]) -> None:
            ready()
            await cancelled()

    async def work(item: Item[str]) -> None: ...

    controller = make(work)
    controller.watch(Broken("broken"))
    with pytest.raises(RuntimeError, match="something that it waited for was cancelled"):
        async with asyncio.timeout(5):
            await controller.run(asyncio.Event(), lambda: None)


async def test_it_may_be_run_again_with_the_same_sources() -> None:
    keys: asyncio.Queue[str] = asyncio.Queue()

    async def work(item: Item[str]) -> None:
        keys.put_nowait(item.key)

    controller, channel = make(work), Channel[str]("channel")
    controller.watch(channel)
    for key in ("a", "b"):
        async with running(controller):
            channel.send(key)
            assert await keys.get() == key
        channel.send(f"{key}, while it does not run")
        async with running(controller):
            assert await keys.get() == f"{key}, while it does not run"


def test_a_controller_needs_a_worker() -> None:
    async def nothing(item: Item[str]) -> None: ...

    with pytest.raises(ValueError, match="at least one worker"):
        Controller[str]("test", nothing, workers=0)


@pytest.mark.parametrize("ready_first", [False, True])
async def test_a_source_that_fails_ends_the_controller(ready_first: bool) -> None:
    class Broken:
        name = "broker"

        async def run(self, queue: WorkQueue[str], ready: Callable[[], None]) -> None:
            if ready_first:
                ready()
                await asyncio.sleep(0)
            raise ConnectionError("the broker hung up")

    async def nothing(item: Item[str]) -> None: ...

    controller, source = make(nothing), Broken()
    controller.watch(source)
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionError, match="hung up"):
            await controller.run(asyncio.Event(), lambda: None)


def test_only_success_forgets_failures_a_terminal_error_does_not() -> None:
    outcomes: list[Exception | None] = [RuntimeError(), RuntimeError(), TerminalError("no"), RuntimeError(), None]

    async def fail(item: Item[str]) -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    async def main() -> list[int]:
        controller, failures = make(fail), []
        async with running(controller):
            for _ in range(2):
                controller.queue.add("a")
                await asyncio.sleep(60)
                failures.append(controller.queue.failures("a"))
        return failures

    assert run(main) == [2, 0]
