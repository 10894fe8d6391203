"""Processes that a test starts on this machine: ports for them, and what their endpoints answer."""

from __future__ import annotations

import asyncio
import socket


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; taken at once, so that they differ."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


async def http_get(port: int, path: str) -> bytes:
    """The raw answer of a server on this machine: health and metrics need no client of their own.

    :raises OSError: nobody listens there.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()


async def is_ready(port: int) -> bool:
    """Whether the process with this health port says so."""
    try:
        answer = await http_get(port, "/readyz")
    except OSError:
        return False
    return b" 200 " in answer.partition(b"\r\n")[0]
