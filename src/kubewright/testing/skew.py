"""A process whose clock differs from the cluster's: the times in what it reads and writes, moved.

JSON goes in and comes out with every RFC 3339 time shifted by so many seconds.  Reads are moved back by as much as
writes are moved ahead, so the process lives in a time of its own, in which all is well.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping

from kubewright.transport.protocol import Stream

_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?Z")')


def shifted(body: bytes, seconds: float) -> bytes:
    """``body`` with its times moved by whole seconds; one that would leave the calendar stays."""
    span = dt.timedelta(seconds=round(seconds))

    def shift(found: re.Match[bytes]) -> bytes:
        try:
            time = dt.datetime.fromisoformat(found[1].decode()) + span
        except (ValueError, OverflowError):
            return found[0]
        return b'"' + time.isoformat().encode() + found[2]

    return _TIME.sub(shift, body)


class SkewedStream:
    """A watch whose times are moved.  It is cut into whole lines first: a piece may end within a time."""

    def __init__(self, inner: Stream, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    @property
    def status(self) -> int:
        return self._inner.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._inner.headers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = b""
        async for piece in self._inner:
            lines, newline, rest = (rest + piece).rpartition(b"\n")
            if newline:
                yield shifted(lines + newline, self._seconds)
        if rest:
            yield shifted(rest, self._seconds)

    async def read(self) -> bytes:
        return shifted(await self._inner.read(), self._seconds)
