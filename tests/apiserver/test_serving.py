"""Connections of clients that do not play by the rules, on a real socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubewright.apiserver.hosting import HostedServer
from kubewright.transport import server as http_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[HostedServer]:
    server = HostedServer(cert_dir=tmp_path)
    await server.start()
    yield server
    await server.stop()


async def connect(server: HostedServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    trust = ssl.create_default_context(cadata=server.ca.decode())
    host, port = server.url.removeprefix("https://").split(":")
    return await asyncio.open_connection(host, int(port), ssl=trust)


async def until_closed(server: HostedServer, sent: bytes) -> bytes:
    """What comes before the server closes the connection."""
    reader, writer = await connect(server)
    async with asyncio.timeout(5):
        writer.write(sent)
        answer = await reader.read()
    writer.close()
    return answer


def post(server: HostedServer, *, length: int, body: bytes = b"", query: str = "") -> bytes:
    head = (
        f"POST /api/v1/namespaces/default/configmaps{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_head_that_does_not_end_is_waited_for_only_so_long(
    server: HostedServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.05)
    assert await until_closed(server, sent) == b""


async def test_a_head_has_its_limits(server: HostedServer) -> None:
    answer = await until_closed(server, b"GET / HTTP/1.1\r\nX-Big: " + b"a" * (http_server.MAX_HEAD + (1 << 18)))
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_does_not_come_ends_the_request_and_the_connection(server: HostedServer) -> None:
    server.server.app.time_limit.seconds = 0.05
    answer = await until_closed(server, post(server, length=100, body=b"{"))
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b'"reason":"Timeout"' in answer


async def test_a_request_may_give_itself_less_time(server: HostedServer) -> None:
    answer = await until_closed(server, post(server, length=100, body=b"{", query="?timeout=50ms"))
    assert answer.startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("configmaps?timeout=soon", b"400 "),
        ("configmaps?timeout=5", b"400 "),
        ("configmaps?timeout=1h", b"200 "),
        ("configmaps?timeout=0s", b"200 "),
        ("configmaps?timeout=soon&watch=1&timeoutSeconds=1", b"200 "),
    ],
)
async def test_the_time_of_a_request_has_to_be_a_duration(server: HostedServer, path: str, status: bytes) -> None:
    head = f"GET /api/v1/namespaces/default/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    sent = f"{head}Authorization: Bearer {server.token}\r\n\r\n".encode()
    assert (await until_closed(server, sent)).startswith(b"HTTP/1.1 " + status)


async def test_a_body_that_is_too_big_is_refused_before_it_has_come(server: HostedServer) -> None:
    answer = await until_closed(server, post(server, length=1 << 40))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"reason":"RequestEntityTooLarge"' in answer


@pytest.mark.parametrize(
    "sent", [b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n", b"A" * 99999]
)
async def test_what_is_no_http_is_answered_with_400(server: HostedServer, sent: bytes) -> None:
    assert (await until_closed(server, sent)).startswith(b"HTTP/1.1 400 ")


async def test_a_connection_serves_one_request_after_another(server: HostedServer) -> None:
    reader, writer = await connect(server)
    for _ in range(3):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"ok"
    writer.close()
