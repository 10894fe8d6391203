"""What keeps a mistake in users' code from being more than a failure of its own key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stray_cancellations_as_errors() -> Iterator[None]:
    """Let a cancellation through only if it was asked of this task.

    One that comes out of something that users' code has awaited would end the task without a word, and with it a
    worker, a source or a daemon.

    :raises RuntimeError: in place of such a cancellation.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("something that it waited for was cancelled") from error
