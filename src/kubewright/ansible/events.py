"""What a run tells of itself, and what follows from it.

Events come in as the warm process writes them, one JSON object a line; an `Outcome` goes out once the run has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from kubewright.objects.time import Duration

REQUEUE_ACTIONS = frozenset({"requeue_after", "operator_sdk.util.requeue_after", "kubewright.operator.requeue_after"})


class Stats(msgspec.Struct, frozen=True):
    """How many tasks ended how, over all hosts."""

    ok: int = 0
    changed: int = 0
    skipped: int = 0
    failures: int = 0
    unreachable: int = 0
    rescued: int = 0
    ignored: int = 0


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened in a run."""

    event: Literal["task_start", "ok", "failed", "unreachable", "skipped", "stats", "exit"]
    task: str = ""
    action: str = ""
    """The task's module by its full name."""
    message: str = ""
    """Of a failed task."""
    period: str = ""
    """That ``requeue_after`` asked for."""
    changed: bool = False
    ignored: bool = False
    """The task may fail: ``ignore_errors``."""
    stats: Stats | None = None
    code: int = 0
    """With which the run's process has ended; below zero is the signal that ended it."""
    text: str = ""
    """What a run that was not finished has said last."""


class Outcome(msgspec.Struct, frozen=True):
    """How a run has ended."""

    stats: Stats | None
    """None: it broke off."""
    failures: list[str]
    requeue_after: Duration | None = None
    last_words: str = ""

    @property
    def succeeded(self) -> bool:
        return self.stats is not None and not self.failures

    @property
    def messages(self) -> list[str]:
        """What went wrong."""
        if self.failures or self.stats is not None:
            return self.failures
        return [f"the play broke off: {self.last_words}" if self.last_words else "the play broke off"]


def outcome_of(events: Iterable[Event]) -> Outcome:
    """What the events of a whole run come to.

    Tasks that were rescued have failed only for themselves: when the statistics count none as failed and some as
    rescued, nothing is left to report.

    :raises ValueError: the period that a task asked for is no duration.
    """
    stats: Stats | None = None
    failures: list[str] = []
    requeue_after: Duration | None = None
    last_words = ""
    for event in events:
        if event.event in ("failed", "unreachable") and not event.ignored:
            failures.append(event.message or "unknown playbook failure")
        elif event.event == "stats":
            stats = event.stats or Stats()
        elif event.event == "exit":
            last_words = event.text
        elif event.action in REQUEUE_ACTIONS and event.period:
            requeue_after = Duration.from_plain(event.period)
    if stats is not None and stats.rescued and not stats.failures and not stats.unreachable:
        failures = []
    return Outcome(stats, failures, requeue_after, last_words)


def failure_message(result: dict[str, Any]) -> str:
    """What a failed task's result says went wrong: the items of a loop each for itself."""
    items = [item for item in result.get("results") or () if isinstance(item, dict) and item.get("failed")]
    if items:
        return "; ".join(failure_message(item) for item in items)
    return str(result.get("msg") or result.get("stderr") or "unknown playbook failure")
