"""A bound on the time of each of many short blocks, at the cost of one timer for all of them.

`asyncio.timeout` sets a timer for each block and takes it back, which is a tenth of what it costs to answer with one
object.  Blocks with the same bound are due in the order in which they began, so a timer for the oldest is enough.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class TimeLimit:
    """Bounds blocks of tasks: ``with limit.block(): ...`` ends with `TimeoutError` when it takes too long.

    :param seconds: how long that is.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun: dict[Block, None] = {}
        """The blocks that are under way, the oldest first."""
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where the timer is set; None while there is none."""

    def block(self) -> Block:
        """A block, to be entered at once."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self.seconds
        if self._loop is not loop:
            self.begun.clear()  # Those of another loop will never go on.
            self._loop = loop
            loop.call_at(due, self._look, loop)
        return Block(self, due)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what is due, and come back when the next one will be."""
        if self._loop is not loop:
            return
        while self.begun:
            oldest = next(iter(self.begun))
            if oldest.due > loop.time():
                loop.call_at(oldest.due, self._look, loop)
                return
            oldest.expire()
        self._loop = None


class Block:
    """One block; what it does with the cancellation is what `asyncio.timeout` does."""

    __slots__ = ("_cancelling", "_expired", "_limit", "_task", "_timer", "due")

    def __init__(self, limit: TimeLimit, due: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only blocks of tasks have a time limit: they are cancelled when it is over")
        self.due = due
        self._limit = limit
        self._task = task
        self._timer: asyncio.TimerHandle | None = None
        self._cancelling = task.cancelling()
        self._expired = False

    def __enter__(self) -> Self:
        self._limit.begun[self] = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._limit.begun.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def shorten(self, seconds: float) -> None:
        """Give this block less time than the others, from now on: it gets a timer of its own."""
        self._timer = asyncio.get_running_loop().call_later(seconds, self.expire)

    def expire(self) -> None:
        """The time is over."""
        if not self._expired:
            self._limit.begun.pop(self, None)
            self._expired = True
            self._task.cancel()
