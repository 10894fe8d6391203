"""Timers: a function called again and again for as long as an object exists and matches.

When each is due is known to this process only, unless the timer was asked to remember it in an annotation.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from kubewright.controller import Context, Requeue, TerminalError
from kubewright.lifecycle.arguments import per_object
from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.matching import Matching
from kubewright.objects import Object, ObjectKey, key
from kubewright.objects.errors import NotFound


class _Due(NamedTuple):
    uid: str
    generation: int
    at: float


class Timer(Behaviour):
    """Calls ``function`` every ``interval`` seconds, counted from its end.

    :param interval: without end, it is called once for each state of the spec: once that has been ``idle`` for so long.
    :param initial_delay: seconds before the first call, after the object appeared or this process started; or a
        function of the object that tells them, such as one that spreads the calls after a restart.
    :param idle: only once the object's spec has not changed for so many seconds.
    :param sharp: count the interval from the call's due time instead; calls that were missed are left out.
    :param annotation: where the time of the next call is kept: then it counts after a restart of this process, too, up
        to one interval ahead, in place of ``initial_delay``.  "" keeps it nowhere.
    :param clock: monotonic seconds.
    :param wall_clock: seconds since 1970.
    """

    def __init__(
        self,
        function: Function,
        matches: Matching,
        *,
        cls: type[Object],
        interval: float = inf,
        memos: Memos,
        initial_delay: float | Callable[..., float] = 0.0,
        idle: float = 0.0,
        sharp: bool = False,
        annotation: str = "",
        clock: Callable[[], float] | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._function = function
        self._matches = matches
        self._cls = cls
        self._interval = interval
        self._memos = memos
        self._initial_delay = per_object(cls, initial_delay)
        self._idle = idle
        self._sharp = sharp
        self._annotation = annotation
        self._wall_clock = wall_clock
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._due: dict[ObjectKey, _Due] = {}

    async def reconcile(self, obj: Any, ctx: Context) -> Requeue | None:
        if not self._matches(obj):
            self._due.pop(key(obj), None)
            return None
        due, now = self._next(obj), self._clock()
        if now < due.at:
            self._due[key(obj)] = due
            return None if due.at == inf else Requeue(due.at - now)
        self._due[key(obj)] = due
        try:
            outcome = await self._function(obj, ctx, memo=self._memos.of(obj))
        except TerminalError:
            self._due[key(obj)] = due._replace(at=inf)
            raise
        pause = self._interval if outcome is None else outcome.after
        ended = self._clock()
        following = ended + pause
        if self._sharp and outcome is None and following < inf:
            following = due.at + self._interval * (1 + (ended - due.at) // self._interval)
        self._due[key(obj)] = due._replace(at=following)
        if following == inf:
            return None
        if self._annotation:
            await self._remember(obj, ctx, self._wall_clock() + following - ended)
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
            return _Due(uid, generation, self._first(obj, now))
        if due.generation == generation:
            return due
        at = now if due.at == inf else due.at
        return _Due(uid, generation, max(at, now + self._idle) if self._idle else at)

    def _first(self, obj: Object, now: float) -> float:
        """When the timer is due that this process does not know yet."""
        remembered = _seconds(obj.metadata.annotations.get(self._annotation, ""))
        if remembered is None:
            return now + max(self._initial_delay(obj), self._idle)
        # A clock that was wrong once must not stop a timer for longer than its interval.
        return now + max(self._idle, min(self._interval, remembered - self._wall_clock()))

    async def _remember(self, obj: Object, ctx: Context, following: float) -> None:
        # First: a status with a list is written only onto the version that was read.
        await ctx.write_status()
        text = dt.datetime.fromtimestamp(following, dt.UTC).isoformat(timespec="seconds")
        change = {"uid": obj.metadata.uid, "annotations": {self._annotation: text}}
        with contextlib.suppress(NotFound):  # gone meanwhile
            await ctx.client.patch(obj, merge={"metadata": change})


def _seconds(text: str) -> float | None:
    """A remembered time as seconds since 1970; one that somebody has damaged counts as absent."""
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
