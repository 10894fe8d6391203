"""Notices when code blocks the event loop, and shows where it is while it does.

A coroutine that computes for long, or waits without ``await``, stops all else in the process: other reconciles,
webhooks, the renewal of the lease.  The loop beats; a thread that misses several beats looks at the loop's thread,
where the culprit can be seen in the act.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from kubewright.manager.user_code import leads_to_user_code

_MISSED = 4
"""Beats in a row without which the loop counts as blocked."""

_QUIET = 240
"""Beats between two complaints about the same place."""

_RUNNERS = ("asyncio/runners.py", "asyncio/base_events.py", "asyncio/events.py")
"""Where a loop's own frames end, and those of what it runs begin."""

logger = logging.getLogger("kubewright.manager")


class LoopWatchdog:
    """Watches the event loop that it runs on, as one of a manager's runnables.

    :param on_blocked: called, from another thread, with the seconds that the loop was blocked.
    :param beat: seconds between two beats.  They are counted, not timed: while the machine sleeps no beat is missed.
    """

    name = "event-loop-watchdog"

    def __init__(self, on_blocked: Callable[[float], None], *, beat: float = 0.25) -> None:
        self._on_blocked = on_blocked
        self._beat = beat
        self._missed = 0
        self._over = threading.Event()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        arguments = (loop, threading.get_ident())
        watching = threading.Thread(target=self._watch, args=arguments, name=self.name, daemon=True)
        watching.start()

        def beat() -> None:  # A bare timer: a task that woke for each would be most of what an idle operator does.
            self._missed = 0
            if not self._over.is_set():
                loop.call_later(self._beat, beat)

        beat()
        ready()
        try:
            await stop.wait()
        finally:
            self._over.set()
            watching.join()

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        told: dict[str, int] = {}
        beats = blocked = 0
        while not self._over.wait(self._beat):
            beats += 1
            self._missed += 1
            if self._missed >= _MISSED:
                if not blocked:
                    self._tell(loop, thread, told, beats)
                blocked = self._missed
            elif blocked:
                self._on_blocked(blocked * self._beat)
                logger.info("the event loop goes on, after %.3g s", blocked * self._beat)
                blocked = 0

    def _tell(self, loop: asyncio.AbstractEventLoop, thread: int, told: dict[str, int], now: int) -> None:
        frames = _what_runs(thread)
        if not frames:
            return
        place = f"{frames[0].name} ({Path(frames[0].filename).name}:{frames[0].lineno})"
        if now < told.get(place, 0):
            return
        told[place] = now + _QUIET
        task = asyncio.current_task(loop)
        logger.warning(
            "%s blocks the event loop in %s, so that nothing else goes on: await what it waits for, or write it as a "
            "plain def, which runs in a thread\n%s",
            task.get_name() if task is not None else "a callback",
            place,
            "".join(traceback.format_list(frames)).rstrip(),
        )


def _what_runs(thread: int) -> traceback.StackSummary:
    """The frames of a loop's thread, outermost first, from where they enter the user's code, if they do."""
    innermost = sys._current_frames().get(thread)
    frames = traceback.StackSummary.extract(traceback.walk_stack(innermost))
    frames.reverse()
    of_loop = [number for number, frame in enumerate(frames) if frame.filename.endswith(_RUNNERS)]
    run = frames[of_loop[-1] + 1 :] if of_loop else frames
    entered = next((number for number, frame in enumerate(run) if not leads_to_user_code(frame.filename)), 0)
    return traceback.StackSummary.from_list(run[entered:])
