"""A profile on demand: what all threads of this process are doing, sampled for some seconds.

Stacks go in as frames; folded stacks come out, one line each with its number of samples: what flamegraph.pl, speedscope
and pyroscope read.  Nothing is slowed down but for the sampling itself, and nothing has to be prepared.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from types import FrameType

from kubewright.manager.endpoints import Query

_RATE = 100
"""Samples a second."""
_LONGEST = 60.0
"""Seconds that one request may ask for."""


def folded(frame: FrameType, thread: str) -> str:
    """``thread;outermost;…;innermost``."""
    calls: list[str] = []
    at: FrameType | None = frame
    while at is not None:
        calls.append(f"{at.f_globals.get('__name__', '?')}.{at.f_code.co_qualname}")
        at = at.f_back
    return ";".join((thread, *reversed(calls)))


def sample(seconds: float) -> Counter[str]:
    """Look at all threads but this one, again and again for so many seconds."""
    me, stacks = threading.get_ident(), Counter[str]()
    until = time.monotonic() + seconds
    while True:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident != me:
                stacks[folded(frame, names.get(ident, str(ident)))] += 1
        if time.monotonic() >= until:
            return stacks
        time.sleep(1 / _RATE)


async def profile_route(rest: str, query: Query, accept: str) -> tuple[int, str, bytes]:
    """``/debug/profile?seconds=5``."""
    text = query.get("seconds", ["5"])[0]
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST:
        return 400, "text/plain", f"seconds={text} is no number from 0 to {_LONGEST:g}\n".encode()
    stacks = await asyncio.to_thread(sample, seconds)
    return 200, "text/plain; charset=utf-8", _lines(stacks.most_common()).encode()


def _lines(stacks: Iterable[tuple[str, int]]) -> str:
    return "".join(f"{stack} {count}\n" for stack, count in stacks)
