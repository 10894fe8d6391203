"""Faults between an operator and its API server, injected where the client meets the network.

A `FaultyTransport` wraps any other transport and lets `Fault`s loose on the requests that pass through it: refused or
lost answers, slow ones, stale ones, watches that lag, break, go silent or expire, a lease that can't be renewed, a
clock that is wrong, and the death of the whole process between two writes.  Which requests are hit is decided by
counting and by a seeded generator, so a run can be repeated.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import msgspec

from kubewright.objects.errors import APIError, Conflict, Gone, InternalError, ServiceUnavailable, TooManyRequests
from kubewright.testing.skew import SkewedStream, shifted
from kubewright.transport.protocol import ConnectError, Response, Stream, Transport, TransportError, TransportTimeout

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LEASES = "/coordination.k8s.io/.*/leases"
"""The path of all requests for Leases."""

Effect = Literal[
    "refuse",
    "status",
    "lose-answer",
    "delay",
    "stale",
    "cut-stream",
    "truncate-stream",
    "freeze-stream",
    "expire-stream",
    "lag-stream",
    "skew",
]


class Killed(ConnectError):
    """The process is dead: nothing more leaves it."""


@dataclass(kw_only=True)
class Fault:
    """One thing that goes wrong.

    Use the functions below to make one.  A fault hits the requests whose verb is in ``methods`` and whose path matches
    ``path``; it lets the first ``skip`` of them pass, then hits with ``probability``, at most ``times`` times.
    """

    effect: Effect
    methods: frozenset[str] = frozenset()
    path: str = ""
    watches: bool | None = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    status: APIError | None = None
    seconds: float = 0.0
    after_events: int = 0

    def __post_init__(self) -> None:
        self._path = re.compile(self.path)
        self.hits = 0

    def hits_request(self, method: str, path: str, *, watch: bool, generator: random.Random) -> bool:
        """Whether this request is one of those to go wrong; counts it."""
        if self.methods and method not in self.methods:
            return False
        if self.watches is not None and self.watches is not watch:
            return False
        if not self._path.search(path) or self.hits == self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if generator.random() >= self.probability:
            return False
        self.hits += 1
        return True


# One function for each way in which things go wrong.  ``path`` is a regular expression searched for in path and query;
# ``times`` bounds the hits, ``skip`` lets some pass first, ``probability`` picks among the rest.


def refuse(path: str = "", *, times: int | None = None, skip: int = 0, probability: float = 1.0) -> Fault:
    """The connection is refused: the request never reaches the server."""
    return Fault(effect="refuse", path=path, times=times, skip=skip, probability=probability)


def lose_answer(path: str = "", *, times: int | None = None, skip: int = 0, probability: float = 1.0) -> Fault:
    """The server carries a write out, but its answer is lost."""
    return Fault(effect="lose-answer", methods=WRITES, path=path, times=times, skip=skip, probability=probability)


def answer(
    status: APIError,
    path: str = "",
    *,
    methods: frozenset[str] = frozenset(),
    times: int | None = None,
    skip: int = 0,
    probability: float = 1.0,
) -> Fault:
    """The server answers with an error instead of carrying the request out."""
    return Fault(
        effect="status", status=status, methods=methods, path=path, times=times, skip=skip, probability=probability
    )


def conflict(path: str = "", *, times: int | None = None, skip: int = 0, probability: float = 1.0) -> Fault:
    """A write loses against somebody else's (409)."""
    status = Conflict("Operation cannot be fulfilled: the object has been modified; please apply your changes again")
    writes = WRITES - {"POST"}
    return answer(status, path, methods=writes, times=times, skip=skip, probability=probability)


def too_many_requests(path: str = "", *, times: int | None = None, probability: float = 1.0) -> Fault:
    """The server asks to try again in a second (429)."""
    status = TooManyRequests("the server has received too many requests", details={"retryAfterSeconds": 1})
    return answer(status, path, times=times, probability=probability)


def unavailable(path: str = "", *, times: int | None = None, skip: int = 0, probability: float = 1.0) -> Fault:
    """The server cannot serve just now (503)."""
    return answer(
        ServiceUnavailable("the server is currently unable to handle the request"),
        path,
        times=times,
        skip=skip,
        probability=probability,
    )


def internal_error(path: str = "", *, times: int | None = None, skip: int = 0, probability: float = 1.0) -> Fault:
    """The server breaks down over the request (500)."""
    return answer(InternalError("an injected error"), path, times=times, skip=skip, probability=probability)


def delay(seconds: float, path: str = "", *, times: int | None = None, probability: float = 1.0) -> Fault:
    """Answers take this much longer."""
    return Fault(effect="delay", seconds=seconds, path=path, times=times, probability=probability)


def lose_lease(*, skip: int = 2) -> Fault:
    """After so many requests for Leases all others are refused: who holds one can't renew it."""
    return Fault(effect="refuse", path=LEASES, skip=skip)


def skew(seconds: float) -> Fault:
    """This process's clock is so many seconds ahead of everybody else's, or behind."""
    return Fault(effect="skew", seconds=seconds)


def stale(path: str = "", *, times: int | None = None, probability: float = 1.0) -> Fault:
    """Reads get an earlier answer to the same request, as from an API server whose cache lags behind."""
    return Fault(
        effect="stale", methods=frozenset({"GET"}), watches=False, path=path, times=times, probability=probability
    )


def lag_watch(seconds: float, path: str = "", *, times: int | None = None, probability: float = 1.0) -> Fault:
    """What a watch delivers comes so many seconds late."""
    return Fault(effect="lag-stream", watches=True, seconds=seconds, path=path, times=times, probability=probability)


def cut_watch(
    path: str = "", *, after_events: int = 0, times: int | None = None, skip: int = 0, probability: float = 1.0
) -> Fault:
    """The connection of a watch breaks after so many events."""
    return _watch_fault("cut-stream", path, after_events, times, skip, probability)


def truncate_watch(
    path: str = "", *, after_events: int = 0, times: int | None = None, skip: int = 0, probability: float = 1.0
) -> Fault:
    """A watch ends in the middle of an event."""
    return _watch_fault("truncate-stream", path, after_events, times, skip, probability)


def freeze_watch(
    path: str = "", *, after_events: int = 0, times: int | None = None, skip: int = 0, probability: float = 1.0
) -> Fault:
    """A watch goes silent: the connection stays, but nothing comes any more."""
    return _watch_fault("freeze-stream", path, after_events, times, skip, probability)


def expire_watch(
    path: str = "", *, after_events: int = 0, times: int | None = None, skip: int = 0, probability: float = 1.0
) -> Fault:
    """A watch ends with 410: its resource version is no longer kept."""
    return _watch_fault("expire-stream", path, after_events, times, skip, probability)


def _watch_fault(
    effect: Effect, path: str, after_events: int, times: int | None, skip: int, probability: float
) -> Fault:
    return Fault(
        effect=effect,
        watches=True,
        path=path,
        after_events=after_events,
        times=times,
        skip=skip,
        probability=probability,
    )


class FaultyTransport:
    """A transport with faults in it.

    :param inner: the transport that requests go through.
    :param faults: tried in order; the first that hits decides; delays add up, and so do skewed clocks.
    :param seed: of the generator behind ``probability``.
    :param kill_after_writes: the process dies when it is about to send the next write after so many.
    """

    def __init__(
        self,
        inner: Transport,
        faults: Sequence[Fault] = (),
        *,
        seed: int = 0,
        kill_after_writes: int | None = None,
    ) -> None:
        self.inner = inner
        self.faults = list(faults)
        self.writes = 0
        self.killed = asyncio.Event()
        self._kill_after = kill_after_writes
        self._generator = random.Random(seed)
        self._seen: dict[str, Response] = {}

    @property
    def host(self) -> str:
        return self.inner.host

    def heal(self) -> None:
        """From now on nothing goes wrong any more; watches that were frozen stay so."""
        self.faults.clear()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        self._breathe(method)
        fault = await self._fault(method, path, watch=False)
        if fault is not None and fault.effect == "refuse":
            raise ConnectError(f"{self.host} refused the connection (injected)")
        if fault is not None and fault.status is not None:
            return _response(fault.status)
        if fault is not None and fault.effect == "stale" and path in self._seen:
            return self._seen[path]
        ahead = self._ahead
        body = shifted(body, ahead) if body and ahead else body
        response = await self.inner.request(method, path, headers=headers, body=body, timeout=timeout)
        if ahead:
            response = response._replace(body=shifted(response.body, -ahead))
        if fault is not None and fault.effect == "lose-answer":
            raise TransportError(f"{self.host} closed the connection on {method} {path} (injected)")
        if method == "GET" and any(fault.effect == "stale" for fault in self.faults):
            self._seen.setdefault(path, response)
        return response

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[Stream]:
        self._breathe(method)
        fault = await self._fault(method, path, watch=True)
        if fault is not None and fault.effect == "refuse":
            raise ConnectError(f"{self.host} refused the connection (injected)")
        if fault is not None and fault.status is not None:
            yield _Answered(_response(fault.status))
            return
        async with self.inner.stream(method, path, headers=headers, idle_timeout=idle_timeout) as stream:
            yield _FaultyStream(
                SkewedStream(stream, -self._ahead) if self._ahead else stream, fault, self.killed, idle_timeout
            )

    async def close(self) -> None:
        await self.inner.close()

    def _breathe(self, method: str) -> None:
        """Count the write and die of it, when its time has come."""
        if method in WRITES:
            if self.writes == self._kill_after:
                self.killed.set()
            else:
                self.writes += 1
        if self.killed.is_set():
            raise Killed("the process was killed (injected)")

    @property
    def _ahead(self) -> float:
        """Seconds by which this process's clock is ahead."""
        return sum(fault.seconds for fault in self.faults if fault.effect == "skew")

    async def _fault(self, method: str, path: str, *, watch: bool) -> Fault | None:
        for fault in self.faults:
            if fault.effect != "skew" and fault.hits_request(method, path, watch=watch, generator=self._generator):
                if fault.effect != "delay":
                    return fault
                await asyncio.sleep(fault.seconds)
        return None


class _Answered:
    """A whole answer where a stream was asked for."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers = response.headers
        self._body = response.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    async def read(self) -> bytes:
        return self._body


class _FaultyStream:
    """A watch that goes wrong after a number of events; events are the lines of the body."""

    def __init__(self, inner: Stream, fault: Fault | None, killed: asyncio.Event, idle_timeout: float | None) -> None:
        self.status = inner.status
        self.headers = inner.headers
        self._inner = inner
        self._fault = fault
        self._killed = killed
        self._idle_timeout = idle_timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._fault is not None and self._fault.effect == "lag-stream":
            async for piece in self._inner:
                await asyncio.sleep(self._fault.seconds)
                yield piece
            return
        left = self._fault.after_events if self._fault else -1
        if left == 0:
            async for piece in self._fail(b""):
                yield piece
            return
        async for piece in self._inner:
            if self._killed.is_set():
                raise Killed("the process was killed (injected)")
            lines = piece.splitlines(keepends=True) if left > 0 else []
            ends = [index for index, line in enumerate(lines) if line.endswith(b"\n")]
            if 0 < left <= len(ends):
                cut = ends[left - 1] + 1
                yield b"".join(lines[:cut])
                async for rest in self._fail(b"".join(lines[cut:])):
                    yield rest
                return
            left -= len(ends)
            yield piece

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def _fail(self, following: bytes) -> AsyncIterator[bytes]:
        assert self._fault is not None
        match self._fault.effect:
            case "truncate-stream":
                yield following[: max(1, len(following) // 2)] if following else b'{"type":"MODI'
            case "expire-stream":
                event = {"type": "ERROR", "object": Gone("too old resource version (injected)").status()}
                yield msgspec.json.encode(event) + b"\n"
            case "freeze-stream":
                try:
                    await asyncio.wait_for(self._killed.wait(), self._idle_timeout)
                except TimeoutError:
                    raise TransportTimeout(f"nothing came for {self._idle_timeout:g} s (injected)") from None
                raise Killed("the process was killed (injected)")
            case _:
                raise TransportError("the connection broke (injected)")


def _response(status: APIError) -> Response:
    headers = {"content-type": "application/json"}
    if status.retry_after is not None:
        headers["retry-after"] = str(status.retry_after)
    return Response(status.status_code, headers, msgspec.json.encode(status.status()))
