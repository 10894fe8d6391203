from __future__ import annotations

import sys
import threading

import pytest

from kubewright.manager.profiling import folded, profile_route, sample


def test_a_stack_is_folded_from_the_outermost_call() -> None:
    def inner() -> str:
        return folded(sys._getframe(), "MainThread")

    stack = inner().split(";")
    assert stack[0] == "MainThread"
    assert stack[-1].endswith("test_a_stack_is_folded_from_the_outermost_call.<locals>.inner")


def test_other_threads_are_seen() -> None:
    done = threading.Event()
    waiting = threading.Thread(target=done.wait, name="waiting")
    waiting.start()
    try:
        stacks = sample(0.0)
    finally:
        done.set()
        waiting.join()
    assert any(stack.startswith("waiting;") and "wait" in stack for stack in stacks)


@pytest.mark.parametrize(("seconds", "status"), [("0", 200), ("x", 400), ("-1", 400), ("61", 400)])
async def test_a_profile_is_asked_for_by_seconds(seconds: str, status: int) -> None:
    answer = await profile_route("profile", {"seconds": [seconds]}, "")
    assert answer[0] == status
    if status == 200:
        assert all(line.rpartition(b" ")[2].isdigit() for line in answer[2].splitlines())
