"""An embedded API server in the test's own process, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport, Client


class Server:
    """A running server; every client is an administrator."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server

    def client(self) -> Client:
        return Client(AsgiTransport(self.server.app, headers={"authorization": "Bearer admin"}))


@asynccontextmanager
async def api_server() -> AsyncIterator[Server]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    try:
        yield Server(server)
    finally:
        await server.stop()
