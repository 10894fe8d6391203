from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kubewright.manager.loop_watchdog import LoopWatchdog

BEAT = 0.04


@asynccontextmanager
async def watched() -> AsyncIterator[asyncio.Queue[float]]:
    """The seconds that the loop was found blocked."""
    blocked, loop = asyncio.Queue[float](), asyncio.get_running_loop()
    stop, ready = asyncio.Event(), asyncio.Event()

    def found(seconds: float) -> None:
        loop.call_soon_threadsafe(blocked.put_nowait, seconds)

    running = asyncio.create_task(LoopWatchdog(found, beat=BEAT).run(stop, ready.set))
    await ready.wait()
    try:
        yield blocked
    finally:
        stop.set()
        await running


async def block() -> None:
    time.sleep(10 * BEAT)  # noqa: ASYNC251 - the mistake itself


async def test_what_blocks_the_loop_is_shown_in_the_act(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with watched() as blocked, asyncio.timeout(5):
            await asyncio.create_task(block(), name="website/worker-0")
            seconds = await blocked.get()
    warning, end = caplog.messages
    assert warning.startswith("website/worker-0 blocks the event loop in block (test_loop_watchdog.py:")
    assert "time.sleep(10 * BEAT)" in warning.splitlines()[-1]
    assert end.startswith("the event loop goes on, after")
    assert 4 * BEAT <= seconds <= 10 * BEAT


async def test_one_place_is_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    async with watched() as blocked, asyncio.timeout(5):
        for _ in range(2):
            await block()
            await blocked.get()
    assert len(caplog.messages) == 1


async def test_waiting_is_not_blocking(caplog: pytest.LogCaptureFixture) -> None:
    async with watched() as blocked:
        await asyncio.sleep(10 * BEAT)
    assert blocked.empty() and not caplog.messages
