"""The server, spoken to in plain bytes over a socket."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from kubewright.transport import PUSH, Application, HttpServer, Message
from kubewright.transport import server as server_module

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GET = b"GET /%b HTTP/1.1\r\nhost: x\r\n\r\n"


@asynccontextmanager
async def talking(
    app: Application, *, grace: float = 0.0
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, HttpServer]]:
    """A connection to a server of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    server = HttpServer(app, listener)
    async with asyncio.timeout(5):
        await server.start()
        reader, writer = await asyncio.open_connection(*address)
        yield reader, writer, server
        writer.close()
        await server.stop(grace)


async def ask(app: Application, request: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    async with talking(app) as (reader, writer, _):
        writer.write(request)
        return await rest_of(reader)


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    text = b""
    with suppress(ConnectionResetError):
        while piece := await reader.read(1 << 16):
            text += piece
    return text


async def answer(send: Send, body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Any, receive: Receive, send: Send) -> None:
    """Answers with the path and the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    await answer(send, scope["path"].encode() + b" " + body)


async def deaf(scope: Any, receive: Receive, send: Send) -> None:
    """Answers without a look at the body."""
    await answer(send, b"no")


async def test_a_request_in_pieces_is_one_request() -> None:
    async with talking(echo) as (reader, writer, _):
        for byte in b"POST /a%20b HTTP/1.1\r\ncontent-length: 3\r\n\r\nxyz":
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await reader.readuntil(b"xyz")).endswith(b"\r\n\r\n/a b xyz")


async def test_answers_come_in_the_order_of_the_requests() -> None:
    first_may_go = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        if scope["path"] == "/1":
            await first_may_go.wait()
        await answer(send, scope["path"].encode())

    async with talking(app) as (reader, writer, _):
        writer.write(GET % b"1" + GET % b"2" + GET % b"3")
        asyncio.get_running_loop().call_later(0.01, first_may_go.set)
        assert re.findall(rb"/[1-3](?!\.)", await reader.readuntil(b"/3")) == [b"/1", b"/2", b"/3"]


async def test_an_answer_without_a_length_is_chunked() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"", b"one", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async with talking(app) as (reader, writer, _):
        writer.write(GET % b"")
        assert b"transfer-encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
    old = await ask(app, b"GET / HTTP/1.0\r\n\r\n")
    assert old.endswith(b"\r\n\r\nonethree")


async def test_parts_may_be_pushed_between_those_that_are_sent() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        taken: list[Callable[[bytes], bool]] = []
        await send({"type": "http.response.start", "status": 200, "headers": [], PUSH: taken.append})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        [push] = taken
        outcomes.append(push(b"bc"))
        outcomes.append(push(b"x" * ((1 << 18) + 1)))  # Too long to be written at once.
        await send({"type": "http.response.body", "body": b"d"})
        outcomes.append(push(b"e"))

    outcomes: list[bool] = []
    text = await ask(app, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert text.endswith(b"\r\n\r\n1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n")
    assert outcomes == [True, False, False]


async def test_nothing_is_pushed_on_what_a_client_leaves_unread() -> None:
    pushed: list[bool] = []
    ended = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        taken: list[Callable[[bytes], bool]] = []
        await send({"type": "http.response.start", "status": 200, "headers": [], PUSH: taken.append})
        while taken[0](b"x" * 200_000) and len(pushed) < 1000:
            pushed.append(True)
        ended.set()

    async with talking(app) as (_, writer, _):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET % b"")
        await ended.wait()
    assert 0 < len(pushed) < 1000


async def test_head_gets_no_body() -> None:
    text = await ask(echo, b"HEAD /path HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert text.endswith(b"\r\n\r\n")
    assert b"content-length: 6" in text


async def test_an_answer_that_can_have_no_body_is_not_chunked() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    text = await ask(app, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert text == b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


async def test_the_application_may_end_the_connection_with_its_answer() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await answer(send, b"bye", (b"connection", b"close"))

    assert (await ask(app, GET % b"")).count(b"connection: close") == 1


async def test_a_head_that_is_too_long_is_refused() -> None:
    text = await ask(echo, b"GET / HTTP/1.1\r\nx: " + b"x" * 2 * server_module.MAX_HEAD)
    assert text.startswith(b"HTTP/1.1 400 ")


async def test_a_head_has_to_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.02)
    assert await ask(echo, b"GET /") == b""
    async with talking(echo) as (reader, writer, _):
        writer.write(GET % b"1")
        await reader.readuntil(b"/1 ")
        writer.write(b"GET /2")
        assert await rest_of(reader) == b""


async def test_the_last_request_of_a_connection() -> None:
    closing = b"POST /1 HTTP/1.1\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab"
    assert (await ask(echo, closing)).endswith(b"/1 ab")
    assert (await ask(echo, closing + GET % b"2")).endswith(b"/1 ab")


async def test_a_client_that_asks_whether_to_continue() -> None:
    async with talking(echo) as (reader, writer, _):
        writer.write(b"PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert b"200 OK" in await reader.readuntil(b"ab")


async def test_the_rest_of_a_body_that_nobody_read_is_passed_over() -> None:
    async with talking(deaf) as (reader, writer, _):
        writer.write(b"POST / HTTP/1.1\r\ncontent-length: 100000\r\n\r\n")
        await reader.readuntil(b"no")
        writer.write(b"x" * 100_000 + GET % b"")
        await reader.readuntil(b"no")


async def test_a_long_body_that_nobody_read_ends_the_connection() -> None:
    async with talking(deaf) as (reader, writer, _):
        writer.write(b"POST / HTTP/1.1\r\ncontent-length: 1000000000000\r\n\r\n")
        await reader.readuntil(b"no")
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"x" * 100_000)
                await writer.drain()


async def test_a_body_is_not_read_ahead_of_the_application() -> None:
    begun, may_read = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        begun.set()
        await may_read.wait()
        await echo(scope, receive, send)

    async with talking(app) as (reader, writer, server):
        writer.transport.set_write_buffer_limits(0)
        writer.write(b"POST / HTTP/1.1\r\ncontent-length: 10000000\r\n\r\n" + b"x" * 10_000_000)
        await begun.wait()
        (connection,) = server.connections
        while connection.reading:  # noqa: ASYNC110 -- nobody is told
            await asyncio.sleep(0)
        assert writer.transport.get_write_buffer_size() > 0
        may_read.set()
        await reader.readuntil(b"content-length: 10000002")


async def test_an_application_that_breaks_answers_with_500() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        raise ValueError

    assert (await ask(app, GET % b"")).startswith(b"HTTP/1.1 500 ")


async def test_an_answer_that_breaks_off_does_not_look_complete() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError

    assert not (await ask(app, GET % b"")).endswith(b"0\r\n\r\n")


async def test_a_header_cannot_smuggle_another_one_in() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await answer(send, b"", (b"x-name", b"value\r\nx-other: value"))

    text = await ask(app, GET % b"")
    assert text.startswith(b"HTTP/1.1 500 ")
    assert b"x-other" not in text


async def test_the_application_hears_that_the_client_is_gone() -> None:
    heard = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    async with talking(app) as (_, writer, _):
        writer.write(GET % b"")
        await writer.drain()
        writer.close()
        await heard.wait()


async def test_a_request_to_switch_protocols_is_answered_like_any_other() -> None:
    text = await ask(echo, b"GET /x HTTP/1.1\r\nconnection: upgrade\r\nupgrade: spdy/3.1\r\n\r\n")
    assert text.startswith(b"HTTP/1.1 200 ")
    assert text.endswith(b"/x ")


async def test_a_connection_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.02)
    assert (await ask(echo, GET % b"x")).endswith(b"/x ")


async def test_a_long_answer_comes_whole() -> None:
    text = b"x" * 10_000_000

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await answer(send, text)

    assert (await ask(app, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")).endswith(b"\r\n\r\n" + text)


async def test_a_client_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STALLED_SECONDS", 0.02)
    ended = asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await answer(send, b"x" * 50_000_000)
        ended.set()

    async with talking(app) as (_, writer, server):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET % b"")
        await ended.wait()
        assert not server.connections


async def test_a_slow_answer_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.02)

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.06, later.set)
        await later.wait()
        await answer(send, b"done")

    assert (await ask(app, b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")).endswith(b"done")


async def test_a_server_that_stops_finishes_what_it_has_begun() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        begun.set()
        await may_end.wait()
        await answer(send, b"done")

    async with talking(app) as (reader, writer, server):
        writer.write(GET % b"")
        await begun.wait()
        stopping = asyncio.create_task(server.stop(5.0))
        await asyncio.sleep(0)
        may_end.set()
        await stopping
        text = await rest_of(reader)
    assert b"connection: close" in text
    assert text.endswith(b"done")


async def test_a_server_that_stops_does_not_wait_for_ever() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with talking(app) as (reader, writer, server):
        writer.write(GET % b"")
        await begun.wait()
        await server.stop(0.01)
        assert cancelled.is_set()
        assert await rest_of(reader) == b""


async def test_a_server_that_stops_closes_idle_connections_at_once() -> None:
    async with talking(echo) as (reader, writer, server):
        writer.write(GET % b"x")
        await reader.readuntil(b"/x ")
        await server.stop(60.0)
        assert await rest_of(reader) == b""
