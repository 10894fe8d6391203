"""How a reconcile ends, other than well: asking to be called again, or failing for good."""

from __future__ import annotations

import datetime as dt


class Requeue:
    """Returned by a reconciler that wants to look again.

    :param after: in how many seconds (or a ``timedelta``).  Without it the key is rate-limited like a failed one,
        though it counts as no error.
    :param priority: of the next reconcile; by default the one that this reconcile had.
    """

    __slots__ = ("after", "priority")

    def __init__(self, after: float | dt.timedelta = 0.0, *, priority: int | None = None) -> None:
        self.after = after.total_seconds() if isinstance(after, dt.timedelta) else float(after)
        self.priority = priority

    def __repr__(self) -> str:
        return f"Requeue(after={self.after:g})"


class TerminalError(Exception):
    """Raised by a reconciler that cannot get further until the object changes: logged and counted, not tried again."""
