"""Reconcilers that are plain functions: they run in a thread, with views of context and client that wait.

A view's methods are the coroutine methods themselves, run on the event loop while the thread waits.  A thread can't be
cancelled, so when its reconcile is, the next call through a view raises, and the key stays taken until the function
has returned: one key, one worker.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar

from kubewright.cache import Cache
from kubewright.client import Client

P = ParamSpec("P")
R = TypeVar("R")


class ReconcileCancelled(Exception):
    """The reconcile that this thread works for was cancelled: it took too long, or the process stops."""


class Waiter:
    """Lets one thread wait for coroutines of the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Refuse every further call."""
        self._cancelled.set()

    def wrap(self, method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
        """``method`` as a function that waits for its result."""

        def wait(*args: P.args, **kwargs: P.kwargs) -> R:
            if self._cancelled.is_set():
                raise ReconcileCancelled
            return asyncio.run_coroutine_threadsafe(method(*args, **kwargs), self._loop).result()

        return wait

    def post(self, function: Callable[P, None]) -> Callable[P, None]:
        """``function`` as one that lets the event loop call it, without waiting."""

        def post(*args: P.args, **kwargs: P.kwargs) -> None:
            self._loop.call_soon_threadsafe(lambda: function(*args, **kwargs))

        return post


class BlockingClient:
    """The verbs of :class:`~kubewright.client.Client`, for threads."""

    def __init__(self, client: Client, waiter: Waiter) -> None:
        self.get = waiter.wrap(client.get)
        self.list = waiter.wrap(client.list)
        self.create = waiter.wrap(client.create)
        self.update = waiter.wrap(client.update)
        self.patch = waiter.wrap(client.patch)
        self.apply = waiter.wrap(client.apply)
        self.delete = waiter.wrap(client.delete)
        self.delete_collection = waiter.wrap(client.delete_collection)
        self.get_subresource = waiter.wrap(client.get_subresource)
        self.create_subresource = waiter.wrap(client.create_subresource)
        self.patch_subresource = waiter.wrap(client.patch_subresource)
        self.update_subresource = waiter.wrap(client.update_subresource)


class BlockingCache:
    """The reads of :class:`~kubewright.cache.Cache`, for threads."""

    def __init__(self, cache: Cache, waiter: Waiter) -> None:
        self.get = waiter.wrap(cache.get)
        self.list = waiter.wrap(cache.list)
        self.by_index = waiter.wrap(cache.by_index)


async def run_in_thread(executor: Executor, waiter: Waiter, function: Callable[[], R]) -> R:
    """Run ``function`` in a thread; when cancelled, cancel its view and wait until it has returned."""
    loop = asyncio.get_running_loop()
    running = loop.run_in_executor(executor, contextvars.copy_context().run, function)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        waiter.cancel()
        await asyncio.wait({running})
        raise
