from __future__ import annotations

import asyncio
import weakref
from collections.abc import Hashable

import pytest

from kubewright.workqueue import Cause, ExponentialBackoff, ShutDown, TokenBucket, WorkQueue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def started(task: asyncio.Task[object]) -> None:
    """Let ``task`` run until it waits."""
    await asyncio.sleep(0)
    assert not task.done()


async def test_a_waiting_worker_is_woken_by_an_add() -> None:
    queue = WorkQueue[str]()
    getter = asyncio.ensure_future(queue.get())
    await started(getter)
    queue.add("a", cause=Cause("create"))
    item = await getter
    assert (item.key, item.causes) == ("a", (Cause("create"),))


async def test_a_delayed_key_wakes_a_worker() -> None:
    queue = WorkQueue[str]()
    getter = asyncio.ensure_future(queue.get())
    await started(getter)
    queue.add_after("late", 60.0)
    queue.add_after("a", 0.001)
    assert (await getter).key == "a"
    assert queue.retries == 2
    queue.shut_down()


async def test_keys_due_together_wake_as_many_workers() -> None:
    queue = WorkQueue[str]()
    getters = [asyncio.ensure_future(queue.get()) for _ in range(3)]
    for key in "abc":
        queue.add_after(key, 0.001)
    assert sorted([(await getter).key for getter in getters]) == ["a", "b", "c"]


async def test_a_key_added_while_in_work_comes_back_after_done() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    await queue.get()
    queue.add("a")
    getter = asyncio.ensure_future(queue.get())
    await started(getter)
    queue.done("a")
    assert (await getter).key == "a"


async def test_a_wake_up_lost_to_cancellation_is_passed_on() -> None:
    queue = WorkQueue[str]()
    first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
    await started(second)
    queue.add("a")
    first.cancel()
    assert (await second).key == "a"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_cancelled_worker_is_not_woken() -> None:
    queue = WorkQueue[str]()
    first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
    await started(second)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    queue.add("a")
    assert (await second).key == "a"


async def test_an_add_right_after_a_cancellation_reaches_another_worker() -> None:
    queue = WorkQueue[str]()
    first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
    await started(second)
    first.cancel()
    queue.add("a")
    assert (await second).key == "a"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_failures_back_off_until_forgotten() -> None:
    queue = WorkQueue[str]()
    assert [queue.add_rate_limited("a") for _ in range(3)] == [0.005, 0.01, 0.02]
    assert queue.failures("a") == 3
    queue.forget("a")
    assert queue.add_rate_limited("a") == 0.005
    queue.shut_down()


async def test_the_longer_of_backoff_and_bucket_counts() -> None:
    clock = Clock()
    queue = WorkQueue[str](backoff=ExponentialBackoff(0.001), bucket=TokenBucket(1.0, 1), clock=clock)
    assert [queue.add_rate_limited(key) for key in "ab"] == [0.001, 1.0]
    queue.shut_down()


async def test_shut_down_drops_what_waits_and_releases_the_workers() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    queue.shut_down()
    queue.add("b")
    queue.add_after("c", 1.0)
    with pytest.raises(ShutDown):
        await queue.get()
    assert (len(queue), queue.closed) == (0, True)


async def test_drain_hands_out_what_is_ready_and_waits_for_the_last_done() -> None:
    queue = WorkQueue[str]()
    for key in "ab":
        queue.add(key)
    queue.add_after("never", 60.0)
    await queue.get()
    drained = asyncio.ensure_future(queue.drain())
    await started(drained)
    queue.add("ignored")
    assert (await queue.get()).key == "b"
    queue.done("b")
    await started(drained)
    queue.done("a")
    await drained
    with pytest.raises(ShutDown):
        await queue.get()


async def test_drain_does_not_lose_a_key_added_during_its_work_before_the_drain() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    await queue.get()
    queue.add("a")
    drained = asyncio.ensure_future(queue.drain())
    await started(drained)
    queue.done("a")
    assert (await queue.get()).key == "a"
    queue.done("a")
    await drained


async def test_shut_down_ends_a_drain() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    drained = asyncio.ensure_future(queue.drain())
    await started(drained)
    queue.shut_down()
    await drained


async def test_done_twice_is_an_error() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    await queue.get()
    queue.done("a")
    with pytest.raises(KeyError):
        queue.done("a")


async def test_inspection_says_what_waits_since_when_and_why() -> None:
    clock = Clock()
    queue = WorkQueue[Hashable](clock=clock)
    queue.add("busy")
    await queue.get()
    queue.add("busy", cause=Cause("update", "Website", "busy", "7"))
    queue.add("ready", priority=3)
    queue.add_after("delayed", 5.0, cause=Cause("requeue"))
    clock.now += 2.0
    seen = {(w.key, w.state): (w.seconds, w.priority, w.causes) for w in queue.inspect()}
    assert seen == {
        ("busy", "processing"): (2.0, 0, ()),
        ("busy", "parked"): (2.0, 0, ("update Website busy@7",)),
        ("ready", "ready"): (2.0, 3, ()),
        ("delayed", "delayed"): (3.0, 0, ("requeue",)),
    }
    assert queue.depths() == {0: 1, 3: 1}
    queue.shut_down()


async def test_durations_are_observed() -> None:
    clock = Clock()
    queue = WorkQueue[str](clock=clock)
    queue.add("a")
    clock.now += 2.0
    await queue.get()
    clock.now += 3.0
    assert queue.processing() == [3.0]
    queue.done("a")
    assert (queue.queue_duration.total, queue.work_duration.total) == (2.0, 3.0)


async def test_only_what_is_ready_counts_as_depth() -> None:
    clock = Clock()
    queue = WorkQueue[str](clock=clock)
    queue.add_after("a", 60.0)
    queue.add_after("b", 60.0, priority=-100)
    queue.add("c")
    assert (len(queue), queue.depths(), queue.adds, queue.retries) == (1, {0: 1}, 3, 2)
    queue.add("a", priority=5)  # ready at once, and more urgent
    assert (len(queue), queue.depths(), queue.adds) == (2, {0: 1, 5: 1}, 3)
    clock.now += 60.0
    assert [(await queue.get()).key for _ in range(3)] == ["a", "c", "b"]
    assert (len(queue), queue.depths()) == (0, {})
    queue.shut_down()


async def test_a_key_that_was_due_and_is_added_again_counts_once() -> None:
    clock = Clock()
    queue = WorkQueue[str](clock=clock)
    queue.add_after("a", 1.0)
    clock.now += 1.0
    queue.add("a")
    assert (len(queue), queue.adds) == (1, 1)
    assert (await queue.get()).key == "a"
    assert len(queue) == 0


async def test_rate_limited_keys_wait_each_for_itself() -> None:
    queue = WorkQueue[str](clock=Clock())
    for _ in range(7):
        queue.add_rate_limited("failing")
    assert queue.add_rate_limited("fresh") == pytest.approx(0.005)
    assert queue.add_rate_limited("failing") == pytest.approx(0.64)
    assert (queue.failures("fresh"), queue.failures("failing")) == (1, 8)
    queue.shut_down()


async def test_what_comes_after_the_shut_down_is_ignored() -> None:
    queue = WorkQueue[str]()
    queue.add("a")
    queue.shut_down()
    queue.shut_down()
    queue.add("b")
    queue.add_after("c", 0.001)
    assert queue.add_rate_limited("d") > 0
    with pytest.raises(ShutDown):
        await queue.get()


async def test_nothing_is_kept_of_a_key_that_did_well() -> None:
    class Key:
        pass

    queue, key = WorkQueue[Key](), Key()
    gone = weakref.ref(key)
    queue.add(key)
    queue.add_after(key, 60.0)
    queue.done((await queue.get()).key)
    queue.add_rate_limited(key)
    queue.forget(key)
    queue.add(key)
    queue.done((await queue.get()).key)
    del key
    assert gone() is None
    queue.shut_down()
