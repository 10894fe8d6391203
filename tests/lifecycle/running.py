"""An operator on an embedded server, and a user who waits for what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.lifecycle.site import Site
from tests.serving import Server, api_server

from kubewright import Operator
from kubewright.client import Client, Write


class Stage:
    """A server on which operators come and go."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.user: Client = server.client()
        self.writes: list[Write] = []
        """What the operators have written."""

    @asynccontextmanager
    async def running(self, op: Operator) -> AsyncIterator[None]:
        client = self._server.client()
        client.write_observers.append(self.writes.append)
        async with op.running(client, install=True):
            yield

    async def change(self, name: str = "blog", **spec: object) -> None:
        await self.user.patch(Site, name, "default", merge={"spec": spec})

    async def until(self, holds: Callable[[Site], object], name: str = "blog") -> Site:
        """The site, as soon as ``holds`` does."""
        async with asyncio.timeout(5), self.user.watch(Site, field_selector={"metadata.name": name}) as events:
            async for event in events:
                if event.type in ("ADDED", "MODIFIED") and holds(event.object):
                    return event.object
        raise AssertionError("the watch has ended")

    async def gone(self, name: str = "blog") -> None:
        async with asyncio.timeout(5), self.user.watch(Site, field_selector={"metadata.name": name}) as events:
            if not await self.user.list(Site, field_selector={"metadata.name": name}):
                return
            async for event in events:
                if event.type == "DELETED":
                    return


def operator() -> Operator:
    op = Operator("site-operator")
    op.resources.append(Site)
    return op


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    async with api_server() as server:
        yield Stage(server)


class Calls(list[object]):
    """What handlers were called with; awaiting more of them needs no sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def append(self, call: object) -> None:
        super().append(call)
        self._more.set()

    async def reach(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self) < number:
                self._more.clear()
                await self._more.wait()
