from __future__ import annotations

import asyncio

import pytest
from tests.virtual_time import run

from kubewright.apiserver.http.time_limit import TimeLimit


async def test_a_block_that_takes_too_long_ends_with_an_error() -> None:
    limit = TimeLimit(0.01)
    with pytest.raises(TimeoutError), limit.block():
        await asyncio.Event().wait()
    assert not limit.begun
    await asyncio.sleep(0)  # The task goes on: nothing is left of the cancellation.


def test_each_block_has_its_own_time() -> None:
    async def main() -> None:
        limit = TimeLimit(0.1)

        async def one() -> float:
            started = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError), limit.block():
                await asyncio.Event().wait()
            return asyncio.get_running_loop().time() - started

        first = asyncio.create_task(one())
        await asyncio.sleep(0.05)
        assert min(await asyncio.gather(first, one())) >= 0.1

    run(main)


def test_a_block_may_give_itself_less_time() -> None:
    async def main() -> None:
        limit = TimeLimit(10)
        with pytest.raises(TimeoutError), limit.block() as block:
            block.shorten(0.01)
            await asyncio.Event().wait()
        with limit.block() as block:
            block.shorten(0.01)
        await asyncio.sleep(0.03)  # What ended before is left alone.

    run(main)


def test_what_is_done_in_time_is_left_alone() -> None:
    async def main() -> None:
        limit = TimeLimit(0.01)
        with limit.block():
            pass
        await asyncio.sleep(0.03)

    run(main)


async def test_another_cancellation_stays_one() -> None:
    async def block() -> None:
        with TimeLimit(10).block():
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_blocks_of_a_later_loop_are_bounded_too() -> None:
    limit = TimeLimit(0.01)

    async def short() -> None:
        with limit.block():
            pass

    async def long() -> None:
        with pytest.raises(TimeoutError), limit.block():
            await asyncio.Event().wait()

    asyncio.run(short())
    asyncio.run(long())
