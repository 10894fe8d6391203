"""Health checks as the kubelet asks for them: ``/healthz`` (is it alive?) and ``/readyz`` (can it do its work?).

Answers are those of ``k8s.io/apiserver/pkg/server/healthz``: plain ``ok``, a list of checks with ``?verbose`` or on
failure, ``?exclude=NAME``, and each check by itself under ``/healthz/NAME``.  Why a check fails is logged, not shown.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

Check: TypeAlias = Callable[[], str | None] | Callable[[], Awaitable[str | None]]
"""Returns why it fails, or None."""

logger = logging.getLogger("kubewright.health")


class Answer(NamedTuple):
    status: int
    text: str


class HealthChecks:
    """The checks of one endpoint."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._checks: dict[str, Check] = {"ping": lambda: None}
        self._told: dict[str, str] = {}

    def add(self, name: str, check: Check) -> None:
        """:raises ValueError: there is a check of that name."""
        if name in self._checks:
            raise ValueError(f"{self.name} has a check named {name} already")
        self._checks[name] = check

    async def answer(self, path: str, *, exclude: frozenset[str] = frozenset(), verbose: bool = False) -> Answer:
        """Run the checks; ``path`` is empty for all of them, or the name of one."""
        if path:
            return await self._one(path)
        lines, failed = [], []
        for name, check in self._checks.items():
            if name in exclude:
                lines.append(f"[+]{name} excluded: ok")
            elif await self._holds(name, check):
                lines.append(f"[+]{name} ok")
            else:
                lines.append(f"[-]{name} failed: reason withheld")
                failed.append(name)
        lines += [f"warn: no checks can be excluded by {name!r}" for name in sorted(exclude - self._checks.keys())]
        if failed:
            return Answer(500, "\n".join([*lines, f"{self.name} check failed\n"]))
        return Answer(200, "\n".join([*lines, f"{self.name} check passed\n"]) if verbose else "ok")

    async def _one(self, name: str) -> Answer:
        check = self._checks.get(name)
        if check is None:
            return Answer(404, f"no check named {name}\n")
        if await self._holds(name, check):
            return Answer(200, "ok")
        return Answer(500, f"internal server error: {name} check failed\n")

    async def _holds(self, name: str, check: Check) -> bool:
        """Run one check.  Probes come every few seconds: what is wrong is logged when it begins and when it changes."""
        reason = check()
        reason = await reason if inspect.isawaitable(reason) else reason
        if reason is None:
            self._told.pop(name, None)
            return True
        if self._told.get(name) != reason:
            logger.warning("%s check %s failed: %s", self.name, name, reason)
            self._told[name] = reason
        return False
