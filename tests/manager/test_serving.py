from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from kubewright.manager.endpoints import Endpoints, json_route
from kubewright.manager.serving import AddressInUse, BindAddress, HTTPServer, self_signed


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        (":8080", ("0.0.0.0", 8080)),
        ("[::1]:443", ("::1", 443)),
        ("0", None),
        ("", None),
    ],
)
def test_addresses(text: str, address: tuple[str, int] | None) -> None:
    assert BindAddress.parse(text) == address


@pytest.mark.parametrize("text", ["localhost", "host:port", "host:99999"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        BindAddress.parse(text)


async def test_it_serves_from_ready_until_stopped() -> None:
    server = HTTPServer("health", Endpoints({"debug": json_route(list)}), BindAddress("127.0.0.1", 0))
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.ensure_future(server.run(stop, ready.set))
    await ready.wait()
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"GET /debug HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    await writer.wait_closed()
    stop.set()
    await running
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*server.address)


def test_which_addresses_only_this_machine_reaches() -> None:
    hosts = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1", "example.com")
    assert [BindAddress(host, 1).is_loopback for host in hosts] == [True, True, True, False, False, False]


async def test_over_tls() -> None:
    address = BindAddress("127.0.0.1", 0)
    server = HTTPServer("metrics", Endpoints({"debug": json_route(list)}), address, tls=self_signed("here"))
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.ensure_future(server.run(stop, ready.set))
    await ready.wait()
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(*server.address, ssl=trusting)
    writer.write(b"GET /debug HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
    writer.close()
    await writer.wait_closed()
    stop.set()
    await running


async def test_an_address_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = BindAddress("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(AddressInUse, match=rf"127.0.0.1:{address.port} for health"):
            await HTTPServer("health", Endpoints({}), address).run(asyncio.Event(), lambda: None)
