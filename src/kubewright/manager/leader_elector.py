"""Leader election over a lock: acquire, keep renewing, let go.

:class:`LeaderElector` drives the rules of :mod:`kubewright.manager.election` with the event loop's clock and a
:class:`Lock`, which reads and writes the one shared record.  ``acquire`` returns when we lead, ``hold`` when we have
ceased to.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from kubewright.manager.election import Election, LeaseRecord, Timing
from kubewright.objects.errors import APIError

logger = logging.getLogger("kubewright.leaderelection")

LOCK_ERRORS = (APIError, OSError, TimeoutError)
"""What a lock may fail with: the server refused, could not be reached, or did not answer in time."""


class LeadershipLost(Exception):
    """The lease could not be renewed: somebody else may lead now, so this process has to end at once."""


class Superseded(Exception):
    """Somebody who goes before asked for the lease: the controllers have to end, in good order."""


class Lock(Protocol):
    """The shared record.  Writes carry the version that was read or written last, so only one of two writers wins."""

    @property
    def description(self) -> str:
        """What to look at with kubectl: ``lease kube-system/website-operator``."""

    async def read(self) -> LeaseRecord | None:
        """The record as it is now, or None if there is none yet.

        :raises APIError: the server refused (RBAC, for instance).
        :raises TransportError: it could not be reached.
        """

    async def create(self, record: LeaseRecord) -> None:
        """:raises AlreadyExists: somebody was faster."""

    async def update(self, record: LeaseRecord) -> None:
        """:raises Conflict: somebody has written since we read."""


class LeaderElector:
    """One candidate.

    :param go_before: ask whoever holds the lease to make way.
    :param on_slow_path: called whenever a renewal failed without reading the lease again, which is then done.
    :param on_new_leader: called with the identity whenever another holder is seen, ourselves included.
    """

    def __init__(
        self,
        lock: Lock,
        identity: str,
        *,
        timing: Timing | None = None,
        go_before: bool = False,
        on_new_leader: Callable[[str], None] | None = None,
        on_slow_path: Callable[[], None] | None = None,
    ) -> None:
        self.election = Election(identity, timing)
        self.slow_paths = 0
        self._lock = lock
        self._go_before = go_before
        self._timing = self.election.timing
        self._on_new_leader = on_new_leader
        self._on_slow_path = on_slow_path
        self._reported_leader = ""

    async def acquire(self) -> None:
        """Return once we hold the lease."""
        logger.info("waiting to become leader: %s", self._lock.description)
        await self._until_success(lambda: self._timing.acquire_delay(random.random()))
        logger.info("became leader: %s as %s", self._lock.description, self.election.identity)

    async def hold(self) -> None:
        """Renew until it fails for the whole renew deadline; return when the lease is lost.

        :raises Superseded: we hold it still, and should release it as soon as what it protects has ended.
        """
        while True:
            await asyncio.sleep(self._timing.retry_period)
            try:
                async with asyncio.timeout(self._timing.renew_deadline):
                    await self._until_success(lambda: self._timing.retry_period)
            except TimeoutError:
                logger.error(
                    "lost the lease %s: not renewed for %g s", self._lock.description, self._timing.renew_deadline
                )
                return
            if self.election.is_superseded:
                raise Superseded(f"somebody else asks for the {self._lock.description}")

    async def release(self) -> None:
        """Let the lease go, so that the next candidate need not wait for its end; failing to only costs that time."""
        try:
            async with asyncio.timeout(self._timing.renew_deadline):
                record = await self._lock.read()
                if record is None:
                    return
                self.election.observe(record, self._now())
                farewell = self.election.release(_wall())
                if farewell is not None:
                    await self._lock.update(farewell)
                    self.election.wrote(farewell, self._now())
        except LOCK_ERRORS as error:
            logger.warning("could not release %s: %s", self._lock.description, error)

    def overdue(self) -> float:
        """For how many seconds our own lease has been expired, for the health check."""
        return self.election.overdue(self._now())

    async def _until_success(self, pause: Callable[[], float]) -> None:
        while True:
            if await self._try() or self.election.is_superseded:
                return
            await asyncio.sleep(pause())

    async def _try(self) -> bool:
        """Acquire or renew once; says whether we lead."""
        renewal = self.election.renewal(self._now(), _wall())
        if renewal is not None:
            if await self._write(self._lock.update, renewal):
                return True
            self.slow_paths += 1
            if self._on_slow_path is not None:
                self._on_slow_path()
        return await self._read_and_bid()

    async def _read_and_bid(self) -> bool:
        try:
            async with asyncio.timeout(self._timing.request_timeout):
                record = await self._lock.read()
        except LOCK_ERRORS as error:
            logger.error("could not read %s: %s", self._lock.description, _text(error))
            return False
        now = self._now()
        if record is not None:
            self.election.observe(record, now)
            self._report()
        bid = self.election.bid(now, _wall())
        if bid is None:
            if self._go_before and (claim := self.election.claim(now)) is not None:
                logger.info("asking %s to make way: %s", self.election.leader, self._lock.description)
                await self._write(self._lock.update, claim)
            return False
        return await self._write(self._lock.create if record is None else self._lock.update, bid)

    async def _write(self, write: Callable[[LeaseRecord], Awaitable[None]], record: LeaseRecord) -> bool:
        sent = self._now()
        try:
            async with asyncio.timeout(self._timing.request_timeout):
                await write(record)
        except LOCK_ERRORS as error:
            logger.warning("could not write %s: %s", self._lock.description, _text(error))
            return False
        self.election.wrote(record, sent)
        self._report()
        return True

    def _report(self) -> None:
        leader = self.election.leader
        if leader != self._reported_leader:
            self._reported_leader = leader
            if leader != self.election.identity:
                logger.info("%s is held by %s", self._lock.description, leader or "nobody")
            if self._on_new_leader is not None:
                self._on_new_leader(leader)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _wall() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__
