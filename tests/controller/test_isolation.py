from __future__ import annotations

import asyncio

import pytest

from kubewright.controller.isolation import stray_cancellations_as_errors


async def guarded(wait_for: asyncio.Future[None], begun: asyncio.Event) -> None:
    with stray_cancellations_as_errors():
        begun.set()
        await wait_for


async def test_a_cancellation_from_within_is_an_error() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    with pytest.raises(RuntimeError, match="something that it waited for was cancelled"):
        await asyncio.create_task(guarded(future, asyncio.Event()))


async def test_a_cancellation_from_outside_stays_one() -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(guarded(asyncio.get_running_loop().create_future(), begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timeout_around_it_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await guarded(asyncio.get_running_loop().create_future(), asyncio.Event())
