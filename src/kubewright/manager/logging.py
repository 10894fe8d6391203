"""Log lines for people or for machines, each with the reconcile that it belongs to.

Only the format is ours: everything logs through the standard library, so any other handler works as well.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from types import TracebackType
from typing import Literal, TextIO, TypeAlias

from kubewright.controller.scope import current_reconcile
from kubewright.manager.user_code import from_user_code
from kubewright.manager.write_log import WRITES

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Formatter(logging.Formatter):
    """Begins tracebacks where they enter the user's code."""

    def formatException(self, ei: _Raised) -> str:
        return super().formatException(ei if ei[1] is None else (ei[0], ei[1], from_user_code(ei[2])))


class TextFormatter(_Formatter):
    """``12:00:00.123 INFO  website/default/blog: message``."""

    def format(self, record: logging.LogRecord) -> str:
        time = dt.datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        scope = current_reconcile()
        prefix = f"{scope.controller} {scope.key}: " if scope is not None else ""
        extra = "".join(f" {name}={value!r}" for name, value in _extra(record).items())
        line = f"{time} {record.levelname:<7} {prefix}{record.getMessage().rstrip()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JSONFormatter(_Formatter):
    """One JSON object a line, with the field names that controller-runtime's production logger uses."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "ts": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage().rstrip(),
        }
        scope = current_reconcile()
        if scope is not None:
            entry |= {"controller": scope.controller, "object": scope.key, "reconcileID": scope.id}
            entry["causes"] = [str(cause) for cause in scope.causes]
            if scope.attempt > 1:
                entry["attempt"] = scope.attempt
        entry |= _extra(record)
        if record.exc_info:
            entry["error"] = str(record.exc_info[1])
            entry["stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logging(
    *,
    format: Literal["text", "json"] = "text",
    level: str = "info",
    writes: bool | None = None,
    stream: TextIO = sys.stderr,
) -> None:
    """Send everything that the process logs to ``stream``; what was configured before is replaced.

    Python's warnings are logged too: a coroutine that was never awaited is told with the object it was for.

    :param writes: whether each write of a reconcile is told, at level ``info``; by default where people read, in text.
    :raises ValueError: there is no such level.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter() if format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    told = format == "text" if writes is None else writes
    logging.getLogger(WRITES).setLevel(logging.NOTSET if told else logging.WARNING)
    logging.captureWarnings(True)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """What the caller has passed as ``extra=``."""
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
