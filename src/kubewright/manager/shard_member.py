"""One replica among those that share keys: keeps its Lease, watches the others', and lets controllers ask.

:class:`ShardMember` drives the rules of :mod:`kubewright.manager.sharding` with the event loop's clock.  Controllers
ask its gates before they queue a key and before they work on it, and hear of keys that have become this replica's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from kubewright.controller.gate import Gate, OnChange
from kubewright.manager.leader_elector import LOCK_ERRORS, LeadershipLost
from kubewright.manager.shard_leases import ShardLeases
from kubewright.manager.sharding import Claim, Shard
from kubewright.objects.errors import NotFound

logger = logging.getLogger("kubewright.sharding")


class ShardLost(LeadershipLost):
    """Our Lease could not be renewed, or is gone: others may have our keys now, so this process has to end at once."""


class ShardMember:
    """Runs among the manager's caches: before the controllers, and until they have finished."""

    name = "shard"

    def __init__(self, shard: Shard, leases: ShardLeases) -> None:
        self.shard = shard
        self.moves = 0
        """How often the members have changed."""
        self._leases = leases
        self._gates: dict[str, ShardGate] = {}
        self._news = asyncio.Event()
        self._swept: set[str] = set()

    def gate(self, controller: str) -> ShardGate:
        """What a controller asks about its keys; for one that is started anew, in the place of the earlier gate."""
        gate = self._gates[controller] = ShardGate(self.shard, controller, self._on_done)
        return gate

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Take part until ``stop`` is set, then say farewell: others need not wait for the end of our Lease.

        :raises ShardLost: and the process must end without writing anything more.
        """
        listening = asyncio.create_task(self._listen(), name="shard/listen")
        try:
            logger.info("joining the replicas that share keys: %s", self._leases.description)
            while not await self._join():
                if await self._pause(stop):
                    return
            ready()
            while not await self._pause(stop):
                await self._turn()
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
        await self._leave()

    def overdue(self) -> float:
        """For how many seconds our Lease may have been expired, for the health check."""
        if not self.shard.has_published:
            return 0.0
        return max(0.0, asyncio.get_running_loop().time() - self.shard.valid_until)

    def describe(self) -> dict[str, object]:
        """The ring and who is in it, for ``/debug``."""
        now = asyncio.get_running_loop().time()
        return {
            "identity": self.shard.identity,
            "ring": self.shard.members,
            "validForSeconds": round(self.shard.valid_until - now, 1),
            "working": sorted(self.shard.working),
            "others": {
                member: {"alive": alive, "ring": record.claim.ring, "held": sorted(record.claim.held)}
                for member, (record, alive) in self.shard.others.items()
            },
        }

    async def _join(self) -> bool:
        joined = await self._look() and await self._publish() and await self._look()
        if joined:
            logger.info("%s shares keys with %d others", self.shard.identity, len(self.shard.members) - 1)
        return joined

    async def _pause(self, stop: asyncio.Event) -> bool:
        """Wait for news, the next renewal, or the expiry of another; True when it is time to stop."""
        now, timing = asyncio.get_running_loop().time(), self.shard.timing
        seconds = min(timing.retry_period, max(timing.retry_period / 10, self.shard.next_expiry() - now))
        waiters = [asyncio.create_task(event.wait()) for event in (stop, self._news)]
        try:
            await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        self._news.clear()
        return stop.is_set()

    async def _turn(self) -> None:
        """Read, write, and read again if others may now do what they might not before."""
        before = self.shard.members
        await self._look()
        stale = self.shard.is_stale
        written = await self._publish()
        if not written and not self.shard.is_valid(asyncio.get_running_loop().time()):
            raise ShardLost(f"not renewed for {self.shard.timing.renew_deadline:g} s: {self._leases.description}")
        if written and stale:
            await self._look()
        if self.shard.members != before:
            self.moves += 1
            logger.info("keys are shared by %s", ", ".join(self.shard.members))

    async def _look(self) -> bool:
        clock = asyncio.get_running_loop().time
        asked = clock()
        try:
            async with asyncio.timeout(self.shard.timing.renew_deadline / 4):
                records = await self._leases.read()
        except LOCK_ERRORS as error:
            logger.error("could not read %s: %s", self._leases.description, str(error) or type(error).__name__)
            return False
        self.shard.observe(records, asked=asked, now=clock())
        await self._sweep()
        for gate in self._gates.values():
            gate.changed()
        return True

    async def _publish(self) -> bool:
        claim = self.shard.propose()
        sent = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self.shard.timing.renew_deadline / 2):
                await self._leases.write(claim)
        except NotFound as error:
            raise ShardLost(f"somebody has deleted our Lease: {error}") from error
        except LOCK_ERRORS as error:
            logger.warning("could not write %s: %s", self._leases.description, str(error) or type(error).__name__)
            return False
        self.shard.wrote(sent=sent)
        return True

    async def _sweep(self) -> None:
        """Delete what the dead have left.  Each is tried once: it harms nobody, and the next replica tries again."""
        for member in set(self.shard.litter(asyncio.get_running_loop().time())) - self._swept:
            self._swept.add(member)
            try:
                await self._leases.sweep(member)
            except LOCK_ERRORS as error:
                logger.warning("could not delete the lease of %s: %s", member, error)

    async def _leave(self) -> None:
        if self.shard.working:
            logger.warning("left while keys were worked on: the others wait for the end of our Lease")
            return
        try:
            async with asyncio.timeout(self.shard.timing.renew_deadline / 2):
                await self._leases.write(Claim())
        except LOCK_ERRORS as error:
            logger.warning("could not say farewell, the others wait for the end of our Lease: %s", error)

    async def _listen(self) -> None:
        """Hear at once what the others publish.  Only a wake-up: whatever is decided is decided on what is read."""
        while True:
            try:
                async for record in self._leases.changes():
                    if not self.shard.knows(record):
                        self._news.set()
            except LOCK_ERRORS as error:
                logger.debug("the watch of %s ended: %s", self._leases.description, error)
            await asyncio.sleep(self.shard.timing.retry_period)

    def _on_done(self) -> None:
        """A key was finished; if others wait for it, they should hear of it at once."""
        if self.shard.is_stale:
            self._news.set()


class ShardGate(Gate):
    """What one controller may work on.  Its keys are told from those of other controllers by the controller's name."""

    def __init__(self, shard: Shard, controller: str, on_done: Callable[[], None]) -> None:
        self._shard = shard
        self._prefix = f"{controller}/"
        self._on_done = on_done
        self._active: set[object] = set()
        self._held: set[object] = set()
        self._on_change: list[OnChange] = []
        self._ring: tuple[str, ...] | None = None

    def owns(self, request: object) -> bool:
        return request in self._held or not self.is_moving(request)

    def begin(self, request: object) -> bool:
        now = asyncio.get_running_loop().time()
        if request in self._held:
            may = self._shard.is_valid(now)
        else:
            may = self._shard.begin(f"{self._prefix}{request}", now)
        if may:
            self._active.add(request)
        return may

    def end(self, request: object) -> None:
        self._active.discard(request)
        self._let_go(request)

    def hold(self, request: object) -> None:
        self._held.add(request)

    def release(self, request: object) -> None:
        if request in self._held:
            self._held.discard(request)
            self._let_go(request)

    def is_moving(self, request: object) -> bool:
        return not self._shard.owns(f"{self._prefix}{request}")

    def _let_go(self, request: object) -> None:
        if request not in self._active and request not in self._held:
            self._shard.end(f"{self._prefix}{request}")
            self._on_done()

    def subscribe(self, on_change: OnChange) -> None:
        self._on_change.append(on_change)

    def changed(self) -> None:
        """The records were read: what waited may be allowed now, and a new ring brings new keys."""
        old, self._ring = self._ring, self._shard.members
        moved = old is not None and old != self._ring
        before = Claim(old or ())
        for on_change in self._on_change:
            on_change((lambda request: self._is_new(request, before)) if moved else None)

    def _is_new(self, request: object, before: Claim) -> bool:
        return not self.is_moving(request) and not before.gives(f"{self._prefix}{request}", self._shard.identity)
