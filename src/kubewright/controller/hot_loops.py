"""Notices an object that is reconciled over and over because of one and the same object.

Mostly the reconcile itself changes that object each time: it writes a time or a counter into a status or a child, hears
of its own change, and begins again.  Keys and the causes of their reconciles go in; every so often a cause comes out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

from kubewright.workqueue import Cause

R = TypeVar("R", bound=Hashable)

LIMIT: Final = 100
"""Reconciles of one object, led to by one object, that are too many within `WINDOW`."""

WINDOW: Final = 10.0
"""Seconds."""

_REMEMBERED = 1000
"""Pairs that are counted at a time: where so many objects change, none of them can spin."""


class HotLoops(Generic[R]):
    """Counts for one controller."""

    def __init__(self) -> None:
        self._seen: dict[tuple[R, str, str], int] = {}
        self._since = 0.0

    def note(self, key: R, causes: Iterable[Cause], now: float) -> Cause | None:
        """Count a reconcile that went well; returns the cause that has led to too many of ``key``, once a window."""
        if now - self._since >= WINDOW or len(self._seen) >= _REMEMBERED:
            self._seen.clear()
            self._since = now
        hot = None
        for cause in causes:
            if not cause.name:
                continue  # it was asked for: a timer, a retry, a requeue
            pair = (key, cause.kind, cause.name)
            self._seen[pair] = count = self._seen.get(pair, 0) + 1
            if count == LIMIT:
                hot = cause
        return hot
