"""Which events are worth a request: repeats become a series, and floods are cut, without I/O and without a clock.

The rules are those of client-go's ``tools/events``: the second occurrence turns an event into a series, later ones are
counted here and written now and then.  On top comes the spam filter of ``tools/record``: for each object and type a
burst of 25 events, then one every five minutes.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple

from kubewright.workqueue import TokenBucket

REFRESH_AFTER = 30 * 60.0
"""Seconds after which the count of a running series is written again."""
FINISH_AFTER = 6 * 60.0
"""Seconds without an occurrence that end a series."""
_BURST, _REFILL = 25, 1 / 300.0
_CAPACITY = 4096


class EventKey(NamedTuple):
    """Events with the same key are occurrences of one."""

    type: str
    reason: str
    action: str
    regarding: tuple[str, str, str, str]
    """Kind, namespace, name and uid of the object that it is about."""
    related: tuple[str, str, str, str] | None = None
    note: str = ""
    """What was said, where other words make another event."""


class Series:
    """One event that was written, and how often it has occurred."""

    __slots__ = ("count", "last", "name", "namespace", "written", "written_count")

    def __init__(self, name: str, namespace: str, now: float) -> None:
        self.name = name
        self.namespace = namespace
        self.count = 1
        self.last = now
        self.written = now
        self.written_count = 1


Verdict = Literal["create", "update", "count", "drop"]
"""Write a new event; write that it is a series now; just count it; leave it, there were too many."""


class EventCorrelator:
    """Decides over occurrences; remembers the most recent :data:`_CAPACITY` keys."""

    def __init__(self) -> None:
        self._series: OrderedDict[EventKey, Series] = OrderedDict()
        self._buckets: OrderedDict[tuple[object, str], TokenBucket] = OrderedDict()

    def observe(self, key: EventKey, name: str, namespace: str, now: float) -> tuple[Verdict, Series]:
        """An event has occurred; ``name`` is what it would be called if it is new."""
        series = self._series.get(key)
        if series is not None and now - series.last < FINISH_AFTER:
            self._series.move_to_end(key)
            series.count += 1
            series.last = now
            if series.written_count > 1:
                return "count", series
            self._mark_written(series, now)
            return "update", series
        series = Series(name, namespace, now)
        if not self._allowed(key, now):
            return "drop", series
        self._series[key] = series
        _bound(self._series)
        return "create", series

    def due(self, now: float) -> list[Series]:
        """The series whose count has to be written: it has changed, and they have ended or run for long."""
        due = []
        for key, series in list(self._series.items()):
            ended = now - series.last >= FINISH_AFTER
            if series.count > series.written_count and (ended or now - series.written >= REFRESH_AFTER):
                self._mark_written(series, now)
                due.append(series)
            if ended:
                del self._series[key]
        return due

    def forget(self, series: Series) -> None:
        """Its event is not there any more: the next occurrence makes a new one."""
        for key, known in self._series.items():
            if known is series:
                del self._series[key]
                return

    def _allowed(self, key: EventKey, now: float) -> bool:
        spam_key = (key.regarding, key.type)
        bucket = self._buckets.get(spam_key)
        if bucket is None:
            bucket = self._buckets[spam_key] = TokenBucket(_REFILL, _BURST)
            _bound(self._buckets)
        else:
            self._buckets.move_to_end(spam_key)
        return bucket.allow(now)

    @staticmethod
    def _mark_written(series: Series, now: float) -> None:
        series.written = now
        series.written_count = series.count


def _bound(entries: OrderedDict[EventKey, Series] | OrderedDict[tuple[object, str], TokenBucket]) -> None:
    if len(entries) > _CAPACITY:
        entries.popitem(last=False)
