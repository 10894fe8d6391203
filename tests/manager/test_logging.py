from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from kubewright.controller import scope
from kubewright.manager.health import HealthChecks
from kubewright.manager.logging import JSONFormatter, TextFormatter, configure_logging
from kubewright.workqueue import Cause

RECORD = logging.makeLogRecord(
    {"name": "shop", "levelname": "INFO", "msg": "made %d", "args": (3,), "created": 0.5, "size": 7}
)
SCOPE = scope.ReconcileScope("website", "ns/a", "id-1", 2, (Cause("create", "Site", "ns/a", "7"), Cause("retry")))


def test_text_lines_name_the_object_that_is_reconciled() -> None:
    assert TextFormatter().format(RECORD)[12:] == " INFO    made 3 size=7"
    token = scope.enter(SCOPE)
    assert TextFormatter().format(RECORD)[12:] == " INFO    website ns/a: made 3 size=7"
    scope.leave(token)


def test_json_lines_carry_controller_object_and_reconcile() -> None:
    token = scope.enter(SCOPE)
    line = json.loads(JSONFormatter().format(RECORD))
    scope.leave(token)
    assert line == {
        "ts": "1970-01-01T00:00:00.500+00:00",
        "level": "info",
        "logger": "shop",
        "msg": "made 3",
        "controller": "website",
        "object": "ns/a",
        "reconcileID": "id-1",
        "causes": ["create Site ns/a@7", "retry"],
        "attempt": 2,
        "size": 7,
    }


def test_errors_keep_their_traceback() -> None:
    try:
        raise ValueError("boom")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)})
    assert "ValueError: boom" in TextFormatter().format(record)
    line = json.loads(JSONFormatter().format(record))
    assert line["error"] == "boom" and "Traceback" in line["stacktrace"]


async def test_tracebacks_begin_in_the_users_code() -> None:
    def check() -> str:
        raise ValueError("boom")

    checks = HealthChecks("readyz")
    checks.add("mine", check)
    answering = asyncio.ensure_future(checks.answer(""))
    await asyncio.wait({answering})
    error = answering.exception()
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error and error.__traceback__)})
    for formatter in (TextFormatter(), JSONFormatter()):
        assert "in check" in formatter.format(record) and "health.py" not in formatter.format(record)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged, as a process of its own logs it."""
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logging(stream=stream)
        yield stream
        logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_a_coroutine_that_nobody_awaits_is_logged_with_its_object(logged: io.StringIO) -> None:
    async def apply() -> None: ...

    token = scope.enter(SCOPE)
    apply()  # type: ignore[unused-coroutine]
    scope.leave(token)
    line = logged.getvalue()
    assert " WARNING website ns/a: " in line and "was never awaited" in line
    assert not line.endswith("\n\n")
