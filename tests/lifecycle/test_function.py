from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest
from tests.lifecycle.site import Site, site

from kubewright import Context, Requeue, Retry, TerminalError
from kubewright.lifecycle import Function

NO_CONTEXT = cast("Context", None)  # for functions that ask for nothing of it


async def test_a_failure_counts_as_terminal_after_so_many_retries_and_a_success_starts_anew() -> None:
    outcomes: list[Exception | None] = [OSError(), OSError(), None, OSError(), OSError(), OSError("still busy")]

    async def work(name: str) -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    function = Function(work, Site, retries=2)
    for expected in (OSError, OSError, None, OSError, OSError):
        if expected is None:
            await function(site(), NO_CONTEXT)
        else:
            with pytest.raises(expected):
                await function(site(), NO_CONTEXT)
    with pytest.raises(TerminalError, match="given up after 3 tries: still busy"):
        await function(site(), NO_CONTEXT)


async def test_a_call_that_takes_too_long_is_cancelled_and_counts_as_failed() -> None:
    async def work() -> None:
        await asyncio.get_running_loop().create_future()

    function = Function(work, Site, timeout=0.001, retries=1)
    with pytest.raises(TimeoutError, match=r"work took longer than 0\.001 s"):
        await function(site(), NO_CONTEXT)
    with pytest.raises(TerminalError, match="given up after 2 tries"):
        await function(site(), NO_CONTEXT)


async def test_a_timeout_of_the_function_itself_is_told_as_it_is() -> None:
    async def work() -> None:
        raise TimeoutError("the database is slow")

    with pytest.raises(TimeoutError, match="the database is slow"):
        await Function(work, Site, timeout=60)(site(), NO_CONTEXT)


async def test_what_is_returned_as_to_kopf_is_said_to_be_lost() -> None:
    async def work() -> dict[str, int]:
        return {"seen": 3}

    with pytest.raises(TerminalError, match=r"work returns None or a Requeue, not \{'seen': 3\}: .* the status"):
        await Function(work, Site)(site(), NO_CONTEXT)


async def test_waiting_is_no_failure() -> None:
    async def work() -> Requeue | None:
        raise Retry("soon", after=1)

    function = Function(work, Site, retries=0)
    for _ in range(3):
        with pytest.raises(Retry):
            await function(site(), NO_CONTEXT)


async def test_objects_are_counted_apart_and_runs_too() -> None:
    async def work() -> None:
        raise OSError("busy")

    function = Function(work, Site, retries=1)
    for name in ("a", "b"):
        with pytest.raises(OSError, match="busy"):
            await function(site(name), NO_CONTEXT)
    with pytest.raises(OSError, match="busy"):
        await function.fresh()(site("a"), NO_CONTEXT)
    with pytest.raises(TerminalError):
        await function(site("a"), NO_CONTEXT)


async def test_a_plain_function_runs_in_a_thread() -> None:
    where: list[str] = []

    def work(name: str) -> Requeue:
        where.append(threading.current_thread().name)
        return Requeue(after=3)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kubewright.lifecycle.function.BlockingContext", lambda context, waiter: None)
        outcome = await Function(work, Site)(site(), NO_CONTEXT)
    assert outcome is not None and outcome.after == 3 and where[0].startswith("work")
