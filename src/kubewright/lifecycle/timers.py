"""Timers: a function called again and again for as long as an object exists and matches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from kubewright.controller import Context, Requeue, TerminalError
from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.matching import Matching
from kubewright.objects import Object, ObjectKey, key


class _Due(NamedTuple):
    uid: str
    generation: int
    time: float


class Timer(Behaviour):
    """Calls ``function`` every ``interval`` seconds, counted from its end.

    :param initial_delay: seconds before the first call, after the object appeared or this process started.
    :param idle: only once the object's spec has not changed for so many seconds.
    :param sharp: count the interval from the call's due time instead; calls that were missed are left out.
    :param clock: monotonic seconds.
    """

    def __init__(
        self,
        function: Function,
        matches: Matching,
        *,
        cls: type[Object],
        interval: float,
        memos: Memos,
        initial_delay: float = 0.0,
        idle: float = 0.0,
        sharp: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._function = function
        self._matches = matches
        self._cls = cls
        self._interval = interval
        self._memos = memos
        self._initial_delay = initial_delay
        self._idle = idle
        self._sharp = sharp
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._due: dict[ObjectKey, _Due] = {}

    async def reconcile(self, obj: Any, ctx: Context) -> Requeue | None:
        if not self._matches(obj):
            self._due.pop(key(obj), None)
            return None
        due, now = self._next(obj), self._clock()
        if now < due.time:
            self._due[key(obj)] = due
            return None if due.time == inf else Requeue(due.time - now)
        self._due[key(obj)] = due
        try:
            outcome = await self._function(obj, ctx, memo=self._memos.of(obj))
        except TerminalError:
            self._due[key(obj)] = due._replace(time=inf)
            raise
        pause = self._interval if outcome is None else outcome.after
        ended = self._clock()
        following = ended + pause
        if self._sharp and outcome is None:
            following = due.time + self._interval * (1 + (ended - due.time) // self._interval)
        self._due[key(obj)] = due._replace(time=following)
        return Requeue(following - ended)

    async def leave(self, key: ObjectKey) -> None:
        self._due.pop(key, None)
        self._memos.forget(self._cls, key)
        self._function.forget(key)

    def _next(self, obj: Object) -> _Due:
        """When the timer is due; a new spec revives one that has failed for good, and starts the idle time again."""
        uid, generation = obj.metadata.uid, obj.metadata.generation
        due, now = self._due.get(key(obj)), self._clock()
        if due is None or due.uid != uid:
            return _Due(uid, generation, now + max(self._initial_delay, self._idle))
        if due.generation == generation:
            return due
        time = now if due.time == inf else due.time
        return _Due(uid, generation, max(time, now + self._idle) if self._idle else time)
