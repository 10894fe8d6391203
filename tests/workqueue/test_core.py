from __future__ import annotations

from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from kubewright.workqueue.core import MAX_CAUSES, Cause, PriorityQueue

K = TypeVar("K", str, int)


def drain(queue: PriorityQueue[K], now: float = 0.0) -> list[K]:
    keys = []
    while (item := queue.pop(now)) is not None:
        keys.append(item.key)
        queue.done(item.key)
    return keys


def test_keys_come_out_in_order_of_arrival_once_each() -> None:
    queue = PriorityQueue[str]()
    assert [queue.add(key, 0.0) for key in ("a", "b", "a", "c")] == [True, True, False, True]
    assert len(queue) == 3
    assert drain(queue) == ["a", "b", "c"]


def test_higher_priorities_come_first() -> None:
    queue = PriorityQueue[str]()
    for key, priority in [("low", -100), ("a", 0), ("high", 7), ("b", 0)]:
        queue.add(key, 0.0, priority=priority)
    assert drain(queue) == ["high", "a", "b", "low"]


def test_a_raised_priority_moves_a_key_to_the_end_of_its_new_lane_and_is_never_lowered() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0, priority=-100)
    queue.add("b", 0.0)
    queue.add("a", 0.0)
    queue.add("b", 0.0, priority=-100)
    assert len(queue) == 2
    assert drain(queue) == ["b", "a"]


def test_a_key_in_work_is_parked_until_done() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0)
    assert queue.pop(0.0) is not None
    queue.add("a", 0.0)
    queue.add("b", 0.0)
    assert [item.key for item in queue] == ["a", "b"]
    first = queue.pop(0.0)
    assert first is not None and first.key == "b"
    assert queue.pop(0.0) is None
    assert queue.done("a")
    again = queue.pop(0.0)
    assert again is not None and again.key == "a"
    assert not queue.done("a")


def test_a_delayed_key_is_ready_when_due() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 10.0, delay=5.0)
    assert (len(queue), queue.delayed, queue.next_due()) == (0, 1, 15.0)
    assert queue.pop(14.9) is None
    item = queue.pop(15.0)
    assert item is not None and item.added == 15.0


def test_the_earlier_time_wins() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0, delay=5.0)
    queue.add("a", 0.0, delay=2.0)
    queue.add("a", 0.0, delay=9.0)
    assert queue.next_due() == 2.0
    assert drain(queue, 2.0) == ["a"]
    assert queue.next_due() is None


def test_an_immediate_add_overrides_a_delay_and_keeps_the_higher_priority() -> None:
    queue = PriorityQueue[str]()
    queue.add("b", 0.0)
    queue.add("a", 0.0, delay=5.0, priority=3)
    queue.add("a", 0.0)
    assert drain(queue) == ["a", "b"]
    assert queue.delayed == 0


def test_a_delay_does_not_postpone_a_ready_key() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0)
    queue.add("a", 0.0, delay=5.0)
    assert drain(queue) == ["a"]


def test_a_delayed_key_that_becomes_due_in_work_is_parked() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0)
    queue.pop(0.0)
    queue.add("a", 0.0, delay=1.0)
    assert queue.pop(2.0) is None
    assert queue.done("a")
    assert drain(queue, 2.0) == ["a"]


def test_causes_accumulate_up_to_a_bound() -> None:
    queue = PriorityQueue[str]()
    for version in range(MAX_CAUSES + 3):
        queue.add("a", 0.0, cause=Cause("update", "Website", "a", str(version)))
    item = queue.pop(0.0)
    assert item is not None
    assert str(item.causes[0]) == "update Website a@0"
    assert (len(item.causes), item.omitted_causes) == (MAX_CAUSES, 3)


def test_clearing_delayed_keys_leaves_ready_ones() -> None:
    queue = PriorityQueue[str]()
    queue.add("a", 0.0, delay=1.0)
    queue.add("b", 0.0)
    queue.clear_delayed()
    assert ("a" in queue, "b" in queue, queue.delayed) == (False, True, 0)
    queue.clear()
    assert queue.pop(9.0) is None


def test_lanes_of_priorities_no_longer_used_do_not_pile_up() -> None:
    queue = PriorityQueue[str]()
    for priority in range(1000):
        queue.add("a", 0.0, priority=priority)
        drain(queue)
    assert len(queue._lanes) <= 2


operations = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 4), st.integers(-2, 2), st.sampled_from([0.0, 0.0, 1.0, 3.0])),
        st.tuples(st.just("pop"), st.just(0), st.just(0), st.just(0.0)),
        st.tuples(st.just("done"), st.integers(0, 4), st.just(0), st.just(0.0)),
        st.tuples(st.just("tick"), st.just(0), st.just(0), st.sampled_from([0.5, 1.0, 4.0])),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(operations)
def test_never_twice_at_once_never_lost_highest_priority_kept(steps: list[tuple[str, int, int, float]]) -> None:
    queue = PriorityQueue[int]()
    now, due, priorities, working = 0.0, dict[int, float](), dict[int, int](), set[int]()
    for name, key, priority, seconds in steps:
        if name == "add":
            queue.add(key, now, priority=priority, delay=seconds)
            due[key] = min(due.get(key, 1e9), now + seconds)
            priorities[key] = max(priorities.get(key, priority), priority)
        elif name == "done" and key in working:
            queue.done(key)
            working.remove(key)
        elif name == "tick":
            now += seconds
        elif name == "pop":
            ready = {k for k, time in due.items() if time <= now and k not in working}
            item = queue.pop(now)
            assert (item is None) == (not ready)
            if item is not None:
                assert item.key in ready
                assert (
                    item.priority
                    == priorities.pop(item.key)
                    == max([item.priority, *(priorities[k] for k in ready - {item.key})])
                )
                del due[item.key]
                working.add(item.key)
    for key in working:
        queue.done(key)
    assert sorted(drain(queue, now + 10.0)) == sorted(due)


def test_delayed_keys_come_by_their_times_and_then_by_their_priorities() -> None:
    queue = PriorityQueue[str]()
    queue.add("low", 0.0, priority=-100)
    queue.add("late", 0.0, delay=2.0)
    queue.add("soon", 0.0, delay=1.0)
    queue.add("high", 0.0, delay=1.0, priority=1)
    assert drain(queue, 1.0) == ["high", "soon", "low"]
    assert drain(queue, 2.0) == ["late"]


def test_many_priorities_are_each_a_lane_of_their_own() -> None:
    for delay in (0.0, 1.0):
        queue = PriorityQueue[int]()
        for number in range(500):
            queue.add(number, 0.0, priority=number % 5, delay=delay)
        order = drain(queue, delay)
        assert order == sorted(order, key=lambda number: (-(number % 5), number))
