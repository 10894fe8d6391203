"""What a program opens before its controllers run and closes after them: a session, an index, a health check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager


class Lifespan:
    """One context, entered and left by the same task.

    :param name: for logs.
    :param enter: makes it.
    """

    def __init__(self, name: str, enter: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self.name = name
        self._enter = enter

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        async with self._enter():
            ready()
            await stop.wait()
