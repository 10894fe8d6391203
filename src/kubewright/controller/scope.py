"""Which reconcile the running code belongs to, for log lines, traces and events."""

from __future__ import annotations

import contextvars
from typing import NamedTuple

from kubewright.workqueue import Cause


class ReconcileScope(NamedTuple):
    """One call of a reconciler."""

    controller: str
    key: str
    id: str
    """Unique to this call."""
    attempt: int
    """1, or more after failures."""
    causes: tuple[Cause, ...]
    """The events that led to it, oldest first."""


_current: contextvars.ContextVar[ReconcileScope | None] = contextvars.ContextVar("kubewright_reconcile", default=None)

enter = _current.set
leave = _current.reset


def current_reconcile() -> ReconcileScope | None:
    """The reconcile that this task (or thread) works for, if any."""
    return _current.get()
