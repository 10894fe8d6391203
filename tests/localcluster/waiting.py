"""Waiting for what controllers bring about."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kubewright.objects.errors import NotFound

T = TypeVar("T")


async def eventually(check: Callable[[], Awaitable[T | None]], *, timeout: float = 20.0) -> T:
    """The first true answer of ``check``; what is not there yet counts as no answer."""
    async with asyncio.timeout(timeout):
        while True:
            try:
                if answer := await check():
                    return answer
            except NotFound:
                pass
            await asyncio.sleep(0.02)


async def gone(check: Callable[[], Awaitable[object]], *, timeout: float = 20.0) -> None:
    """Return when ``check`` finds nothing any more."""
    async with asyncio.timeout(timeout):
        while True:
            try:
                await check()
            except NotFound:
                return
            await asyncio.sleep(0.02)
