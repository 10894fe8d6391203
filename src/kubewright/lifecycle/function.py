"""A user's function as the behaviours call it: arguments by name, in a thread if it is a plain one, tries counted.

An object and its context go in; the function's answer comes out, or the exception that says what to do next.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kubewright.controller import BlockingContext, Context, Requeue, Retry, TerminalError
from kubewright.controller.blocking import Waiter, run_in_thread
from kubewright.controller.isolation import stray_cancellations_as_errors
from kubewright.lifecycle.arguments import CONTEXT_NAMES, Arguments
from kubewright.objects import Object, ObjectKey, key


class Function:
    """One declared function.

    :param names: of the arguments on offer beside those of object and context.
    :param retries: how many failed calls in a row an object gets before the failure counts as terminal; None: any.
    :param timeout: seconds after which a call is cancelled and counts as failed; None: never.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        cls: type[Object],
        *,
        names: Collection[str] = (),
        retries: int | None = None,
        timeout: float | None = None,
    ) -> None:
        self.user_function = function
        self.is_async = inspect.iscoroutinefunction(function)
        self._arguments = Arguments(function, cls, (*CONTEXT_NAMES, *names))
        self._retries = retries
        self._timeout = timeout
        self._failures: dict[ObjectKey, int] = {}

    def fresh(self) -> Function:
        """The same function, without what was counted: for another run."""
        other = copy.copy(self)
        other._failures = {}
        return other

    async def __call__(self, obj: Object, ctx: Context, **extra: object) -> Requeue | None:
        """
        :raises Retry: not done yet; a returned ``Requeue`` says the same.
        :raises TerminalError: it cannot be done, or was tried often enough.
        """
        try:
            with stray_cancellations_as_errors():
                outcome = await self._call_in_time(obj, ctx, extra)
        except (Retry, TerminalError):
            raise
        except Exception as error:
            self._count_failure(key(obj), error)
            raise
        self.forget(key(obj))
        if not isinstance(outcome, Requeue | None):
            # Not tried again: it has done its work, which must not be done over and over.
            name = self.user_function.__name__
            raise TerminalError(
                f"{name} returns None or a Requeue, not {outcome!r}: what it has found out belongs in the status"
            )
        return outcome

    def forget(self, key: ObjectKey) -> None:
        """The object's next failure is its first."""
        self._failures.pop(key, None)

    async def _call_in_time(self, obj: Object, ctx: Context, extra: dict[str, object]) -> Any:
        deadline = asyncio.timeout(self._timeout)
        try:
            async with deadline:
                return await self._call(obj, ctx, extra)
        except TimeoutError as error:
            if deadline.expired():
                name = self.user_function.__name__
                raise TimeoutError(f"{name} took longer than {self._timeout:g} s") from error.__cause__
            raise

    async def _call(self, obj: Object, ctx: Context, extra: dict[str, object]) -> Any:
        if self.is_async:
            return await self.user_function(**self._arguments.of(obj, ctx, **extra))
        waiter = Waiter(asyncio.get_running_loop())
        values = self._arguments.of(obj, BlockingContext(ctx, waiter), **extra)
        # A thread for each call: those of daemons live as long as their objects, and must not run out.
        with ThreadPoolExecutor(1, thread_name_prefix=self.user_function.__name__) as thread:
            return await run_in_thread(thread, waiter, lambda: self.user_function(**values))

    def _count_failure(self, key: ObjectKey, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if self._retries is not None and failures > self._retries:
            self.forget(key)
            raise TerminalError(f"given up after {failures} tries: {error}") from error
