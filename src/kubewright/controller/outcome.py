"""How a reconcile ends, other than well: asking to be called again by return or by exception, or failing for good."""

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


class Retry(Exception):
    """Raised from anywhere below a reconciler that has to wait for something: logged in one line, and no error.

    :param reason: what it waits for, for the log.
    :param after: in how many seconds (or a ``timedelta``) to look again.
    """

    def __init__(self, reason: str = "", *, after: float | dt.timedelta) -> None:
        super().__init__(reason or "not yet")
        self.requeue = Requeue(after)


class TerminalError(Exception):
    """Raised by a reconciler that cannot get further until the object changes: logged and counted, not tried again."""
