import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import pytest
from tests.virtual_time import run

from kubewright.testing import faults
from kubewright.testing.faults import Fault, FaultyTransport, Killed
from kubewright.transport.protocol import ConnectError, Response, Stream, TransportError, TransportTimeout

EVENTS = [b'{"type":"ADDED","object":{"n":%d}}\n' % number for number in range(4)]


class Server:
    """Answers every request with the count of requests so far, and every watch with four events in two pieces."""

    host = "server"

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        self.requests.append(f"{method} {path}")
        return Response(200, {}, b"%d" % len(self.requests))

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, idle_timeout: float | None = None
    ) -> AsyncIterator[Stream]:
        yield Events()

    async def close(self) -> None: ...


class Echo(Server):
    """Answers with what was written last."""

    body = b""

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        self.body = body or self.body
        return Response(200, {}, self.body)


class Events:
    status = 200
    headers: Mapping[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield EVENTS[0] + EVENTS[1]
        yield EVENTS[2] + EVENTS[3]

    async def read(self) -> bytes:
        return b"".join(EVENTS)


async def watched(*fault: Fault) -> tuple[bytes, Exception | None]:
    """What a watch delivered, and how it ended."""
    received = b""
    async with FaultyTransport(Server(), fault).stream("GET", "/pods?watch=1", idle_timeout=0.01) as stream:
        try:
            async for piece in stream:
                received += piece
        except TransportError as error:
            return received, error
    return received, None


async def test_requests_pass_where_no_fault_hits() -> None:
    transport = FaultyTransport(Server(), [faults.refuse("/secrets")])
    assert (await transport.request("GET", "/pods")).body == b"1"


async def test_a_refused_request_never_reaches_the_server() -> None:
    server = Server()
    transport = FaultyTransport(server, [faults.refuse(times=1)])
    with pytest.raises(ConnectError):
        await transport.request("GET", "/pods")
    assert server.requests == []
    assert (await transport.request("GET", "/pods")).status == 200


async def test_a_lost_answer_hides_a_write_that_happened() -> None:
    server = Server()
    transport = FaultyTransport(server, [faults.lose_answer()])
    with pytest.raises(TransportError):
        await transport.request("POST", "/pods")
    assert server.requests == ["POST /pods"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.conflict(), 409),
        (faults.too_many_requests(), 429),
        (faults.internal_error(), 500),
        (faults.unavailable(), 503),
    ],
)
async def test_an_error_answer_is_a_status_object(fault: Fault, code: int) -> None:
    response = await FaultyTransport(Server(), [fault]).request("PUT", "/pods/a")
    assert response.status == code
    assert msgspec.json.decode(response.body)["code"] == code
    assert ("retry-after" in response.headers) == (code == 429)


async def test_stale_reads_repeat_an_earlier_answer() -> None:
    transport = FaultyTransport(Server(), [faults.stale("/pods", times=2)])
    bodies = [(await transport.request("GET", "/pods")).body for _ in range(3)]
    assert bodies == [b"1", b"1", b"2"]


async def test_skip_and_times_count_matching_requests() -> None:
    transport = FaultyTransport(Server(), [faults.unavailable("/pods", skip=1, times=1)])
    statuses = [(await transport.request("GET", path)).status for path in ("/pods", "/nodes", "/pods", "/pods")]
    assert statuses == [200, 200, 503, 200]


async def test_probability_follows_the_seed() -> None:
    async def run(seed: int) -> list[int]:
        transport = FaultyTransport(Server(), [faults.unavailable(probability=0.5)], seed=seed)
        return [(await transport.request("GET", "/")).status for _ in range(20)]

    assert await run(1) == await run(1) != await run(2)


async def test_watches_break_after_so_many_events() -> None:
    received, error = await watched(faults.cut_watch(after_events=3))
    assert received == b"".join(EVENTS[:3])
    assert isinstance(error, TransportError)


async def test_a_watch_may_break_before_its_first_event() -> None:
    received, error = await watched(faults.cut_watch())
    assert received == b""
    assert isinstance(error, TransportError)


async def test_a_truncated_watch_ends_inside_an_event() -> None:
    received, error = await watched(faults.truncate_watch(after_events=1))
    assert error is None
    assert received.startswith(EVENTS[0])
    assert not received.endswith(b"\n")


async def test_an_expired_watch_ends_with_an_error_event() -> None:
    received, _ = await watched(faults.expire_watch(after_events=2))
    last = msgspec.json.decode(received.splitlines()[-1])
    assert (last["type"], last["object"]["code"], last["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_frozen_watch_is_noticed_by_its_idle_timeout() -> None:
    received, error = await watched(faults.freeze_watch(after_events=2))
    assert received == EVENTS[0] + EVENTS[1]
    assert isinstance(error, TransportTimeout)


async def test_a_killed_process_sends_nothing_more() -> None:
    server = Server()
    transport = FaultyTransport(server, kill_after_writes=1)
    await transport.request("POST", "/pods")
    await transport.request("GET", "/pods")
    for method in ("POST", "GET"):
        with pytest.raises(Killed):
            await transport.request(method, "/pods")
    assert server.requests == ["POST /pods", "GET /pods"]
    assert transport.killed.is_set()


def test_a_lagging_watch_delivers_everything_late() -> None:
    async def main() -> None:
        started = asyncio.get_running_loop().time()
        assert await watched(faults.lag_watch(30)) == (b"".join(EVENTS), None)
        assert asyncio.get_running_loop().time() - started == 60  # two pieces

    run(main)


async def test_a_process_with_a_wrong_clock_reads_and_writes_times_of_its_own() -> None:
    server = Echo()
    transport = FaultyTransport(server, [faults.skew(60), faults.skew(-3660)])
    answered = await transport.request("PUT", "/leases/a", body=b'{"renewTime":"2026-12-01T10:00:00Z"}')
    assert server.body == b'{"renewTime":"2026-12-01T09:00:00Z"}'
    assert answered.body == b'{"renewTime":"2026-12-01T10:00:00Z"}'
    transport.heal()
    assert (await transport.request("GET", "/leases/a")).body == server.body


async def test_a_lost_lease_is_held_first() -> None:
    transport = FaultyTransport(Server(), [faults.lose_lease(skip=1)])
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/a"
    assert (await transport.request("PUT", path)).status == 200
    for _ in range(3):
        with pytest.raises(ConnectError):
            await transport.request("PUT", path)
    assert (await transport.request("GET", "/pods")).status == 200
