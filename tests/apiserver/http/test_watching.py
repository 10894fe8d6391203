"""What a watch sends past its task, and what it leaves to it, comes in the order of the events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from tests.apiserver.test_access import MAPS, ask

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.transport import PUSH

TABLE = b"application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


class Client:
    """Watches a resource; takes down how each line came.

    :param refusals: how many lines it will not have pushed.
    """

    def __init__(
        self, server: ApiServer, *, path: str = MAPS, accept: bytes = b"application/json", refusals: int = 0
    ) -> None:
        self.lines: list[tuple[str, bytes]] = []
        self.changed = asyncio.Event()
        self.refusals = refusals
        headers = [(b"authorization", b"Bearer admin"), (b"accept", accept)]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"watch=true", "headers": headers}
        self.task = asyncio.ensure_future(server.app(scope, self.receive, self.send))

    async def receive(self) -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message[PUSH](self.push)
        else:
            self._take("sent", message["body"])

    def push(self, part: bytes) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self._take("pushed", part)
        return True

    def _take(self, how: str, part: bytes) -> None:
        self.lines += [(how, line) for line in part.splitlines()] or [(how, b"")]
        self.changed.set()

    async def names(self, count: int) -> list[tuple[str, str]]:
        """How the first events came, and what they are about."""
        async with asyncio.timeout(5):
            while len(self.lines) < 1 + count:  # After the empty part that pushes the head out.
                self.changed.clear()
                await self.changed.wait()
        return [(how, json.loads(line)["object"]["metadata"]["name"]) for how, line in self.lines[1 : 1 + count]]

    async def started(self) -> Client:
        await self.names(0)
        await asyncio.sleep(0)
        return self

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


async def make(server: ApiServer, *names: str) -> None:
    for name in names:
        assert (await ask(server, "POST", MAPS, {"metadata": {"name": name}}))[0] == 201


async def test_events_go_past_the_task_that_waits_for_them(server: ApiServer) -> None:
    client = await Client(server).started()
    await make(server, "a")
    assert await client.names(1) == [("pushed", "a")]
    await make(server, "b", "c")
    assert (await client.names(3))[1:] == [("pushed", "b"), ("pushed", "c")]
    await client.stop()


async def test_what_the_client_cannot_take_now_is_left_to_the_task(server: ApiServer) -> None:
    client = await Client(server, refusals=1).started()
    await make(server, "a", "b")
    assert await client.names(2) in ([("sent", "a"), ("sent", "b")], [("sent", "a"), ("pushed", "b")])
    await make(server, "c")
    assert (await client.names(3))[2:] == [("pushed", "c")]
    await client.stop()


async def test_what_has_to_be_made_for_the_client_is_left_to_the_task(server: ApiServer) -> None:
    client = await Client(server, accept=TABLE).started()
    await make(server, "a", "b")
    async with asyncio.timeout(5):
        while len(client.lines) < 3:
            client.changed.clear()
            await client.changed.wait()
    tables = [(how, json.loads(line)["object"]) for how, line in client.lines[1:]]
    assert [(how, table["rows"][0]["cells"][0]) for how, table in tables] == [("sent", "a"), ("sent", "b")]
    assert [bool(table.get("columnDefinitions")) for _, table in tables] == [True, False]
    await client.stop()


async def test_a_watch_that_ends_is_ended_by_its_task(server: ApiServer) -> None:
    client = await Client(server).started()
    server.end_watches()
    await asyncio.wait_for(client.task, 5)
    assert client.lines[-1] == ("sent", b"")


async def test_a_watch_ends_with_the_error_of_a_conversion_that_fails(server: ApiServer) -> None:
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")]
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/"}}
    spec = {
        "group": "e.com",
        "scope": "Cluster",
        "names": {"plural": "things", "kind": "Thing"},
        "conversion": {"strategy": "Webhook", "webhook": webhook},
        "versions": versions,
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert (await ask(server, "POST", path, {"metadata": {"name": "things.e.com"}, "spec": spec}))[0] == 201
    thing = {"apiVersion": "e.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
    async with asyncio.timeout(5):
        while (await ask(server, "POST", "/apis/e.com/v1/things", thing))[0] != 201:  # noqa: ASYNC110  when it is served
            await asyncio.sleep(0)
    client = Client(server, path="/apis/e.com/v2/things")
    await asyncio.wait_for(client.task, 5)
    [event] = [json.loads(line) for _, line in client.lines if line]
    assert (event["type"], event["object"]["kind"], event["object"]["code"]) == ("ERROR", "Status", 500)
    assert event["object"]["message"].startswith("conversion webhook for e.com/v1, Kind=Thing failed: ")
